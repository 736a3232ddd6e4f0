"""The gate: whether a candidate may take the place of the live version, tag by tag.

Each tag is judged on the decisions that labels have on it: those of the label store that are held out, and the half of
the live version's reference set that is not learnt from. The candidate is refused where the whole 95 % interval of the
difference in F1 of any tag lies below zero, where a tag that nobody judged moved by more than TOLERANCE on the
reference set, and where a tag is found in none of the texts held out that have it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from model.artifact import Artifact
from model.pooling import Floats, logistic
from model.tagger import TopicTagger
from training.corpus.examples import Example, judged_matrix, label_matrix
from training.fit import read_reference

N_RESAMPLES = 1000
TOLERANCE = 0.003
"""Difference in F1 on the reference set that a tag may have which nobody judged."""
MIN_WITH_TAG = 3
"""Held-out texts with a tag from which it is refused to find none of them."""
Flags = npt.NDArray[np.bool_]


class Refusal(NamedTuple):
    """One reason why a candidate is refused; its figures are those of the tag in that place."""

    tag: str
    place: str
    """"held_out", the labels that are not learnt from, or "reference", the texts that travel with the model."""
    why: str
    """"worse"; "moved", though no label judged the tag; or "never-found", before as after."""


@dataclass(frozen=True)
class Answers:
    """What both versions say of the same texts; all arrays have shape (texts, tags)."""

    tags: Sequence[str]
    labels: Flags
    judged: Flags
    live: Flags
    candidate: Flags

    def of_tag(self, column: int) -> dict[str, Any] | None:
        """Return the figures of one tag on what was judged; None where no text has it and neither version gives it."""
        rows = self.judged[:, column]
        every = self.labels, self.live, self.candidate
        labels, live, candidate = (flags[rows, column : column + 1] for flags in every)
        if not (labels | live | candidate).any():
            return None
        return {**paired_bootstrap(labels, live, candidate), "with_tag": int(labels.sum())}


def compare_on_held_out(
    live: Artifact, candidate: Artifact, held_out: Sequence[Example], judged: Collection[str] | None = None
) -> dict[str, Any]:
    """Return how both do, all in all and by tag, and why the candidate is refused, if it is, as JSON has it.

    `accepted` tells whether it is not, `refusals` has each `Refusal`, `tags` the figures by tag and place, and
    `held_out` and `reference` those of all tags. `judged` are the tags that the new labels were judged on, all where it
    is None.
    """
    figures: dict[str, Any] = {}
    by_tag: dict[str, dict[str, Any]] = {}
    refusals: list[Refusal] = []
    for place, answers in _answers(live, candidate, held_out):
        masked = answers.labels & answers.judged, answers.live & answers.judged, answers.candidate & answers.judged
        if any(flags.any() for flags in masked):
            figures[place] = paired_bootstrap(*masked)
        found = {tag: answers.of_tag(column) for column, tag in enumerate(answers.tags)}
        for tag, of_tag in found.items():
            if of_tag is not None:
                by_tag.setdefault(tag, {})[place] = of_tag
                why = _why_refused(place, of_tag, judged is None or tag in judged)
                refusals += [Refusal(tag, place, why)] if why else []
    said = [refusal._asdict() for refusal in refusals]
    return {"accepted": not refusals, "refusals": said, "tags": by_tag, **figures}


def _why_refused(place: str, found: dict[str, Any], is_judged: bool) -> str | None:
    """Return why a candidate is refused by its figures for one tag in one place, if it is."""
    before, after, high = found["live_f1"], found["candidate_f1"], found["interval"][1]
    if high < 0:
        return "worse"
    if place == "reference" and not is_judged and abs(after - before) > TOLERANCE:
        return "moved"
    if place == "held_out" and found["with_tag"] >= MIN_WITH_TAG and before == after == 0.0:
        return "never-found"
    return None


def _answers(live: Artifact, candidate: Artifact, held_out: Sequence[Example]) -> Iterator[tuple[str, Answers]]:
    """Yield the places where both can be compared, and their answers there."""
    tags = [tag.slug for tag in live.tags]
    if held_out:
        given = [_given(artifact, held_out, tags) for artifact in (live, candidate)]
        yield "held_out", Answers(tags, label_matrix(held_out, tags), judged_matrix(held_out, tags), *given)
    reference = read_reference(live)
    if reference is not None and set(tags) >= set(reference.tags):
        half = reference.half(1)
        scores = [_reference_given(artifact, half.margins(artifact), half.tags) for artifact in (live, candidate)]
        yield "reference", Answers(half.tags, half.labels, np.ones_like(half.labels), *scores)


def paired_bootstrap(labels: Flags, live: Flags, candidate: Flags) -> dict[str, Any]:
    """Compare two systems on the same texts, all of shape (texts, tags): Efron and Tibshirani 1993, resampling texts.

    Macro-F1 is over the tags that stand in the labels or in what either system gave. The interval is the 95 % one.
    """
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(labels.shape[0], np.full(labels.shape[0], 1 / labels.shape[0]), N_RESAMPLES)
    seen = np.asarray((labels | live | candidate).any(axis=0))
    whole = np.ones((1, labels.shape[0]))
    before, after = (float(_macro_f1(whole, labels, given, seen)[0]) for given in (live, candidate))
    difference: Floats = _macro_f1(drawn, labels, candidate, seen) - _macro_f1(drawn, labels, live, seen)
    low, high = np.percentile(difference, [2.5, 97.5])
    return {
        "texts": labels.shape[0],
        "live_f1": round(before, 4),
        "candidate_f1": round(after, 4),
        "difference": round(after - before, 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "worse_share": round(float((difference < 0).mean()), 4),
    }


def _macro_f1(counts: npt.NDArray[Any], labels: Flags, given: Flags, seen: Flags) -> Floats:
    """Return macro-F1 where text n counts `counts[:, n]` times, shape (resamples,)."""
    if not seen.any():
        return np.ones(counts.shape[0])
    hits, total = counts @ (labels & given), counts @ (labels.astype(np.int64) + given)
    f1: Floats = np.where(total > 0, 2 * hits / np.maximum(total, 1), 1.0)[:, seen].mean(axis=1)
    return f1


def _given(artifact: Artifact, examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    results = TopicTagger(artifact).tag_many([example.text for example in examples], errors="return")
    rows = [set(result["tags"]) if isinstance(result, dict) else set() for result in results]
    return np.array([[tag in row for tag in tags] for row in rows], bool).reshape(len(rows), len(tags))


def _reference_given(artifact: Artifact, margins: Floats, tags: Sequence[str]) -> Flags:
    column = {tag.slug: n for n, tag in enumerate(artifact.tags)}
    chosen = [column[tag] for tag in tags]
    thresholds = np.array([artifact.tags[n].threshold for n in chosen])
    given: Flags = logistic(margins[:, chosen]) >= thresholds
    return given
