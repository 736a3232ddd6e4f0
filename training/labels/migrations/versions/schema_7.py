"""Schema 7: where labels came from, those that said nothing new among them: no export may replace such a file."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "7"
down_revision = "6"


def upgrade() -> None:
    """Create the table, with the sources that labels name."""
    op.create_table("sources", Column("source", Text, primary_key=True))
    op.execute("INSERT INTO sources (source) SELECT DISTINCT source FROM labellings WHERE source <> ''")
    op.execute("INSERT INTO schema_versions (version) VALUES (7)")
