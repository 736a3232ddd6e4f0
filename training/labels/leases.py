"""Leases on the texts of the queue: two editors never have the same text before them.

A lease ends by itself, so that a text whose editor went home comes back. An editor who asks again gets the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select

from training.labels.database import clock, insert_or_ignore
from training.labels.rows import storable
from training.labels.schema import leases, queue
from training.labels.schema import texts as labelled_texts
from training.labels.store import LabelStore
from training.labels.suggestions import Suggestion, suggestion_of

LEASE_S = 600.0
"""How long a text is kept for whoever has it: an article is read and judged in a minute or two."""
_ATTEMPTS = 20


class Lease(NamedTuple):
    """A text of the queue that is kept for one editor, and how many others there are."""

    digest: str
    """Digest of the text, with which `take_text` can skip it."""
    suggestion: Suggestion


class Waiting(NamedTuple):
    """How many texts of the queue have no label yet."""

    texts: int
    held_by_others: int


def take_text(
    store: LabelStore,
    holder: str,
    skipped: Sequence[str] = (),
    *,
    among: Sequence[str] | None = None,
    lease_s: float = LEASE_S,
) -> Lease | None:
    """Return the text that the holder has, or else the first that nobody has; None where there is none.

    Texts whose digests are `skipped` are passed over, and so are all but those `among`, if these are given. Any
    other text that the holder had is given back.
    """
    name = storable(holder)
    with store.writing() as connection:
        now = float(connection.execute(select(clock(connection))).scalar_one())
        connection.execute(delete(leases).where(leases.c.until <= now))
        connection.execute(delete(leases).where(leases.c.holder == name, leases.c.digest.in_(skipped)))
        for _ in range(_ATTEMPTS):
            row = _first(connection, name, skipped, among)
            if row is None:
                return None
            connection.execute(delete(leases).where(leases.c.holder == name))
            lease = {"digest": row.digest, "holder": name, "until": now + lease_s}
            connection.execute(insert_or_ignore(connection, leases), lease)
            kept = select(leases.c.holder).where(leases.c.digest == row.digest)
            if connection.execute(kept).scalar() == name:  # otherwise another holder's lease came first
                return Lease(row.digest, suggestion_of(row))
    return None


def _first(connection: Connection, holder: str, skipped: Sequence[str], among: Sequence[str] | None) -> Row[Any] | None:
    """Return the row of the text that the holder has, or of the first that nobody has."""
    is_mine = queue.c.digest.in_(select(leases.c.digest).where(leases.c.holder == holder))
    is_free = queue.c.digest.not_in(select(leases.c.digest))
    wanted = select(queue).where(_is_unlabelled(), queue.c.digest.not_in(skipped), is_mine | is_free)
    if among is not None:
        wanted = wanted.where(queue.c.digest.in_(among))
    return connection.execute(wanted.order_by(is_mine.desc(), queue.c.place).limit(1)).first()


def _is_unlabelled() -> ColumnElement[bool]:
    return queue.c.digest.not_in(select(labelled_texts.c.digest))


def count_waiting(store: LabelStore, holder: str) -> Waiting:
    """Return how many texts wait for a label, and how many of them are kept for others than the holder."""
    with store.reading() as connection:
        now = clock(connection)
        n_texts = connection.execute(select(func.count()).select_from(queue).where(_is_unlabelled())).scalar_one()
        held = select(leases.c.digest).where(leases.c.holder != storable(holder), leases.c.until > now)
        of_others = select(func.count()).select_from(queue).where(_is_unlabelled(), queue.c.digest.in_(held))
        return Waiting(n_texts, connection.execute(of_others).scalar_one())
