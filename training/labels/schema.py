"""The tables of the label store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text


def _document() -> list[Column[str]]:
    """Return the columns of a document's fields as they came; NULL where a field was not given."""
    return [Column(name, Text) for name in ("title", "lead", "text", "body")]


def _identity() -> list[Column[object]]:
    """Return the columns of an id: its characters, or the JSON of a number."""
    return [Column("id", Text, nullable=False), Column("id_is_number", Integer, nullable=False, server_default="0")]


metadata = MetaData()
texts = Table(
    "texts",
    metadata,
    Column("digest", String(64), primary_key=True),
    *_document(),
    *_identity(),
    Column("held_out", Integer, nullable=False, server_default="0"),
    Index("texts_held_out", "held_out"),  # so that they are counted without reading a text
)
labellings = Table(
    "labellings",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), ForeignKey("texts.digest", ondelete="CASCADE"), nullable=False),
    Column("tags", Text, nullable=False),  # slugs, sorted, with spaces between
    Column("borderline", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("model", Text),
    Column("scores", Text),  # JSON
    Column("evidence", Text),  # JSON: {tag: [sentence, ...]}
    Column("judged", Text),  # slugs that were decided on; NULL: not said
    Column("note", Text),
    Index("labellings_of_text", "digest", "number"),
)
sources = Table(
    "sources",  # each that labels were given from, whether they said anything new or not
    metadata,
    Column("source", Text, primary_key=True),
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
    Column("who", Text, nullable=False, server_default=""),
    Column("machine", Text, nullable=False, server_default=""),
    Column("process_start", BigInteger, nullable=False, server_default="0"),
)
queue = Table(
    "queue",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    *_document(),
    *_identity(),
    Column("why", Text, nullable=False),
    Column("scores", Text, nullable=False),
)
leases = Table(
    "leases",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Float, nullable=False),  # seconds since 1970, by the database's clock
)
