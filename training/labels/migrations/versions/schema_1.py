"""Schema 1: texts and their labellings.

The table `schema_versions` is what a chude before alembic looks at: it refuses a store with a number that it does not
know.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, Integer, String, Text

revision = "1"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    versions = op.create_table("schema_versions", Column("version", Integer, primary_key=True, autoincrement=False))
    op.create_table(
        "texts",
        Column("digest", String(64), primary_key=True),
        Column("text", Text, nullable=False),
        Column("id", Text, nullable=False),
        Column("is_teaser", Integer, nullable=False),
    )
    op.create_table(
        "labellings",
        Column("number", Integer, primary_key=True),
        Column("digest", String(64), ForeignKey("texts.digest", ondelete="CASCADE"), nullable=False),
        Column("tags", Text, nullable=False),
        Column("borderline", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("at", Float, nullable=False),
        Column("model", Text),
        Column("scores", Text),
    )
    op.create_index("labellings_of_text", "labellings", ["digest", "number"])
    op.execute(versions.insert().values(version=1))
