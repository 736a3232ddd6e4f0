"""Schema 4: the fields of a document and the type of its id as they came, evidence, and who began a job.

Until now a document was kept as the text that is read and the fact that it is a teaser. Such a text becomes the field
`text`; that of a teaser, `title` and `lead` again, as a document with a `text` is no teaser.
"""

from __future__ import annotations

from collections.abc import Mapping

from alembic import op
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, bindparam, select, update

revision = "4"
down_revision = "3"
_CHUNK = 500
_HELD_OUT_OF = 10


def upgrade() -> None:
    """Add the columns, fill them from the old ones, and drop those that nothing needs any more."""
    for table in ("texts", "queue"):
        with op.batch_alter_table(table) as batch:
            for name in ("title", "lead", "body"):
                batch.add_column(Column(name, Text))
            batch.add_column(Column("id_is_number", Integer, nullable=False, server_default="0"))
            batch.alter_column("text", existing_type=Text(), nullable=True)
    with op.batch_alter_table("texts") as batch:
        batch.add_column(Column("held_out", Integer, nullable=False, server_default="0"))
    _fill_texts()
    with op.batch_alter_table("texts") as batch:
        batch.drop_column("is_teaser")
    op.create_index("texts_held_out", "texts", ["held_out"])
    for name in ("evidence", "judged", "note"):
        op.add_column("labellings", Column(name, Text))
    op.add_column("jobs", Column("who", Text, nullable=False, server_default=""))
    op.execute("INSERT INTO schema_versions (version) VALUES (4)")


def _fill_texts() -> None:
    texts = Table(
        "texts",
        MetaData(),
        Column("digest", String(64), primary_key=True),
        *(Column(name, Text) for name in ("title", "lead", "text")),
        Column("is_teaser", Integer),
        Column("held_out", Integer),
    )
    connection = op.get_bind()
    held_out = update(texts).where(texts.c.digest == bindparam("of")).values(held_out=1)
    teasers = (
        update(texts)
        .where(texts.c.digest == bindparam("of"))
        .values(title=bindparam("its_title"), lead=bindparam("its_lead"), text=None)
    )
    last = ""
    while rows := connection.execute(
        select(texts).where(texts.c.digest > last).order_by(texts.c.digest).limit(_CHUNK)
    ).all():
        if chosen := [{"of": row.digest} for row in rows if int(row.digest[:8], 16) % _HELD_OUT_OF == 0]:
            connection.execute(held_out, chosen)
        if split := [{"of": row.digest, **_teaser_of(row.text)} for row in rows if row.is_teaser]:
            connection.execute(teasers, split)
        last = rows[-1].digest


def _teaser_of(text: str) -> Mapping[str, str | None]:
    """Return the title and lead that read as this text: the first line and the rest, or, where they do not, all of it.

    A title that the lead begins with is not read, nor is one without a word.
    """
    title, _, lead = text.partition("\n")
    if title.strip() and lead.strip() and not lead.lstrip().startswith(title.strip()):
        return {"its_title": title, "its_lead": lead}
    return {"its_title": text, "its_lead": None}
