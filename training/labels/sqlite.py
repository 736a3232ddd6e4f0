"""A label store in a SQLite file, which is made once, whole and closed to other users, and never made anew by mistake.

SQLite makes an empty file wherever it finds none, and takes an empty file for a new database. Here a store is made
aside and gets its name when it has its tables; after that the file is opened only where it is, so that one which was
emptied, replaced or removed is noticed.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from model.errors import StorageFull
from model.files import sync
from model.storage import storage_error
from training.labels.errors import StoreDamaged, StoreError, StoreFull

_MAX_CHECKED_BYTES = 64_000_000
"""Files of up to so many bytes are looked through when they are opened, which takes a millisecond per MB."""
_HEADER = b"SQLite format 3\0"
_DOES_NOT_EXIST = "; to begin a new store, remove what is left of it"


def sqlite_url(path: Path) -> URL:
    """Return the database URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path))


def file_of(url: URL) -> Path | None:
    """Return the file that a database URL names, None where it is in memory or no SQLite database."""
    is_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:" and not url.query
    return Path(url.database or "").absolute() if is_file else None


def existing(path: Path) -> URL:
    """Return the URL that opens a SQLite file only where it exists."""
    return URL.create("sqlite", database=f"{path.as_uri()}", query={"mode": "rw", "uri": "true"})


def make_file(path: Path, fill: Callable[[URL], None]) -> None:
    """Make a store where there is none; `fill` makes the tables of the database at a URL.

    Where several processes make it at once, one of their files stays. Raises StoreDamaged where an earlier store has
    left something behind, StoreError where the file cannot be made.
    """
    if path.exists():
        return
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreDamaged(f"{path}: is gone, but {log.name} is there: restore it from a copy{_DOES_NOT_EXIST}")
    with _opening(path), tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        part.touch(mode=0o600)
        fill(existing(part))
        sync(part)
        try:
            os.link(part, path)
        except FileExistsError:
            return
        sync(path.parent)


def check_file(path: Path) -> None:
    """Raise StoreDamaged for a file that is no whole store, as far as can be seen in a moment."""
    with _opening(path):
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(100)
    if not size:
        raise StoreDamaged(
            f"{path}: is empty, but chude leaves no empty store: restore it from a copy{_DOES_NOT_EXIST}"
        )
    if not header.startswith(_HEADER):
        raise StoreDamaged(f"{path}: is no SQLite database: restore it from a copy, or name another one")
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return  # the file may be behind
    page_size = int.from_bytes(header[16:18], "big")
    expected = (page_size if page_size > 1 else 65536) * int.from_bytes(header[28:32], "big")
    if size < expected:
        raise StoreDamaged(f"{path}: has {size:,} of {expected:,} bytes: restore it from a copy")


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a file into StoreError."""
    try:
        yield
    except OSError as error:
        kind = StoreFull if isinstance(storage_error(error), StorageFull) else StoreError
        raise kind(f"{path}: cannot be opened: {error.strerror}") from None


def set_up(engine: Engine, path: Path | None, wait_s: float, *, foreign_keys: bool = True) -> None:
    """Have the connections of an engine wait so long for others, and check that each is to the file now at `path`."""
    pragmas = (
        f"busy_timeout={round(1000 * wait_s)}",
        "journal_mode=WAL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        "synchronous=FULL",
    )

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        if path:
            entry.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def check_out(connection: sqlite3.Connection, entry: ConnectionPoolEntry, _: object) -> None:
        if path and entry.info["file"] != _identity(path):
            raise DisconnectionError("the file was replaced by another one")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Where a transaction has read, and wants to write while another one writes, SQLite fails at once and does not
        # wait. So a transaction that may write waits for its turn at its start.
        reads = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from another one of the same name. Raises StoreDamaged when it is gone or empty."""
    try:
        status = path.stat()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}: restore it from a copy") from None
    if not status.st_size:
        raise StoreDamaged(f"{path}: is empty by now: restore it from a copy")
    return status.st_dev, status.st_ino


def look_through(connection: Connection, path: Path) -> None:
    """Raise StoreDamaged when SQLite finds the pages of a file damaged; only a small one is looked through."""
    if path.stat().st_size > _MAX_CHECKED_BYTES:
        return
    found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        what = str(found).splitlines()[-1]
        raise StoreDamaged(f"{path}: is damaged ({what}): nothing is read or written; restore it from a copy")
