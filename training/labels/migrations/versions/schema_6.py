"""Schema 6: who has which text of the queue before them, so that nobody else gets it meanwhile."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, String, Text

revision = "6"
down_revision = "5"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "leases",
        Column("digest", String(64), primary_key=True),
        Column("holder", Text, nullable=False),
        Column("until", Float, nullable=False),
    )
    op.execute("INSERT INTO schema_versions (version) VALUES (6)")
