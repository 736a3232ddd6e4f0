"""Schema 3: the queue of texts to label next."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, String, Text

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "queue",
        Column("digest", String(64), primary_key=True),
        Column("place", Integer, nullable=False),
        Column("id", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("scores", Text, nullable=False),
    )
    op.execute("INSERT INTO schema_versions (version) VALUES (3)")
