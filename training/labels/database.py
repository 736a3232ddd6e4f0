"""Opening the database of the label store, and bringing it to the schema that this chude works with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Double,
    Engine,
    NullPool,
    Table,
    cast,
    create_engine,
    extract,
    func,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from training.labels import migrations, sqlite
from training.labels.errors import StoreError, store_error

WAIT_S = 60.0
"""How long a command waits for others to finish what they write."""
_CONNECT_TIMEOUT_S = 5
_LOCK_NUMBER = 0x63687564
_MIGRATING = threading.Lock()
"""Held during a migration: alembic has one `op` for the whole process."""
_UNIX_EPOCH_JULIAN_DAY, _DAY_S = 2440587.5, 86400.0


def connect(url: str | URL, wait_s: float = WAIT_S) -> Engine:
    """Open the store at a database URL, and migrate it. Raises StoreError when it cannot be used.

    Whoever uses it waits `wait_s` seconds at most for others, and gets StoreBusy then.
    """
    try:
        url = make_url(url)
    except ArgumentError:
        raise StoreError(
            f"{url}: cannot be opened: it is no database URL such as sqlite:////srv/labels.sqlite"
        ) from None
    try:
        if path := sqlite.file_of(url):
            sqlite.make_file(path, _migrate)
            sqlite.check_file(path)
            url = sqlite.existing(path)
        engine = _engine(url, path, wait_s)
        try:
            with engine.connect().execution_options(reads_only=True) as connection:
                if path:
                    sqlite.look_through(connection, path)
                schema, _ = _schema_of(connection)
            if schema != migrations.LATEST:
                _migrate(url)
        except BaseException:
            engine.dispose()
            raise
    except SQLAlchemyError as error:
        shown = path or url.render_as_string(hide_password=True)
        raise store_error(error, f"{shown}: cannot be opened") from None
    except ImportError as error:
        raise StoreError(f"{url.drivername}: needs the driver {error.name}: pip install '.[postgres]'") from None
    return engine


def _engine(url: URL, path: Path | None, wait_s: float) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **({"pool_timeout": wait_s} if path else {}))
        sqlite.set_up(engine, path, wait_s)
        return engine
    return create_engine(_with_limits(url, wait_s), pool_pre_ping=True, pool_timeout=wait_s)


def _with_limits(url: URL, wait_s: float) -> URL:
    """Return a URL with time-outs: to connect, for a lock, and for a server that is gone. Its own ones stay."""
    if url.get_driver_name() != "psycopg":
        return url
    limits = {
        "connect_timeout": str(_CONNECT_TIMEOUT_S),
        "options": f"-c lock_timeout={round(1000 * wait_s)}",
        "tcp_user_timeout": str(round(1000 * (wait_s + _CONNECT_TIMEOUT_S))),
    }
    return url.update_query_dict({name: value for name, value in limits.items() if name not in url.query})


def clock(connection: Connection) -> ColumnElement[float]:
    """Return the SQL for the time by the database's clock, in seconds since 1970: one clock for all that share a store.

    For a SQLite file it is the clock of the machine, which all of its users run on.
    """
    if connection.dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Double)
    return (func.julianday("now") - _UNIX_EPOCH_JULIAN_DAY) * _DAY_S


def insert_or_ignore(connection: Connection, table: Table) -> Any:
    """Return an insert that does nothing where another writer has just added the row."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table).on_conflict_do_nothing()


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


def _migrate(url: URL) -> None:
    """Bring the store to the latest schema in one transaction, once others who migrate it have ended.

    SQLite changes a column by making the table anew: with foreign keys on, that would delete all labellings.
    """
    engine = create_engine(_with_limits(url, WAIT_S), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        sqlite.set_up(engine, None, WAIT_S, foreign_keys=False)
    with _MIGRATING, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        schema, is_stamped = _schema_of(connection)
        if schema != migrations.LATEST:
            migrations.upgrade(connection, schema, is_stamped=is_stamped)
