"""Files that must not be lost: written aside, synced, and given their name when they are whole."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STDOUT, _STDERR = 1, 2


def file_identity(file: Path | int) -> tuple[int, int] | None:
    """Return what is the same for all names and links of one file; None for what is missing or no file."""
    try:
        there = os.stat(file)
    except OSError:
        return None
    return (there.st_dev, there.st_ino) if stat.S_ISREG(there.st_mode) else None


def is_open_as(number: int, path: Path) -> bool:
    """Tell whether a descriptor of this process, such as 1 for standard output, is open on what `path` names."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except OSError:  # closed, or missing
        return False


def is_written_in_place(path: Path) -> bool:
    """Tell whether `path` is a pipe, a device or an open file of this process, which no other file can replace."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        return False
    is_open = is_open_as(_STDOUT, path) or is_open_as(_STDERR, path)
    return is_open or not stat.S_ISREG(mode) or str(path).startswith(("/dev/fd/", "/proc/"))


@contextmanager
def write_whole(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield the path of an empty file beside `path`; when the block ends well it takes the place of `path`.

    The file and its folder are on the disk by then. Where `path` is a link, the file that it names is replaced; where
    the block fails, nothing changes. A `private` file is closed to other users; another one has the permissions of the
    file that it replaces. A pipe or a device is not replaced: what was written is copied into it.
    """
    if is_written_in_place(path):
        with tempfile.TemporaryDirectory(prefix="chude-") as folder:
            whole = Path(folder) / "whole"
            whole.touch()
            yield whole
            with whole.open("rb") as source, path.open("ab") as stream:
                shutil.copyfileobj(source, stream)
        return
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
