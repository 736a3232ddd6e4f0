"""The label store: every labelling of every text is kept, and the latest one of a text counts.

A text is known by the digest of its words in canonical spelling, so that the same article from two places is one. A
tenth of the texts, by their digest, is never trained on: it is what candidates are measured on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Select, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from model.document import shorten
from model.errors import ChudeError
from model.storage import close_to_others, make_home
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels.additions import Additions, Changes, Labelling, Scores
from training.labels.database import WAIT_S, connect, insert_or_ignore
from training.labels.errors import StoreDamaged, StoreError, store_error
from training.labels.judgements import Judgements, is_latest
from training.labels.rows import LABEL_COLUMNS, document_of, example_of, restored, storable
from training.labels.schema import labellings, sources, texts
from training.labels.sqlite import sqlite_url

__all__ = ["Changes", "Labelling", "LabelStore", "Stats", "open_store"]
_CHUNK = 500
DIGEST_CHARS = 16
"""Hex digits of a digest that are enough to name a text."""
_SHOWN_CHARS = 40
_FILES = ("labels.sqlite", "labels.sqlite-wal", "labels.sqlite-shm")


class LabelAmbiguous(ChudeError):
    """Several texts have the id that should name one."""

    code = "ambiguous-id"


@dataclass(frozen=True)
class Stats:
    """How much there is in the store."""

    texts: int
    held_out: int
    labellings: int
    tags: Mapping[str, int]
    """How many texts have each tag, by their latest labels."""


class LabelStore:
    """The labels in one database. Safe to use from many threads, processes and machines."""

    def __init__(self, url: str | URL, wait_s: float = WAIT_S) -> None:
        """Open the store; whoever works with it waits `wait_s` seconds at most for others, and gets StoreBusy then.

        Raises StoreError when it cannot be opened, or was made by a newer chude.
        """
        self.engine: Engine = connect(url, wait_s)
        self._damage: StoreDamaged | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction: all of it or nothing. Raises StoreError when the database refuses.

        Once the store was found damaged, nothing is written any more.
        """
        if self._damage:
            raise StoreDamaged(f"{self._damage}, and start chude again: nothing is written into it until then")
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._noted(store_error(error, "the label store refused, and nothing was changed")) from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that sees one state of the store, and streams."""
        try:
            with self.engine.connect().execution_options(reads_only=True, yield_per=_CHUNK) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._noted(store_error(error, "the label store cannot be read")) from None

    def _noted(self, error: StoreError) -> StoreError:
        if isinstance(error, StoreDamaged):
            self._damage = error
        return error

    def add(self, examples: Iterable[Example], labelling: Labelling, scores: Scores | None = None) -> Changes:
        """Keep a labelling of each example unless it says nothing new; of all examples or, after an error, of none.

        Of a text that comes again, the document with more fields is kept: a title apart from its text says more than
        both in one. Evidence stays with a tag that stays, unless a later labelling gives other evidence.
        """
        changes, waiting = Changes(), iter(examples)
        with self.writing() as connection:
            additions = Additions(connection, labelling, scores or {}, changes)
            while chunk := list(islice(waiting, _CHUNK)):
                additions.add(chunk)
            if labelling.source:
                row = {"source": storable(labelling.source)}
                connection.execute(insert_or_ignore(connection, sources), row)
        return changes

    def examples(self, *, held_out: bool | None = None) -> Iterator[Example]:
        """Yield the texts with their latest labels, oldest first; all, or only those held out, or only the others."""
        with self.reading() as connection:
            yield from map(example_of, connection.execute(_latest_rows(held_out).order_by(labellings.c.number)))

    def judged_examples(self, *, held_out: bool | None = None) -> Iterator[Example]:
        """Yield the same as `examples`, each with the tags that it was judged on.

        Labels that do not say it were judged on what `training.labels.judgements` tells of their origin.
        """
        with self.reading() as connection:
            judgements = Judgements.read(connection)
            for row in connection.execute(_latest_rows(held_out).order_by(labellings.c.number)):
                yield example_of(row).judged_only(judgements.of((row.who, row.source)))

    def exported_examples(self) -> Iterator[Example]:
        """Yield the same as `examples`, so that importing them as one file leaves them judged on the same tags.

        An example that does not say what it was judged on says it now, unless the file that is exported says the same.
        """
        with self.reading() as connection:
            judgements = Judgements.read(connection)
            for row in connection.execute(_latest_rows().order_by(labellings.c.number)):
                its_tags = judgements.of((row.who, row.source))
                yield example_of(row).judged_only(its_tags if its_tags != judgements.widest else None)

    def judged_by_default(self, labelling: Labelling) -> frozenset[str]:
        """Return the tags that labels of this origin are judged on where they do not say it; EVERY_TAG for all."""
        with self.reading() as connection:
            return Judgements.read(connection).of(labelling.origin)

    def last_labelled(self, count: int) -> list[Example]:
        """Return the texts that were labelled last, with their latest labels, the oldest first."""
        wanted = _latest_rows().order_by(labellings.c.number.desc()).limit(count)
        with self.reading() as connection:
            return [example_of(row) for row in connection.execute(wanted)][::-1]

    def history(self, text: str) -> list[dict[str, Any]]:
        """Return every labelling of a text, oldest first."""
        wanted = select(labellings).where(labellings.c.digest == text_digest(text)).order_by(labellings.c.number)
        with self.reading() as connection:
            rows = [dict(row._mapping) for row in connection.execute(wanted)]
        return [{**row, "scores": json.loads(row["scores"]) if row["scores"] else None} for row in rows]

    def digests(self) -> set[str]:
        """Return the digests of all labelled texts."""
        with self.reading() as connection:
            return set(connection.execute(select(texts.c.digest)).scalars())

    def delete(self, ids: Sequence[str]) -> int:
        """Remove the texts with these ids, or digests, and every labelling of them; return how many texts.

        The first 16 digits of a digest will do. Raises LabelAmbiguous for an id that several texts have: nothing is
        removed then.
        """
        with self.writing() as connection:
            digests = [digest for name in dict.fromkeys(map(storable, ids)) for digest in _named(connection, name)]
            connection.execute(delete(labellings).where(labellings.c.digest.in_(digests)))
            connection.execute(delete(texts).where(texts.c.digest.in_(digests)))
        return len(digests)

    def stats(self) -> Stats:
        """Return how many texts there are, held out and with each tag, and how many labellings."""
        # Each distinct set of tags is read once, with its count: there are few of them, and no text is read.
        sets = select(labellings.c.tags, func.count()).where(is_latest()).group_by(labellings.c.tags)
        counts: Counter[str] = Counter()
        with self.reading() as connection:
            for tags, count in connection.execute(sets):
                counts.update(dict.fromkeys(tags.split(), count))
            total = connection.execute(select(func.count()).select_from(texts)).scalar_one()
            held_out = connection.execute(select(func.count()).where(texts.c.held_out == 1)).scalar_one()
            n_labellings = connection.execute(select(func.count()).select_from(labellings)).scalar_one()
        return Stats(total, held_out, n_labellings, dict(sorted(counts.items())))


def _named(connection: Connection, name: str) -> list[str]:
    """Return the digest of the text with an id or digest, if there is one. Raises LabelAmbiguous for several."""
    start = func.substr(texts.c.digest, 1, DIGEST_CHARS)
    wanted = select(texts).where((texts.c.id == name) | (texts.c.digest == name) | (start == name))
    rows = connection.execute(wanted.order_by(texts.c.digest)).all()
    if len(rows) > 1:
        beginnings = (shorten(" ".join(document_of(row).read().text.split()), _SHOWN_CHARS) for row in rows)
        listed = ", ".join(
            f'{row.digest[:DIGEST_CHARS]} "{words}"' for row, words in zip(rows, beginnings, strict=True)
        )
        raise LabelAmbiguous(f"{restored(name)}: {len(rows)} texts have this id: name one by its digest: {listed}")
    return [row.digest for row in rows]


def _latest_rows(held_out: bool | None = None) -> Select[Any]:
    """Return the query of the texts with their latest labels; all, or only those held out, or only the others."""
    columns = (*LABEL_COLUMNS, labellings.c.who, labellings.c.source)
    wanted = select(texts, *columns).join(labellings).where(is_latest())
    return wanted if held_out is None else wanted.where(texts.c.held_out == int(held_out))


def open_store(home: Path, url: str | None = None, wait_s: float = WAIT_S) -> LabelStore:
    """Open the store at a database URL, by default the SQLite file in the home folder; `wait_s` as in `LabelStore`.

    Raises StoreError, or StorageError where the file cannot be made.
    """
    if url:
        return LabelStore(url, wait_s)
    make_home(home)
    for name in _FILES:
        close_to_others(home / name)
    return LabelStore(sqlite_url(home / _FILES[0]), wait_s)
