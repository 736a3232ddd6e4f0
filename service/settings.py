"""The settings of the service: one frozen object, read once from an environment and the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from model.errors import SettingError
from model.versions import home_folder

PREFIX = "CHUDE_"
_OF_A_SERVICE = re.compile(r"(tcp|udp|sctp)://")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


@dataclass(frozen=True)
class Settings:
    """What can be set. Each field is an option of `chude serve`, and `CHUDE_<NAME>` in the environment."""

    home: Path
    """Folder of model versions and keys."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8000
    """Port to listen on; 0 takes a free one."""
    workers: int = 2
    """Processes."""
    threads: int = 4
    """Requests of each costly kind (HTML, the label store, files) that a process answers at a time; many texts: two."""
    request_timeout_s: int = 30
    """Seconds that a client has to send a request."""
    stop_timeout_s: int = 30
    """Seconds that running requests have to finish when the service stops."""
    max_body_bytes: int = 10_000_000
    """Largest request."""
    max_documents: int = 1000
    """Most documents in one request."""
    max_text_chars: int = 1_000_000
    """Longest text of a document."""
    max_json_depth: int = 16
    """Deepest nesting of arrays and objects in a request."""
    labels_url: str = ""
    """Database of the label store; by default a SQLite file in the home folder."""
    require_key: bool = False
    """Whether reading needs a key, too."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **chosen: Any) -> Settings:
        """Return the settings in `environ`; those `chosen` on the command line, if not None, come first.

        Raises SettingError for a value of the wrong type or below what makes sense.
        """
        values: dict[str, Any] = {"home": home_folder(environ)}
        for field in fields(cls):
            variable = PREFIX + field.name.upper()
            if field.name != "home" and variable in environ and not is_of_kubernetes(variable, environ):
                values[field.name] = _parse(field.name, str(field.type), environ[variable])
        values |= {name: value for name, value in chosen.items() if value is not None}
        settings = cls(**values)
        settings._check({name for name, value in chosen.items() if value is not None})
        return settings

    def _check(self, chosen: Set[str]) -> None:
        """Raise SettingError, by the option or the variable, whichever the value came from."""
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "port" else 1
            if field.type == "int" and value < least:
                raise SettingError(f"{_given_as(field.name, chosen)} must be at least {least}, not {value}")
        if self.port > 65535:
            raise SettingError(f"{_given_as('port', chosen)} must be at most 65535, not {self.port}")

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine can reach the service."""
        return self.host in ("127.0.0.1", "localhost", "::1") or self.host.startswith(("127.", "unix:"))


def option_of(setting: str) -> str:
    """Return the option of `chude serve` for a setting."""
    return f"--{setting.removesuffix('_s').replace('_', '-')}"


def _given_as(setting: str, chosen: Set[str]) -> str:
    return option_of(setting) if setting in chosen else f"{PREFIX}{setting.upper()}"


def is_of_kubernetes(variable: str, environ: Mapping[str, str]) -> bool:
    """Tell whether a variable is CHUDE_PORT as Kubernetes sets it, tcp://10.0.0.1:8000, for a service called chude.

    Every pod that runs beside such a service has it, whether it wants it or not, so that it is no setting.
    """
    return variable == f"{PREFIX}PORT" and bool(_OF_A_SERVICE.match(environ.get(variable, "")))


def _parse(name: str, kind: str, value: str) -> object:
    if kind == "str":
        return value
    if kind == "bool":
        if value.lower() in _TRUE + _FALSE:
            return value.lower() in _TRUE
        raise SettingError(f"{PREFIX}{name.upper()} must be 1 or 0, not {value!r}")
    try:
        return int(value)
    except ValueError:
        raise SettingError(f"{PREFIX}{name.upper()} must be a whole number, not {value!r}") from None
