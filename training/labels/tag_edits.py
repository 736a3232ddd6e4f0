"""Tags renamed, merged or taken out in every label of the store, in place: who gave which label when stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, select, update

from training.corpus.label_fields import union_of_judged
from training.labels.revision import Labels
from training.labels.rows import LABEL_COLUMNS, label_columns, labels_of
from training.labels.schema import labellings
from training.labels.store import LabelStore

Slugs: TypeAlias = Mapping[str, str | None]
"""What each tag becomes: another slug, the same one where others are merged into it, None where it is taken out."""
_CHUNK = 500


def edit_labels(store: LabelStore, slugs: Slugs) -> int:
    """Change tags in all labels, the older ones of a text as well; return how many labellings changed: all or none."""
    n_changed, last = 0, 0
    columns = (labellings.c.number, *LABEL_COLUMNS)
    after = select(*columns).where(labellings.c.number > bindparam("last")).order_by(labellings.c.number).limit(_CHUNK)
    values: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in LABEL_COLUMNS}
    change = update(labellings).where(labellings.c.number == bindparam("of")).values(values)
    with store.writing() as connection:
        while rows := connection.execute(after, {"last": last}).all():
            last = rows[-1].number
            if changed := list(_changed(rows, slugs)):
                connection.execute(change, changed)
            n_changed += len(changed)
    return n_changed


def _changed(rows: Sequence[Row[Any]], slugs: Slugs) -> Iterable[dict[str, Any]]:
    """Yield the new values of the rows whose labels change."""
    for row in rows:
        labels = labels_of(row)
        edited = edited_labels(labels, slugs)
        if edited != labels:
            yield {"of": row.number, **{f"new_{name}": value for name, value in label_columns(edited).items()}}


def edited_labels(labels: Labels, slugs: Slugs) -> Labels:
    """Return labels with other tags.

    A text that was judged on some of several tags that become one, and has none of them, was not judged on that one.

    >>> both = {"war": "conflict", "conflict": "conflict"}
    >>> judged = frozenset({"war", "rice"})
    >>> sorted(edited_labels(Labels(frozenset({"war"}), judged=judged), both).judged)
    ['conflict', 'rice']
    >>> sorted(edited_labels(Labels(frozenset(), judged=judged), both).judged)
    ['rice']
    """
    tags = _edited(labels.tags, slugs)
    evidence: dict[str, tuple[str, ...]] = {}
    for tag, sentences in labels.evidence.items():
        if (slug := slugs.get(tag, tag)) is not None:
            evidence[slug] = tuple(dict.fromkeys((*evidence.get(slug, ()), *sentences)))
    judged = labels.judged
    if judged is not None:
        members = {new: {old for old in slugs if slugs[old] == new} for new in slugs.values() if new is not None}
        whole = {new for new, its in members.items() if its <= judged or new in tags}
        judged = union_of_judged(judged - slugs.keys(), whole)
    return Labels(tags, _edited(labels.borderline, slugs) - tags, evidence, judged, labels.note)


def _edited(tags: frozenset[str], slugs: Slugs) -> frozenset[str]:
    return frozenset(slug for tag in tags if (slug := slugs.get(tag, tag)) is not None)
