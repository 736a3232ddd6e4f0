"""Files that must not be lost: written aside, synced, and given their name when they are whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_whole(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield the path of an empty file beside `path`; when the block ends well it takes the place of `path`.

    The file and its folder are on the disk by then. Where `path` is a link, the file that it names is replaced; where
    the block fails, nothing changes. A `private` file is closed to other users; another one has the permissions of the
    file that it replaces.
    """
    target = path.resolve()
    number, name = tempfile.mkstemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent)
    os.close(number)
    part = Path(name)
    try:
        if not private:
            part.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        yield part
        sync(part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    sync(target.parent)


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
