"""Adding examples to the label store: what is new in them, and what the store knows already."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from model.document import FIELDS, Document
from model.errors import Problem
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.records import Identity, place
from training.labels.database import insert_or_ignore
from training.labels.judgements import Judgements, Origin, is_latest
from training.labels.revision import Labels
from training.labels.rows import (
    LABEL_COLUMNS,
    document_columns,
    document_of,
    identity_columns,
    label_columns,
    labels_of,
    restored,
    storable,
)
from training.labels.schema import labellings, texts

HELD_OUT_OF = 10
Scores = Mapping[str, Mapping[str, float]]
"""What the model said, by text and tag."""


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

    @property
    def origin(self) -> Origin:
        """Return what such labels share with others that were given in the same way."""
        return storable(self.who), storable(self.source)


@dataclass
class Changes:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Problem] = field(default_factory=list)
    """What is wrong with each record that was refused."""
    lost: Counter[str] = field(default_factory=Counter)
    """How many texts had each tag in the store and no longer have it."""


@dataclass
class _Known:
    """What is known of a text."""

    document: Document
    labels: Labels
    identity: Identity = ""
    """The id of a text that is not in the store yet."""


class Additions:
    """A chunk of examples on its way into the store."""

    def __init__(self, connection: Connection, labelling: Labelling, scores: Scores, changes: Changes) -> None:
        """Write with the connection, and count in `changes`."""
        self._connection, self._labelling, self._scores, self._changes = connection, labelling, scores, changes
        self._judgements: Judgements | None = None

    def add(self, chunk: Sequence[Example]) -> None:
        """Write what the store does not know of the examples."""
        digests = [text_digest(example.text) for example in chunk]
        known = self._find_known(digests)
        self._new: set[str] = set()
        self._fuller: set[str] = set()
        self._unnamed: set[str] = set()
        self._rows: list[dict[str, Any]] = []
        for digest, example in zip(digests, chunk, strict=True):
            known[digest] = self._compare(known.get(digest), digest, example)
        self._name_apart(known)
        self._write(known)

    def _name_apart(self, known: Mapping[str, _Known]) -> None:
        """Give a new text whose id is its place in a file another id, where an older text has that id already.

        The same line of another file of that name, or of a later state of the file, is another text.
        """
        places = {known[digest].identity: digest for digest in sorted(self._unnamed)}
        taken = select(texts.c.id).where(texts.c.id.in_([storable(str(name)) for name in places]))
        for name in map(restored, self._connection.execute(taken).scalars()):
            known[places[name]].identity = f"{name}#{places[name][:8]}"

    def _compare(self, old: _Known | None, digest: str, example: Example) -> _Known:
        """Count an example, note what has to be written of it, and return what is known of the text from now on."""
        if old is None:
            self._changes.added += 1
            self._new.add(digest)
            if example.id == place(example.file, example.line):
                self._unnamed.add(digest)
            labels = Labels.of(example)
            self._label(digest, labels, example)
            return _Known(example.document, labels, example.id)
        labels = self._revised(old.labels, digest, Labels.of(example))
        self._changes.lost.update(old.labels.lost(labels))
        is_fuller = len(example.document.fields) > len(old.document.fields)
        is_told = labels == old.labels
        self._changes.unchanged += is_told and not is_fuller
        self._changes.changed += is_fuller or not is_told
        if is_fuller:
            self._fuller.add(digest)
        if not is_told:
            self._label(digest, labels, example)
        return _Known(example.document if is_fuller else old.document, labels, old.identity)

    def _revised(self, old: Labels, digest: str, later: Labels) -> Labels:
        """Return what is known of a text after later labels. What the older ones were judged on, their origin tells."""
        if old.judged is None and later.judged is not None:
            self._judgements = self._judgements or Judgements.read(self._connection)
            old = replace(old, judged=self._judgements.of(self._origins.get(digest, self._labelling.origin)))
        return old.revised(later)

    def _label(self, digest: str, labels: Labels, example: Example) -> None:
        scores = self._scores.get(example.text)
        self._rows.append(
            {
                "digest": digest,
                **label_columns(labels),
                "who": storable(self._labelling.who),
                "source": storable(self._labelling.source),
                "at": time.time(),
                "model": self._labelling.model,
                "scores": json.dumps(scores) if scores is not None else None,
            }
        )

    def _find_known(self, digests: Sequence[str]) -> dict[str, _Known]:
        origin = (labellings.c.who, labellings.c.source)
        wanted = select(texts, *LABEL_COLUMNS, *origin).join(labellings).where(texts.c.digest.in_(digests), is_latest())
        rows = self._connection.execute(wanted).all()
        self._origins = {row.digest: (row.who, row.source) for row in rows}
        return {row.digest: _Known(document_of(row), labels_of(row)) for row in rows}

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
