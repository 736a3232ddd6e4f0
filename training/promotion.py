"""From the labels in the store to a new live version, or not: adapt, compare with the live one, decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.activation import activate
from model.artifact import Artifact, load, versioned
from model.errors import FitError, VersionError
from model.pooling import Floats, logistic
from model.tagger import TopicTagger
from model.versions import Versions
from training.corpus.examples import Example, judged_matrix, label_matrix
from training.fit import Adaptation, FitOptions, adapt, read_reference
from training.labels.store import LabelStore
from training.progress import Progress, silent

N_RESAMPLES = 1000
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What came of retraining."""

    version: str
    is_live: bool
    """Whether it goes live with `promote`: it is not worse than the live version, or was forced."""
    decision: Mapping[str, Any]
    adaptation: Adaptation


def compare_on_held_out(live: Artifact, candidate: Artifact, held_out: Sequence[Example]) -> dict[str, Any]:
    """Return how both do on the held-out labels and on the live artifact's reference set, and whether one is worse.

    It is where the whole 95 % interval of the difference in macro-F1 lies below zero.
    """
    tags = [tag.slug for tag in live.tags]
    figures: dict[str, Any] = {}
    if held_out:
        labels, judged = label_matrix(held_out, tags), judged_matrix(held_out, tags)
        given = [_given(artifact, held_out, tags) & judged for artifact in (live, candidate)]
        figures["held_out"] = paired_bootstrap(labels, *given)
    reference = read_reference(live)
    if reference is not None and set(tags) >= set(reference.tags):
        half = reference.half(1)
        scores = [_reference_given(artifact, half.margins(artifact), half.tags) for artifact in (live, candidate)]
        figures["reference"] = paired_bootstrap(half.labels, *scores)
    worse = [name for name, found in figures.items() if found["interval"][1] < 0]
    return {"accepted": not worse, "worse_on": worse, **figures}


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


def retrain(
    store: LabelStore, versions: Versions, options: FitOptions, *, force: bool = False, progress: Progress = silent
) -> Outcome:
    """Learn from all labels in the store, and store the result as a version. Raises FitError, StorageError.

    The fit starts from what the live version was adapted from, so that no label counts twice.
    """
    live = load(versions.folder())
    base = live
    if live.training.get("base"):
        try:
            base = load(versions.folder(live.training["base"]))
        except VersionError as error:
            raise FitError(f"{error}; the live version was learnt from it: make another version live first") from None
    adaptation = adapt(base, list(store.judged_examples(held_out=False)), options, progress)
    decision = compare_on_held_out(live, adaptation.artifact, list(store.judged_examples(held_out=True)))
    if force:
        decision["forced"] = True
    training = {**adaptation.artifact.training, "compared_with": live.version, "gate": decision}
    candidate = versioned(replace(adaptation.artifact, training=training))
    version = versions.add(candidate)
    return Outcome(version, bool(decision["accepted"] or force), decision, adaptation)


def promote(versions: Versions, outcome: Outcome, claim: AbstractContextManager[object]) -> None:
    """Make a new version live, unless it is worse, in one step with `claim`, which ends the job that made it.

    Where `claim` fails, on the way in or out, the version that was live is so still.
    """
    if outcome.is_live:
        activate(versions, outcome.version, claim)
    else:
        with claim:
            pass
