"""Documents, ids and evidence as columns, and back: each comes out of the store as it came in.

>>> document_columns(Document(title="Bầu cử", text="Cử tri đi bỏ phiếu."))
{'title': 'Bầu cử', 'lead': None, 'text': 'Cử tri đi bỏ phiếu.', 'body': None}
>>> identity_columns(7), identity_columns("7")
({'id': '7', 'id_is_number': 1}, {'id': '7', 'id_is_number': 0})

PostgreSQL keeps no NUL, and no database keeps half a character. Both are written as U+FDD0, which is no character, and
four hex digits:

>>> storable("Bầu\\0cử"), restored(storable("Bầu\\0cử")) == "Bầu\\0cử"
('Bầu\\ufdd00000cử', True)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from model.document import FIELDS, Document
from training.corpus.examples import Example
from training.corpus.label_fields import union_of_judged
from training.corpus.records import Identity
from training.labels.revision import Evidence, Labels
from training.labels.schema import labellings

LABEL_COLUMNS = tuple(labellings.c[name] for name in ("tags", "borderline", "evidence", "judged", "note"))
"""The columns that hold the labels of a text."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff\ufdd0]")
_STORED = re.compile("\ufdd0([0-9a-f]{4})")


def storable(text: str) -> str:
    """Return a string as every database keeps it."""
    return _UNSTORABLE.sub(lambda match: f"\ufdd0{ord(match.group()):04x}", text)


def restored(column: str) -> str:
    """Return the string that `storable` made a column of."""
    return _STORED.sub(lambda match: chr(int(match.group(1), 16)), column)


def document_columns(document: Document) -> dict[str, str | None]:
    """Return the value of each field's column; None for one that was not given."""
    return {name: storable(value) or None for name, value in zip(FIELDS, document, strict=True)}


def document_of(row: Row[Any]) -> Document:
    """Return the document in the columns of a row."""
    return Document(*(restored(column or "") for column in (row.title, row.lead, row.text, row.body)))


def identity_columns(identity: Identity) -> dict[str, object]:
    """Return the value of each column of an id."""
    if isinstance(identity, str):
        return {"id": storable(identity), "id_is_number": 0}
    return {"id": json.dumps(identity), "id_is_number": 1}


def identity_of(row: Row[Any]) -> Identity:
    """Return the id in the columns of a row, of the type in which it came."""
    identity: Identity = json.loads(row.id) if row.id_is_number else restored(row.id)
    return identity


def joined(tags: Iterable[str]) -> str:
    """Return a set of tags as one string."""
    return " ".join(sorted(tags))


def evidence_column(evidence: Evidence) -> str | None:
    """Return evidence as JSON; None for no evidence."""
    return storable(json.dumps(evidence, ensure_ascii=False, sort_keys=True)) if evidence else None


def evidence_of(column: str | None) -> dict[str, tuple[str, ...]]:
    """Return the evidence in a column."""
    return {tag: tuple(sentences) for tag, sentences in json.loads(restored(column or "{}")).items()}


def label_columns(labels: Labels) -> dict[str, str | None]:
    """Return the value of each column of labels."""
    return {
        "tags": joined(labels.tags),
        "borderline": joined(labels.borderline),
        "evidence": evidence_column(labels.evidence),
        "judged": None if labels.judged is None else joined(labels.judged),
        "note": storable(labels.note) or None,
    }


def labels_of(row: Row[Any]) -> Labels:
    """Return the labels in the columns of a row."""
    return Labels(
        frozenset(row.tags.split()),
        frozenset(row.borderline.split()),
        evidence_of(row.evidence),
        None if row.judged is None else union_of_judged(row.judged.split()),
        restored(row.note or ""),
    )


def example_of(row: Row[Any]) -> Example:
    """Return the example in a row that has the columns of a text and of its labelling."""
    labels = labels_of(row)
    return Example(
        identity_of(row),
        document_of(row),
        labels.tags,
        labels.borderline,
        evidence=labels.evidence,
        judged=labels.judged,
        note=labels.note,
    )
