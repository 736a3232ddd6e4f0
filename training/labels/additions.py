"""Adding examples to the label store: what is new in them, and what the store knows already."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select, update

from model.document import FIELDS, Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.records import Identity
from training.labels.database import insert_or_ignore
from training.labels.rows import (
    document_columns,
    document_of,
    evidence_column,
    evidence_of,
    identity_columns,
    joined,
    storable,
)
from training.labels.schema import labellings, texts

HELD_OUT_OF = 10
Scores = Mapping[str, Mapping[str, float]]
"""What the model said, by text and tag."""


def is_held_out(digest: str) -> bool:
    """Tell whether the text with this digest is in the tenth that is never trained on."""
    return int(digest[:8], 16) % HELD_OUT_OF == 0


def is_latest() -> ColumnElement[bool]:
    """Return the condition that a row of `labellings` is the latest of its text."""
    later = labellings.alias("later")
    return ~exists().where(later.c.digest == labellings.c.digest, later.c.number > labellings.c.number)


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


@dataclass
class _Known:
    """What is known of a text."""

    document: Document
    labels: tuple[str, str]
    """Tags and borderline tags."""
    evidence: str | None
    identity: Identity = ""
    """The id of a text that is not in the store yet."""

    def is_told_by(self, other: _Known) -> bool:
        """Tell whether the other says of labels and evidence what is known; without evidence it says nothing of it."""
        return self.labels == other.labels and other.evidence in (None, self.evidence)

    def evidence_that_stays(self, tags: frozenset[str]) -> str | None:
        """Return the evidence of those tags that stay."""
        evidence = evidence_of(self.evidence)
        return evidence_column({tag: evidence[tag] for tag in evidence if tag in tags})


class Additions:
    """A chunk of examples on its way into the store."""

    def __init__(self, connection: Connection, labelling: Labelling, scores: Scores, changes: Changes) -> None:
        """Write with the connection, and count in `changes`."""
        self._connection, self._labelling, self._scores, self._changes = connection, labelling, scores, changes

    def add(self, chunk: Sequence[Example]) -> None:
        """Write what the store does not know of the examples."""
        digests = [text_digest(example.text) for example in chunk]
        known = self._find_known(digests)
        self._new: set[str] = set()
        self._fuller: set[str] = set()
        self._rows: list[dict[str, Any]] = []
        for digest, example in zip(digests, chunk, strict=True):
            known[digest] = self._compare(known.get(digest), digest, example)
        self._write(known)

    def _compare(self, old: _Known | None, digest: str, example: Example) -> _Known:
        """Count an example, note what has to be written of it, and return what is known of the text from now on."""
        labels = (joined(example.tags), joined(example.borderline))
        new = _Known(example.document, labels, evidence_column(example.evidence))
        if old is None:
            self._changes.added += 1
            self._new.add(digest)
            self._label(digest, new, example)
            new.identity = example.id
            return new
        is_fuller = len(new.document.fields) > len(old.document.fields)
        is_told = old.is_told_by(new)
        self._changes.unchanged += is_told and not is_fuller
        self._changes.changed += is_fuller or not is_told
        if is_fuller:
            self._fuller.add(digest)
        if new.evidence is None:
            new.evidence = old.evidence_that_stays(example.tags)
        if not is_told:
            self._label(digest, new, example)
        return _Known(new.document if is_fuller else old.document, labels, new.evidence, old.identity)

    def _label(self, digest: str, known: _Known, example: Example) -> None:
        scores = self._scores.get(example.text)
        self._rows.append(
            {
                "digest": digest,
                "tags": known.labels[0],
                "borderline": known.labels[1],
                "evidence": known.evidence,
                "who": storable(self._labelling.who),
                "source": storable(self._labelling.source),
                "at": time.time(),
                "model": self._labelling.model,
                "scores": json.dumps(scores) if scores is not None else None,
            }
        )

    def _find_known(self, digests: Sequence[str]) -> dict[str, _Known]:
        columns = (labellings.c.tags, labellings.c.borderline, labellings.c.evidence)
        wanted = select(texts, *columns).join(labellings).where(texts.c.digest.in_(digests), is_latest())
        return {
            row.digest: _Known(document_of(row), (row.tags, row.borderline), row.evidence)
            for row in self._connection.execute(wanted)
        }

    def _write(self, known: Mapping[str, _Known]) -> None:
        if self._new:
            new_texts = [_text_row(digest, known[digest]) for digest in known if digest in self._new]
            self._connection.execute(insert_or_ignore(self._connection, texts), new_texts)
        if fuller := self._fuller - self._new:
            fields: dict[str, Any] = {name: bindparam(f"its_{name}") for name in FIELDS}
            changed = update(texts).where(texts.c.digest == bindparam("of")).values(fields)
            self._connection.execute(changed, [{"of": digest, **_prefixed(known[digest])} for digest in sorted(fuller)])
        if self._rows:
            self._connection.execute(labellings.insert(), self._rows)


def _text_row(digest: str, known: _Known) -> dict[str, object]:
    identity = identity_columns(known.identity)
    return {"digest": digest, **document_columns(known.document), **identity, "held_out": int(is_held_out(digest))}


def _prefixed(known: _Known) -> dict[str, object]:
    return {f"its_{name}": value for name, value in document_columns(known.document).items()}
