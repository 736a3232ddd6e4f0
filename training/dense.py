"""An artifact's weights as arrays, for the fit and for whoever scores bags of terms instead of texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.artifact import Artifact
from model.linear import Floats, log_sum_exp
from training.terms import Bags


@dataclass(frozen=True)
class DenseWeights:
    """Weights by term and tag, and each tag's own numbers."""

    sentence: Floats
    """Shape (terms, tags)."""
    article: Floats
    """Shape (terms, tags)."""
    slope: Floats
    """Shape (tags,)."""
    intercept: Floats
    """Shape (tags,)."""

    @classmethod
    def of(cls, artifact: Artifact, n_terms: int | None = None) -> DenseWeights:
        """Unpack an artifact; terms beyond its own, where `n_terms` counts them, have no weight."""
        more = (n_terms or len(artifact.terms)) - len(artifact.terms)
        sentence, article = (
            np.pad(weights.dense, ((0, more), (0, 0)))
            for weights in (artifact.sentence_weights, artifact.article_weights)
        )
        slope, intercept = (np.array([getattr(tag, name) for tag in artifact.tags]) for name in ("slope", "intercept"))
        return cls(sentence, article, slope, intercept)

    def margins(self, bags: Bags) -> Floats:
        """Return the margins of bags over these terms, shape (articles, tags): the formula of `model.linear`."""
        first = np.flatnonzero(np.diff(bags.article, prepend=-1))
        strongest = log_sum_exp(np.asarray(bags.sentences @ self.sentence), first)
        margins: Floats = self.slope * strongest + bags.articles @ self.article + self.intercept
        return margins
