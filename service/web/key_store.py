"""The keys of those who may write: hashed in `$CHUDE_HOME/keys.json`, compared in constant time."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from model.errors import ChudeError

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}\Z")


class KeyFileError(ChudeError):
    """The key file, or what is asked of it, cannot be used."""

    code = "bad-keys"


class KeyStore:
    """The keys in one home folder. A key has 256 random bits, so that its plain SHA-256 cannot be turned back."""

    def __init__(self, home: Path) -> None:
        """Use the folder `home`, made when the first key is."""
        self._path = home / "keys.json"

    def add(self, name: str) -> str:
        """Make a key for `name` and return it; it is shown once and never stored."""
        if not _NAME.match(name):
            raise KeyFileError(f"{name!r} is no name for a key: use up to 64 letters, digits and . _ @ -")
        key = f"chude_{secrets.token_urlsafe(32)}"

        def change(keys: dict[str, dict[str, str]]) -> None:
            if name in keys:
                raise KeyFileError(f"{name} has a key already: revoke it first with `chude keys revoke {name}`")
            made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            keys[name] = {"sha256": _digest(key), "made": made}

        self._change(change)
        return key

    def revoke(self, name: str) -> None:
        """Remove the key of `name`."""

        def change(keys: dict[str, dict[str, str]]) -> None:
            if keys.pop(name, None) is None:
                raise KeyFileError(f"{name} has no key: `chude keys list` shows who has")

        self._change(change)

    def names(self) -> dict[str, str]:
        """Return who has a key, and since when."""
        return {name: key["made"] for name, key in self._read().items()}

    def owner(self, key: str) -> str | None:
        """Return whose key it is, if anyone's. Compares with every key, in constant time."""
        digest = _digest(key)
        owner = None
        for name, kept in self._read().items():
            if hmac.compare_digest(kept["sha256"], digest):
                owner = name
        return owner

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            return dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise KeyFileError(f"{self._path} cannot be read: restore it, or remove it and make new keys") from None

    def _change(self, change: Callable[[dict[str, dict[str, str]]], None]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with (self._path.parent / ".keys.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = self._read()
            change(keys)
            part = self._path.with_name(".keys.json.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(keys, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self._path)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
