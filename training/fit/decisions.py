"""Which tags can be fitted on some examples, and how much each decision counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from model.errors import FitError
from model.pooling import Floats
from training.corpus.examples import Example, borderline_matrix, judged_matrix, label_matrix, weights_of

MIN_POSITIVES = 10
"""Examples that a tag must have, and as many that do not have it, to be fitted."""
BORDERLINE_WEIGHT = 0.5
"""Weight of a borderline decision in the loss; a clear one weighs 1."""


def choose_tags(examples: Sequence[Example], ignore: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Return the tags that can be fitted and those that cannot, both in order of the alphabet."""
    every = sorted({tag for example in examples for tag in example.tags} - set(ignore))
    chosen = [tag for tag, n in zip(every, _supports(examples, every), strict=True) if min(n) >= MIN_POSITIVES]
    return chosen, [tag for tag in every if tag not in chosen]


def describe_support(examples: Sequence[Example], tag: str) -> str:
    """Return how many examples have a tag, how many do not, and how many of each a fit needs, in words."""
    ((n_with, n_without),) = _supports(examples, [tag])
    return f"{n_with:,} examples with it and {n_without:,} without it, {MIN_POSITIVES} of each are needed"


def no_tag(examples: Sequence[Example]) -> FitError:
    """Return the error that says why `choose_tags` chose none."""
    every = sorted({tag for example in examples for tag in example.tags})
    supports = zip(every, _supports(examples, every), strict=True)
    counts = ", ".join(f"{tag}: {n_with} with it, {n_without} without it" for tag, (n_with, n_without) in supports)
    return FitError(
        f"no tag can be fitted: each needs {MIN_POSITIVES} examples with it and {MIN_POSITIVES} without it "
        f"(of {len(examples)} examples, {counts or 'none has a tag'}): label more"
    )


def _supports(examples: Sequence[Example], tags: Sequence[str]) -> list[tuple[int, int]]:
    """Return how many examples have each tag, and of how many it was judged that they do not."""
    labels, judged = (matrix(examples, tags).sum(axis=0) for matrix in (label_matrix, judged_matrix))
    return [(int(n_with), int(n_judged - n_with)) for n_with, n_judged in zip(labels, judged, strict=True)]


def decision_weights(examples: Sequence[Example], tags: Sequence[str]) -> Floats:
    """Return the weight of each decision in the loss, shape (examples, tags): 0 where nobody judged the tag."""
    certainty = np.where(borderline_matrix(examples, tags), BORDERLINE_WEIGHT, 1.0) * judged_matrix(examples, tags)
    return np.asarray(weights_of(examples)[:, None] * certainty)
