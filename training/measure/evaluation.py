"""The use case of measuring: a tagger's answers on labelled examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model import TextError, TopicTagger
from model.pooling import Floats
from training.corpus.examples import Example, borderline_matrix, judged_matrix, label_matrix, tag_names, teaser_flags
from training.measure.metrics import measure_slices
from training.progress import Progress, silent

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Evaluation:
    """Answers and labels side by side; all arrays have shape (examples, tags)."""

    tags: list[str]
    examples: Sequence[Example]
    labels: Flags
    borderline: Flags
    judged: Flags
    """Which decisions the labels have; the figures leave out the others."""
    probability: Floats
    given: Flags
    figures: dict[str, Any]
    """What `training.measure.metrics.measure_slices` says."""
    unknown_tags: list[str]
    """Tags of the examples that the artifact doesn't know; they are not counted."""


def score_examples(
    tagger: TopicTagger, examples: Sequence[Example], progress: Progress = silent
) -> tuple[Floats, Flags]:
    """Return probabilities and given tags, shape (examples, tags); a text that can't be tagged has none."""
    probability = np.zeros((len(examples), len(tagger.tags)))
    given = np.zeros(probability.shape, bool)
    texts = [example.text for example in examples]
    results = tagger.tag_many(progress(texts, "tagging", len(texts)), errors="return")
    for row, result in enumerate(results):
        if not isinstance(result, TextError):
            probability[row] = [result["scores"][tag] for tag in tagger.tags]
            given[row] = [tag in result["tags"] for tag in tagger.tags]
    return probability, given


def evaluate(
    tagger: TopicTagger, examples: Sequence[Example], progress: Progress = silent, *, exclusive: bool = False
) -> Evaluation:
    """Tag the examples and compare with their labels; `exclusive` gives each one the tag with the highest score."""
    tags = list(tagger.tags)
    labels, borderline, judged = (matrix(examples, tags) for matrix in (label_matrix, borderline_matrix, judged_matrix))
    probability, given = score_examples(tagger, examples, progress)
    if exclusive:
        given = highest_only(probability)
    figures = measure_slices(tags, labels, probability, given, borderline, teaser_flags(examples), judged)
    unknown = [tag for tag in tag_names(examples) if tag not in tags]
    return Evaluation(tags, examples, labels, borderline, judged, probability, given, figures, unknown)


def highest_only(probability: Floats) -> Flags:
    """Return the highest of each row, of equals the first, shape (examples, tags); none in a row of zeros."""
    given = np.zeros(probability.shape, bool)
    given[np.arange(len(probability)), probability.argmax(axis=1)] = True
    return given & (probability > 0)
