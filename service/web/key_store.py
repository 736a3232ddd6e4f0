"""The keys of those who may write: hashed in `$CHUDE_HOME/keys.json`, compared in constant time."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from model.errors import ChudeError
from model.files import write_whole
from model.storage import close_to_others, make_home, storage

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}\Z")


class KeyNameError(ChudeError):
    """No key can be added or revoked under this name."""

    code = "bad-key-name"


class KeyFileError(ChudeError):
    """The key file cannot be used."""

    code = "bad-keys"


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    """What is kept of a key."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    made: str
    """When, in UTC, ISO 8601."""


_Keys = dict[str, _Key]


class KeyStore:
    """The keys in one home folder. A key has 256 random bits, so that nobody can guess it from its plain SHA-256."""

    def __init__(self, home: Path) -> None:
        """Use the folder `home`, which is made with the first key."""
        self._path = home / "keys.json"
        close_to_others(self._path)

    def add(self, name: str) -> str:
        """Make a key for `name` and return it; it is shown once and never stored."""
        if not _NAME.match(name):
            raise KeyNameError(f"{name!r} is no name for a key: use up to 64 letters, digits and . _ @ -")
        key = f"chude_{secrets.token_urlsafe(32)}"

        def change(keys: _Keys) -> None:
            if name in keys:
                raise KeyNameError(f"{name} has a key already: revoke it first with `chude keys revoke {name}`")
            made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            keys[name] = _Key(_digest(key), made)

        self._change(change)
        return key

    def revoke(self, name: str) -> None:
        """Remove the key of `name`."""

        def change(keys: _Keys) -> None:
            if keys.pop(name, None) is None:
                raise KeyNameError(f"{name} has no key: `chude keys list` shows who has")

        self._change(change)

    def names(self) -> dict[str, str]:
        """Return who has a key, and since when."""
        return {name: key.made for name, key in self._read().items()}

    def owner(self, key: str) -> str | None:
        """Return whose key it is, if anyone's. Compares with every key, in constant time."""
        digest = _digest(key)
        owner = None
        for name, kept in self._read().items():
            if hmac.compare_digest(kept.sha256, digest):
                owner = name
        return owner

    def _read(self) -> _Keys:
        try:
            if not self._path.exists():
                return {}
            if not self._path.is_file():
                raise KeyFileError(f"{self._path} is no file: remove it, and make new keys")
            return msgspec.json.decode(self._path.read_bytes(), type=_Keys)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            raise KeyFileError(
                f"{self._path} cannot be read ({error}): restore it, or remove it and make new keys"
            ) from None

    def _change(self, change: Callable[[_Keys], None]) -> None:
        """Change the keys on the disk, one process at a time. Raises StorageError, KeyFileError."""
        make_home(self._path.parent)
        with storage(self._path.parent), (self._path.parent / ".keys.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = self._read()
            change(keys)
            with write_whole(self._path, private=True) as part:
                part.write_bytes(msgspec.json.format(msgspec.json.encode(keys), indent=1))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
