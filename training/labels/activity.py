"""What labellers decided, beside what the model had said: their agreement, and what they corrected."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import delete, func, select

from training.corpus.duplicates import text_digest
from training.corpus.label_fields import EVERY_TAG
from training.labels.judgements import is_latest
from training.labels.rows import evidence_of, restored, storable
from training.labels.schema import labellings, texts
from training.labels.store import LabelStore


@dataclass(frozen=True)
class Decision:
    """One labelling of a text for which the model's scores are known."""

    tags: frozenset[str]
    judged: frozenset[str] | None
    """The tags that were decided on; None for all."""
    scores: Mapping[str, float]
    """Probability of each tag, as the model gave it before it could learn from this decision."""
    version: str
    """The version of the model that gave the scores."""
    at: float
    """Seconds since 1970."""

    def decides(self, tag: str) -> bool:
        """Tell whether the labeller decided on a tag, for it or against it."""
        return self.judged is None or tag in self.judged or EVERY_TAG in self.judged


def decisions(store: LabelStore, *, since: float = 0.0, who: str | None = None) -> Iterator[Decision]:
    """Yield the labellings with scores, the oldest first; with `who`, those of one labeller."""
    wanted = select(labellings).where(labellings.c.at >= since, labellings.c.scores.is_not(None))
    if who is not None:
        wanted = wanted.where(labellings.c.who == storable(who))
    with store.reading() as connection:
        for row in connection.execute(wanted.order_by(labellings.c.number)):
            judged = frozenset(row.judged.split()) if row.judged is not None else None
            tags = frozenset(row.tags.split())
            yield Decision(tags, judged, json.loads(row.scores), row.model or "", row.at)


def count_labelled(store: LabelStore, since: float, who: str) -> int:
    """Return how many texts a labeller has labelled since then."""
    wanted = select(func.count(labellings.c.digest.distinct()))
    with store.reading() as connection:
        count = wanted.where(labellings.c.at >= since, labellings.c.who == storable(who))
        return int(connection.execute(count).scalar_one())


class LastLabelling(NamedTuple):
    """How a text was labelled last."""

    who: str
    tags: frozenset[str]
    evidence: Mapping[str, tuple[str, ...]]
    note: str


def last_labelling(store: LabelStore, text: str) -> LastLabelling | None:
    """Return how a text was labelled last, if it was."""
    latest = select(labellings).where(labellings.c.digest == text_digest(text)).order_by(labellings.c.number.desc())
    with store.reading() as connection:
        row = connection.execute(latest.limit(1)).first()
    if row is None:
        return None
    tags = frozenset(row.tags.split())
    return LastLabelling(restored(row.who), tags, evidence_of(row.evidence), restored(row.note or ""))


class JudgedCounts(NamedTuple):
    """How many texts were judged to have a tag, and not to have it."""

    n_with: int
    n_without: int


def count_judged(store: LabelStore, tag: str) -> JudgedCounts:
    """Return how many texts have a tag, and how many were expressly judged not to have it, by their latest labels.

    Texts that are held out count as well: a tag that the live version lacks is learnt from all its labels.
    """
    latest = select(labellings.c.tags, labellings.c.judged).where(is_latest())
    n_with = n_without = 0
    with store.reading() as connection:
        for tags, judged in connection.execute(latest):
            has, decided = tag in tags.split(), {tag, EVERY_TAG} & set((judged or "").split())
            n_with += has
            n_without += bool(decided and not has)
    return JudgedCounts(n_with, n_without)


@dataclass
class Agreement:
    """How often labellers left the tags as the model gave them."""

    decisions: int = 0
    agreed: int = 0
    added: Counter[str] = field(default_factory=Counter)
    """How often labellers gave each tag where the model had not."""
    removed: Counter[str] = field(default_factory=Counter)
    """How often labellers took each tag away where the model had given it."""


def agreement(given: Iterable[Decision], thresholds_of: Callable[[str], Mapping[str, float]]) -> Agreement:
    """Return how labellers agreed with the model; `thresholds_of` has those of a version by tag."""
    found = Agreement()
    for decision in given:
        thresholds = thresholds_of(decision.version)
        decided = {tag for tag in decision.scores if tag in thresholds and decision.decides(tag)}
        by_model = {tag for tag in decided if decision.scores[tag] >= thresholds[tag]}
        added, removed = decision.tags - by_model, by_model - decision.tags
        found.decisions += 1
        found.agreed += not (added or removed)
        found.added.update(added)
        found.removed.update(removed)
    return found


def take_back(store: LabelStore, text: str, who: str) -> bool:
    """Remove the latest labelling of a text if `who` gave it, and the text if it has no other; tell whether it did."""
    digest = text_digest(text)
    with store.writing() as connection:
        latest = select(labellings).where(labellings.c.digest == digest).order_by(labellings.c.number.desc())
        rows = connection.execute(latest.limit(2)).all()
        if not rows or rows[0].who != storable(who):
            return False
        connection.execute(delete(labellings).where(labellings.c.number == rows[0].number))
        if len(rows) == 1:
            connection.execute(delete(texts).where(texts.c.digest == digest))
    return True
