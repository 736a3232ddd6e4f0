"""The home folder: closed to other users, and what the operating system says of its files as errors of chude."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model.errors import StorageError, StorageFull
from model.files import sync

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def make_home(home: Path) -> None:
    """Make the home folder, if it is missing, for its user alone; its labels and keys are nobody else's business.

    The folders above it are made as usual. Raises StorageError.
    """
    if home.is_dir():
        return
    with storage(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        sync(home.parent)


def give_to_owner(home: Path) -> None:
    """Give what root has made in the home folder to the folder's owner, so that the service can go on using it.

    Done by root alone, in the home folder of another user. Only folders, and files of one name, are given away: a
    second name could be that of a file elsewhere, which is none of ours.
    """
    if os.geteuid() != 0 or not home.is_dir():
        return
    owner = home.stat()
    if owner.st_uid == 0:
        return
    for folder, _, files in os.walk(home):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            _give(path, owner.st_uid, owner.st_gid)


def _give(path: str, user: int, group: int) -> None:
    with suppress(OSError):  # gone by now, or a link
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(number)
            is_ours = stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
            if status.st_uid == 0 and is_ours:
                os.fchown(number, user, group)
        finally:
            os.close(number)


def close_to_others(path: Path) -> None:
    """Take what other users may do with a file of ours from them, where it is there and we may."""
    with suppress(OSError):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            path.chmod(mode & 0o700)


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turn what the operating system says while the block works on files in `folder` into StorageError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, folder) from None


def storage_error(error: OSError, folder: Path | None = None) -> StorageError:
    """Return an error of the operating system as one that says which file is meant and what to do."""
    place = error.filename or folder or "the disk"
    if error.errno in _NO_SPACE:
        return StorageFull(f"{place}: no space is left: nothing was changed; make room and try again")
    return StorageError(f"{place}: {error.strerror or error}: nothing was changed; see to the file and who may use it")
