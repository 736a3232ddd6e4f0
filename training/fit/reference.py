"""The reference set: some of an artifact's training examples as counts of its terms, without their texts.

It travels with the artifact. Half of it is learnt from again when the artifact is adapted to new labels, so that the
old ones are not forgotten; candidates are measured on the other half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact import REFERENCE, Artifact
from model.artifact.arrays import Kind
from model.pooling import Floats
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.fit.counts import COUNTS, NO_FIT, TextCounts, attached, from_lines, read_attached, to_lines
from training.fit.dense import DenseModel

N_EXAMPLES = 1000
_KINDS = {**COUNTS, "tags": Kind(("|u1",)), "labels": Kind(("|b1",), n_dimensions=2)}
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reference:
    """Examples as counts of terms."""

    counts: TextCounts
    tags: tuple[str, ...]
    labels: Flags
    """Shape (examples, tags)."""

    def half(self, number: int) -> Reference:
        """Return every second example, from the first (0) or the second (1)."""
        chosen = np.arange(number, self.labels.shape[0], 2)
        return replace(self, counts=self.counts.take(chosen), labels=self.labels[chosen])

    def margins(self, artifact: Artifact) -> Floats:
        """Return an artifact's margins of the examples, shape (examples, its tags)."""
        return DenseModel.of(artifact).margins(self.counts.bags(artifact.terms))


def with_reference(artifact: Artifact, examples: Sequence[Example], labels: Flags, judged: Flags) -> Artifact:
    """Return the artifact with a reference set out of the examples, drawn by their digests.

    Only those that were `judged` on all tags, of the same shape as the labels, are in it; without any there is none.
    The chance of an example grows with its weight (Efraimidis and Spirakis 2006): thousands of light texts without a
    tag, which many news days give, would leave hardly any with one.
    """
    chosen = sorted(np.flatnonzero(judged.all(axis=1)).tolist(), key=lambda n: _rank(examples[n]))
    chosen = chosen[:N_EXAMPLES]
    if not chosen:
        return artifact
    counts = TextCounts.of([examples[n].text for n in chosen], artifact.terms, artifact.variants)
    tags = to_lines([tag.slug for tag in artifact.tags])
    return replace(artifact, reference=attached({**counts.arrays(), "tags": tags, "labels": labels[chosen]}))


def _rank(example: Example) -> tuple[float, str]:
    """Return the key of which the smallest are taken: a draw from an exponential distribution over the weight."""
    digest = text_digest(example.text)
    drawn = (int(digest[:13], 16) + 1) / 16.0**13
    return -math.log(drawn) / example.weight, digest


def read_reference(artifact: Artifact) -> Reference | None:
    """Return the reference set of an artifact, if it has one.

    Raises ArtifactMissing when its file is not there, ArtifactDamaged when it holds something else.
    """
    return read_attached(artifact.version, REFERENCE, artifact.reference, _KINDS, _reference)


def _reference(counts: TextCounts, arrays: Mapping[str, npt.NDArray[Any]]) -> Reference:
    tags, labels = from_lines(arrays["tags"]), arrays["labels"]
    if labels.shape != (counts.n_texts, len(tags)):
        raise ValueError(NO_FIT)
    return Reference(counts, tags, labels)
