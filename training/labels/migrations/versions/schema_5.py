"""Schema 5: what tells the process of a job from another one of the same id, and its machine from others."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("jobs", Column("machine", Text, nullable=False, server_default=""))
    op.add_column("jobs", Column("process_start", BigInteger, nullable=False, server_default="0"))
    op.execute("INSERT INTO schema_versions (version) VALUES (5)")
