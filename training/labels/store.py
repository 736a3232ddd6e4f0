"""The label store: every labelling of every text is kept, and the latest one of a text counts.

A text is known by the digest of its words in canonical spelling, so that the same article from two places is one. A
tenth of the texts, by their digest, is never trained on: it is what candidates are measured on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from model.document import Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels.schema import StoreError, cause_of, connect, labellings, texts

_CHUNK = 500
HELD_OUT_OF = 10


def is_held_out(digest: str) -> bool:
    """Tell whether the text with this digest is in the tenth that is never trained on."""
    return int(digest[:8], 16) % HELD_OUT_OF == 0


@dataclass(frozen=True)
class Labelling:
    """Where labels come from."""

    who: str = ""
    source: str = ""
    model: str | None = None
    """Version that was live when the labels were given."""


@dataclass
class Changes:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    """Why each refused record was refused."""


class LabelStore:
    """The labels in one database. Safe to use from many threads, processes and machines."""

    def __init__(self, url: str) -> None:
        """Open the store. Raises StoreError when it cannot be opened, or was made by a newer chude."""
        self.engine: Engine = connect(url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction: all of it or nothing. Raises StoreError when the database refuses."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"the label store refused, and nothing was changed: {cause_of(error)}") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that sees one state of the store, and streams."""
        try:
            with self.engine.connect().execution_options(reads_only=True, yield_per=_CHUNK) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"the label store cannot be read: {cause_of(error)}") from None

    def add(
        self, examples: Iterable[Example], labelling: Labelling, scores: Mapping[str, Mapping[str, float]] | None = None
    ) -> Changes:
        """Keep a labelling of each example, but those that say what is known already; all or none.

        `scores` has what the model said, by text.
        """
        changes, waiting = Changes(), iter(examples)
        with self.writing() as connection:
            while chunk := list(islice(waiting, _CHUNK)):
                self._add_chunk(connection, chunk, labelling, scores or {}, changes)
        return changes

    def _add_chunk(
        self,
        connection: Connection,
        chunk: list[Example],
        labelling: Labelling,
        scores: Mapping[str, Mapping[str, float]],
        changes: Changes,
    ) -> None:
        digests = [text_digest(example.text) for example in chunk]
        latest = _latest(connection, digests)
        new_texts: dict[str, dict[str, Any]] = {}
        rows = []
        for digest, example in zip(digests, chunk, strict=True):
            said = (_joined(example.tags), _joined(example.borderline))
            before = latest.get(digest)
            if before == said:
                changes.unchanged += 1
                continue
            if before is None:
                changes.added += 1
                new_texts[digest] = _text_row(digest, example)
            else:
                changes.changed += 1
            latest[digest] = said
            rows.append(_labelling_row(digest, said, labelling, scores.get(example.text)))
        if new_texts:
            connection.execute(_insert_or_ignore(connection), list(new_texts.values()))
        if rows:
            connection.execute(labellings.insert(), rows)

    def examples(self, *, held_out: bool | None = None) -> Iterator[Example]:
        """Yield the texts with their latest labels, oldest first; all, or only those held out, or only the others."""
        with self.reading() as connection:
            for row in connection.execute(_latest_rows()):
                if held_out is None or is_held_out(row.digest) == held_out:
                    tags, borderline = (frozenset(column.split()) for column in (row.tags, row.borderline))
                    yield Example(row.id, Document(text=row.text), tags, borderline)

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
        """Remove the texts with these ids or digests, and every labelling of them; return how many texts."""
        with self.writing() as connection:
            wanted = texts.c.id.in_(ids) | texts.c.digest.in_(ids)
            digests = list(connection.execute(select(texts.c.digest).where(wanted)).scalars())
            connection.execute(delete(labellings).where(labellings.c.digest.in_(digests)))
            connection.execute(delete(texts).where(texts.c.digest.in_(digests)))
        return len(digests)

    def stats(self) -> dict[str, Any]:
        """Return how many texts there are, held out and with each tag, and how many labellings."""
        counts: dict[str, int] = {}
        held_out = total = 0
        for example in self.examples():
            total += 1
            held_out += is_held_out(text_digest(example.text))
            for tag in example.tags:
                counts[tag] = counts.get(tag, 0) + 1
        with self.reading() as connection:
            n_labellings = connection.execute(select(func.count()).select_from(labellings)).scalar() or 0
        return {"texts": total, "held_out": held_out, "labellings": n_labellings, "tags": dict(sorted(counts.items()))}


def _joined(tags: Iterable[str]) -> str:
    return " ".join(sorted(tags))


def _text_row(digest: str, example: Example) -> dict[str, Any]:
    return {"digest": digest, "text": example.text, "id": example.id, "is_teaser": int(example.is_teaser)}


def _labelling_row(
    digest: str, said: tuple[str, str], labelling: Labelling, scores: Mapping[str, float] | None
) -> dict[str, Any]:
    return {
        "digest": digest,
        "tags": said[0],
        "borderline": said[1],
        "who": labelling.who,
        "source": labelling.source,
        "at": time.time(),
        "model": labelling.model,
        "scores": json.dumps(scores) if scores is not None else None,
    }


def _newest(condition: ColumnElement[bool] | None = None) -> Any:
    newest = select(func.max(labellings.c.number).label("number")).group_by(labellings.c.digest)
    return (newest if condition is None else newest.where(condition)).subquery()


def _latest(connection: Connection, digests: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the tags and borderline tags that count now, of those texts that are labelled."""
    newest = _newest(labellings.c.digest.in_(digests))
    wanted = select(labellings).join(newest, labellings.c.number == newest.c.number)
    return {row.digest: (row.tags, row.borderline) for row in connection.execute(wanted)}


def _latest_rows() -> Select[Any]:
    newest = _newest()
    joined = labellings.join(newest, labellings.c.number == newest.c.number).join(texts)
    columns = (texts.c.digest, texts.c.id, texts.c.text, texts.c.is_teaser, labellings.c.tags, labellings.c.borderline)
    return select(*columns).select_from(joined).order_by(labellings.c.number)


def _insert_or_ignore(connection: Connection) -> Any:
    """Return an insert that leaves a text alone that another writer has just added."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(texts).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(texts).on_conflict_do_nothing()


def open_store(home: Path, url: str | None = None) -> LabelStore:
    """Open the store at a database URL, by default the SQLite file in the home folder. Raises StoreError."""
    if url:
        return LabelStore(url)
    home.mkdir(parents=True, exist_ok=True)
    return LabelStore(f"sqlite:///{home / 'labels.sqlite'}")
