"""The threshold at which a tag reaches a precision on labelled texts.

These are the tenth of the store's labels that is held out. No version learns a tag from it that its base knew; a new
tag learns from all labels, so that its precision here is too high until the next retraining. Where too few of the
texts have the tag, half of the model's reference set comes to them, which the model was fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from model.artifact import Artifact
from model.errors import FitError
from model.pooling import Floats, logistic
from model.tagger import TopicTagger
from training.corpus.examples import Example
from training.corpus.topics import Topic
from training.fit import MIN_POSITIVES, read_reference
from training.measure import score_examples

Flags = npt.NDArray[np.bool_]
_LEAST = 1e-6
"""Least distance of a threshold from 0 and 1, where it is no probability of the tag any more."""


@dataclass(frozen=True)
class AimedThreshold:
    """A threshold, and how good the tag is at it."""

    threshold: float
    precision: float
    recall: float
    n_with: int
    """Labelled texts with the tag that it was chosen on."""
    n_without: int
    n_learnt_from: int
    """How many of these texts the model was fitted on."""


def aim_at_precision(artifact: Artifact, tag: str, precision: float, held_out: Sequence[Example]) -> AimedThreshold:
    """Return the lowest threshold from which the tag's precision is at least that asked for.

    Raises FitError where fewer than MIN_POSITIVES texts have the tag, or no threshold reaches the precision.
    """
    column = [known.slug for known in artifact.tags].index(tag)
    judged = [example for example in held_out if example.decides(tag)]
    probability, label = score_examples(TopicTagger(artifact), judged)[0][:, column], _labels(judged, tag)
    if label.sum() < MIN_POSITIVES:
        learnt_probability, learnt_label = _of_reference(artifact, tag)
        probability, label = np.append(probability, learnt_probability), np.append(label, learnt_label)
    if (n_with := int(label.sum())) < MIN_POSITIVES:
        raise FitError(
            f"{tag}: too few to tell: {n_with} labelled texts that are held out have it, and {MIN_POSITIVES} are "
            "needed: choose --threshold by hand"
        )
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(label[order])
    reached = hits / np.arange(1, order.size + 1)
    ends = np.append(np.diff(probability[order]) < 0, True)
    good = np.flatnonzero(ends & (reached >= precision))
    if not good.size:
        best = float(reached[ends].max())
        raise FitError(f"{tag}: no threshold reaches a precision of {precision:g}: {best:.3f} is the most")
    last = int(good[-1])
    lowest = float(np.clip(probability[order][last], _LEAST, 1 - _LEAST))
    return AimedThreshold(
        lowest, float(reached[last]), float(hits[last]) / n_with, n_with, label.size - n_with, label.size - len(judged)
    )


def aimed_topics(artifact: Artifact, topics: Mapping[str, Topic], held_out: Sequence[Example]) -> dict[str, Topic]:
    """Return the topics with thresholds chosen anew, for this artifact, where they are to reach a precision.

    One for which that is not possible any more keeps the threshold that it has.
    """
    known = {tag.slug for tag in artifact.tags}
    aimed = dict(topics)
    for tag, topic in topics.items():
        if topic.precision is not None and tag in known:
            with suppress(FitError):
                threshold = aim_at_precision(artifact, tag, topic.precision, held_out).threshold
                aimed[tag] = msgspec.structs.replace(topic, threshold=threshold)
    return aimed


def _labels(examples: Sequence[Example], tag: str) -> Flags:
    return np.array([tag in example.tags for example in examples], bool)


def _of_reference(artifact: Artifact, tag: str) -> tuple[Floats, Flags]:
    """Return the probability of the tag and its labels in half of the reference set, each of shape (texts,)."""
    reference = read_reference(artifact)
    if reference is None or tag not in reference.tags:
        return np.zeros(0), np.zeros(0, bool)
    half = reference.half(1)
    column = [known.slug for known in artifact.tags].index(tag)
    return logistic(half.margins(artifact)[:, column]), half.labels[:, reference.tags.index(tag)]
