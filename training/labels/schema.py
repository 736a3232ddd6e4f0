"""The tables of the label store, and the migrations that bring an older store to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from model.errors import ChudeError

BUSY_TIMEOUT_MS = 60_000
_LOCK_NUMBER = 0x63687564


class StoreError(ChudeError):
    """The label store cannot be used."""

    code = "bad-store"


metadata = MetaData()
schema_versions = Table("schema_versions", metadata, Column("version", Integer, primary_key=True, autoincrement=False))
texts = Table(
    "texts",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("is_teaser", Integer, nullable=False),
)
labellings = Table(
    "labellings",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), ForeignKey("texts.digest", ondelete="CASCADE"), nullable=False),
    Column("tags", Text, nullable=False),
    Column("borderline", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("model", Text),
    Column("scores", Text),
    Index("labellings_of_text", "digest", "number"),
)
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Column("beat", Float, nullable=False),
    Column("progress", Text, nullable=False),
    Column("log", Text, nullable=False),
    Column("result", Text),
    Column("running", Integer, unique=True),
)

queue = Table(
    "queue",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("scores", Text, nullable=False),
)

MIGRATIONS: Sequence[Sequence[Table]] = ((texts, labellings), (jobs,), (queue,))
"""Tables that each version added; version n is the first n of these."""
SCHEMA_VERSION = len(MIGRATIONS)


def connect(url: str) -> Engine:
    """Open the store at a database URL, and migrate it. Raises StoreError when it cannot be used."""
    try:
        engine = create_engine(url, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            _set_up_sqlite(engine)
        try:
            with engine.begin() as connection:
                _migrate(connection)
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


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait for its turn: all of ours take it at the start.
        reads = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    """Add what is missing, and record it, in the transaction of the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
    found = 0
    if inspect(connection).has_table("schema_versions"):
        found = connection.execute(select(func.max(schema_versions.c.version))).scalar() or 0
    else:
        schema_versions.create(connection)
    if found > SCHEMA_VERSION:
        raise StoreError(
            f"the label store has schema {found}, and this chude knows schemas up to {SCHEMA_VERSION}: "
            "install a newer chude"
        )
    for version in range(found + 1, SCHEMA_VERSION + 1):
        for table in MIGRATIONS[version - 1]:
            table.create(connection)
        connection.execute(schema_versions.insert().values(version=version))
