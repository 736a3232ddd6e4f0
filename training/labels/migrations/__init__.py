"""The migrations of the label store: one module per schema in `versions`, run by alembic in order of their revisions.

A new schema is a new module there with the next number as its `revision`, the one before as its `down_revision`, and an
`upgrade` that works on SQLite and PostgreSQL; `LATEST` names it. There is no way back: whoever wants one copies the
store first. A module never changes once it has been shipped, and uses nothing of chude that may change.
"""

from __future__ import annotations

from sqlalchemy import Connection

LATEST = 7
"""The schema that this chude works with."""


def upgrade(connection: Connection, schema: int, *, is_stamped: bool) -> None:
    """Bring a store of some schema (0: an empty one) to `LATEST`, in the transaction of the connection.

    A store that is not stamped was last migrated by a chude without alembic.
    """
    # alembic takes as long to import as SQLAlchemy, and there is something to migrate once in a store's life.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "training.labels:migrations")
    if schema and not is_stamped:
        command.stamp(config, str(schema))
    command.upgrade(config, str(LATEST))
