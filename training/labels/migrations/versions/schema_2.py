"""Schema 2: retraining jobs."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Integer, String, Text

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "jobs",
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
    op.execute("INSERT INTO schema_versions (version) VALUES (2)")
