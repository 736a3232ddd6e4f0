"""What can be wrong with the label store, and what a database says as one of these errors.

StoreError          it cannot be used: not reachable, of a newer chude, no database
├── StoreBusy           somebody else is at it: try again in a moment
├── StoreFull           no space is left for it
└── StoreDamaged        its file is damaged, empty or gone: nothing is written into it any more
"""

from __future__ import annotations

import sqlite3
from typing import Protocol, runtime_checkable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

from model.errors import ChudeError


class StoreError(ChudeError):
    """The label store cannot be used."""

    code = "bad-store"


class StoreBusy(StoreError):
    """Somebody else is writing into the label store, or all connections are in use."""

    code = "store-busy"
    retry_after_s = 5
    """When to try again."""


class StoreFull(StoreError):
    """There is no space left for the label store."""

    code = "disk-full"


class StoreDamaged(StoreError):
    """The label store is damaged."""

    code = "store-damaged"


@runtime_checkable
class _HasState(Protocol):
    """An error of psycopg: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

    sqlstate: str | None


_SQLITE: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
}
_POSTGRESQL: dict[str, type[StoreError]] = {
    "55P03": StoreBusy,  # lock_not_available
    "57014": StoreBusy,  # query_canceled, by a time-out
    "40001": StoreBusy,  # serialization_failure
    "40P01": StoreBusy,  # deadlock_detected
    "53300": StoreBusy,  # too_many_connections
    "53100": StoreFull,
    "XX001": StoreDamaged,
    "XX002": StoreDamaged,
}
_ADVICE: dict[type[StoreError], str] = {
    StoreBusy: "; somebody else is writing into it: try again in a moment",
    StoreFull: "; make room and try again",
    StoreDamaged: "; restore it from a copy",
}


def store_error(error: SQLAlchemyError, what: str) -> StoreError:
    """Return an error of the database as an error of chude; `what` says what could not be done."""
    kind = _kind_of(error)
    return kind(f"{what}: {cause_of(error)}{_ADVICE.get(kind, '')}")


def cause_of(error: SQLAlchemyError) -> str:
    """Return what the database said, without the statement and its parameters: those have texts in them."""
    if isinstance(error, TimeoutError):
        return "all connections are in use"
    said = error.orig if isinstance(error, DBAPIError) else type(error).__name__
    return (str(said).splitlines() or [""])[0]


def _kind_of(error: SQLAlchemyError) -> type[StoreError]:
    if isinstance(error, TimeoutError):
        return StoreBusy
    said = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(said, sqlite3.OperationalError | sqlite3.DatabaseError) and "sqlite_errorcode" in said.__dict__:
        return _SQLITE.get(said.sqlite_errorcode & 0xFF, StoreError)
    if isinstance(said, _HasState):
        return _POSTGRESQL.get(said.sqlstate or "", StoreError)
    return StoreError
