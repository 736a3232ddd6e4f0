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
    support, judged = (matrix(examples, every).sum(axis=0) for matrix in (label_matrix, judged_matrix))
    enough = (support >= MIN_POSITIVES) & (judged - support >= MIN_POSITIVES)
    chosen = [tag for tag, fits in zip(every, enough, strict=True) if fits]
    return chosen, [tag for tag in every if tag not in chosen]


def describe_support(examples: Sequence[Example], tag: str) -> str:
    """Return how many examples have a tag, how many do not, and how many of each a fit needs, in words."""
    n_with = sum(tag in example.tags for example in examples)
    return f"{n_with:,} examples with it and {len(examples) - n_with:,} without it, {MIN_POSITIVES} of each are needed"


def no_tag(examples: Sequence[Example]) -> FitError:
    """Return the error that says why `choose_tags` chose none."""
    every = sorted({tag for example in examples for tag in example.tags})
    support = label_matrix(examples, every).sum(axis=0)
    counts = ", ".join(f"{tag}: {n}" for tag, n in zip(every, support, strict=True)) or "none has any"
    return FitError(
        f"no tag can be fitted: each needs {MIN_POSITIVES} examples with it and {MIN_POSITIVES} without it "
        f"(of {len(examples)} examples, {counts}): label more"
    )


def decision_weights(examples: Sequence[Example], tags: Sequence[str]) -> Floats:
    """Return the weight of each decision in the loss, shape (examples, tags): 0 where nobody judged the tag."""
    certainty = np.where(borderline_matrix(examples, tags), BORDERLINE_WEIGHT, 1.0) * judged_matrix(examples, tags)
    return np.asarray(weights_of(examples)[:, None] * certainty)
