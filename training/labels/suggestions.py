"""What to label next: the texts whose labels would teach most.

Uncertainty (Lewis and Gale 1994) is the nearness of a tag's margin to the tag's own threshold, and a text counts as its
most uncertain tag does. One text after the other is taken, the most uncertain first, but none that shares much of its
wording with one already taken, so that ten copies of a wire story are labelled once. A fifth is picked at random, so
that what the model is wrongly sure of is found, too.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Row, select

from model.document import Document
from model.page.content import prose_of
from model.tagger import TopicTagger
from training.corpus.duplicates import jaccard, text_digest, word_runs
from training.corpus.records import Identity
from training.labels.ranking import Rank, Ranking, by_doubt
from training.labels.rows import document_columns, document_of, identity_columns, identity_of
from training.labels.schema import queue
from training.labels.schema import texts as labelled_texts
from training.labels.store import LabelStore

RANDOM_SHARE = 0.2
_CANDIDATES = 20
"""Candidates that are kept in memory for each text that is asked for."""
_BATCH = 500
_MAX_SIMILARITY = 0.3
Candidate = tuple[Identity, Document]
"""A text that may be labelled: its id and its document."""


@dataclass(frozen=True)
class Suggestion:
    """A text that is worth a label."""

    id: Identity
    document: Document
    why: str
    """The tag that is least sure, a topic with its key words in the text, or "random"."""
    scores: dict[str, float]

    def as_record(self) -> dict[str, object]:
        """Return a record to label: its tags are null, which no command takes for labels until they are filled in."""
        return {"id": self.id, **self.document.fields, "tags": None, "why": self.why, "scores": self.scores}

    @cached_property
    def text(self) -> str:
        """Return the text that is read: of HTML its prose, as `Example.text`, by which the store knows it."""
        return prose_of(self.document)


def suggest(
    tagger: TopicTagger,
    candidates: Iterable[Candidate],
    known: set[str],
    count: int,
    *,
    seed: int = 0,
    ranking: Ranking | None = None,
    on_refusal: Callable[[str], None] = lambda reason: None,
) -> list[Suggestion]:
    """Return `count` of the candidates whose texts are not `known` by their digests, ranked by the model's doubt.

    Another `ranking` may take the place of that; a fifth is picked at random in either case.
    `on_refusal` is called with the id of each candidate that cannot be tagged, and the reason.
    Keeps 20 times `count` documents in memory, however many there are.
    """
    n_random = round(count * RANDOM_SHARE)
    nearest: list[tuple[float, int, Suggestion]] = []
    drawn: list[tuple[float, int, Suggestion]] = []
    rng = np.random.default_rng(seed)
    scored = _scored(tagger, candidates, known, ranking or by_doubt(tagger), on_refusal)
    for number, (rank, suggestion) in enumerate(scored):
        for heap, priority, size in (
            (nearest, rank.priority if rank else None, count * _CANDIDATES),
            (drawn, float(rng.random()), n_random * _CANDIDATES),
        ):
            if size and priority is not None:
                (heapq.heappush if len(heap) < size else heapq.heappushpop)(heap, (priority, -number, suggestion))
    at_random = [replace(s, why="random") for _, _, s in sorted(drawn, reverse=True)]
    chosen = _diverse(at_random, n_random, [])
    uncertain = _diverse(
        [s for _, _, s in sorted(nearest, key=lambda x: x[:2], reverse=True)], count - len(chosen), chosen
    )
    return uncertain + chosen


def _scored(
    tagger: TopicTagger,
    candidates: Iterable[Candidate],
    known: set[str],
    ranking: Ranking,
    on_refusal: Callable[[str], None],
) -> Iterator[tuple[Rank | None, Suggestion]]:
    seen = set(known)
    waiting_candidates = iter(candidates)
    while batch := list(islice(waiting_candidates, _BATCH)):
        texts = [document.read().text for _, document in batch]
        results = tagger.tag_many(texts, errors="return")
        for (identity, document), text, result in zip(batch, texts, results, strict=True):
            digest = text_digest(text)
            if not isinstance(result, dict):
                on_refusal(f"{identity}: {result}")
                continue
            if digest in seen:
                continue
            seen.add(digest)
            rank = ranking(text, result)
            yield rank, Suggestion(identity, document, rank.why if rank else "", result["scores"])


def _diverse(ranked: Sequence[Suggestion], count: int, taken: Sequence[Suggestion]) -> list[Suggestion]:
    """Return the first `count` that are not much like an earlier one, nor like one of those `taken`."""
    runs = [word_runs(suggestion.text) for suggestion in taken]
    chosen: list[Suggestion] = []
    for suggestion in ranked:
        if len(chosen) == count:
            break
        its_runs = word_runs(suggestion.text)
        if all(jaccard(its_runs, other) < _MAX_SIMILARITY for other in runs):
            chosen.append(suggestion)
            runs.append(its_runs)
    return chosen


def keep_queue(store: LabelStore, suggestions: Sequence[Suggestion]) -> None:
    """Put the suggestions in the store, in place of those that were there."""
    rows = [
        {
            "digest": text_digest(s.text),
            "place": n,
            **identity_columns(s.id),
            **document_columns(s.document),
            "why": s.why,
            "scores": json.dumps(s.scores),
        }
        for n, s in enumerate(suggestions)
    ]
    with store.writing() as connection:
        connection.execute(queue.delete())
        if rows:
            connection.execute(queue.insert(), rows)


def waiting(store: LabelStore, count: int) -> list[Suggestion]:
    """Return the first suggestions in the store that have no label yet."""
    unlabelled = queue.c.digest.not_in(select(labelled_texts.c.digest))
    with store.reading() as connection:
        rows = connection.execute(select(queue).where(unlabelled).order_by(queue.c.place).limit(count))
        return [suggestion_of(row) for row in rows]


def suggestion_of(row: Row[Any]) -> Suggestion:
    """Return the suggestion in a row of the queue."""
    return Suggestion(identity_of(row), document_of(row), row.why, json.loads(row.scores))
