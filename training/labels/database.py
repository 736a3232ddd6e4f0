"""Opening the database of the label store, and bringing it to the schema that this chude works with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from model.errors import ChudeError
from training.labels import migrations

BUSY_TIMEOUT_MS = 60_000
_LOCK_NUMBER = 0x63687564
_MIGRATING = threading.Lock()
"""alembic's `op` is one for the whole process."""


class StoreError(ChudeError):
    """The label store cannot be used."""

    code = "bad-store"


def sqlite_url(path: Path) -> str:
    """Return the database URL of a SQLite file."""
    return f"sqlite:///{path}"


def connect(url: str) -> Engine:
    """Open the store at a database URL, and migrate it. Raises StoreError when it cannot be used."""
    try:
        engine = create_engine(url, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            _set_up_sqlite(engine, foreign_keys=True)
        try:
            with engine.connect().execution_options(reads_only=True) as connection:
                schema, _ = _schema_of(connection)
            if schema != migrations.LATEST:
                _migrate(url)
        except BaseException:
            engine.dispose()
            raise
    except SQLAlchemyError as error:
        shown = make_url(url).render_as_string(hide_password=True) if "://" in url else url
        raise StoreError(f"{shown}: cannot be opened: {cause_of(error)}") from None
    except ImportError as error:
        raise StoreError(f"{url.partition(':')[0]}: needs the driver {error.name}: pip install '.[postgres]'") from None
    return engine


def cause_of(error: Exception) -> str:
    """Return what the database said, without the statement and its parameters: those have texts in them."""
    return (str(getattr(error, "orig", None) or type(error).__name__).splitlines() or [""])[0]


def insert_or_ignore(connection: Connection, table: Table) -> Any:
    """Return an insert that leaves a row alone that another writer has just added."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table).on_conflict_do_nothing()


def _set_up_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    pragmas = (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        "synchronous=FULL",
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait for its turn: all of ours take it at the start.
        reads = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _schema_of(connection: Connection) -> tuple[int, bool]:
    """Return the schema of a store, 0 for an empty one, and whether alembic has stamped it.

    Raises StoreError for one that this chude does not know.
    """
    is_stamped = inspect(connection).has_table("alembic_version")
    if is_stamped:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "0"
    elif inspect(connection).has_table("schema_versions"):
        revision = str(connection.execute(text("SELECT max(version) FROM schema_versions")).scalar() or 0)
    else:
        revision = "0"
    if not revision.isdecimal() or int(revision) > migrations.LATEST:
        raise StoreError(
            f"the label store has schema {revision}, and this chude knows schemas up to {migrations.LATEST}: "
            "install a newer chude"
        )
    return int(revision), is_stamped


def _migrate(url: str) -> None:
    """Bring the store to the latest schema in one transaction, after whoever else is at it.

    SQLite changes a column by making the table anew: with foreign keys on, that would delete all labellings.
    """
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, foreign_keys=False)
    with _MIGRATING, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        schema, is_stamped = _schema_of(connection)
        if schema != migrations.LATEST:
            migrations.upgrade(connection, schema, is_stamped=is_stamped)
