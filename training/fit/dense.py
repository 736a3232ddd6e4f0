"""An artifact's weights as arrays, for the fit and for whoever scores bags of terms instead of texts; and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.artifact.artifact import Artifact
from model.pooling import Floats, log_sum_exp
from model.weights import SparseWeights
from training.fit.terms import Bags


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
        """Return the margins of bags over these terms, shape (articles, tags): the formula of `model.pooling`."""
        first = np.flatnonzero(np.diff(bags.article, prepend=-1))
        strongest = log_sum_exp(np.asarray(bags.sentences @ self.sentence), first)
        margins: Floats = self.slope * strongest + bags.articles @ self.article + self.intercept
        return margins


def weighted_terms(by_sentence: Floats, by_article: Floats) -> npt.NDArray[np.int64]:
    """Return the rows that have a weight, those with one for sentences first: tagging skips the others there."""
    in_sentences, in_articles = by_sentence.any(axis=1), by_article.any(axis=1)
    return np.concatenate([np.flatnonzero(in_sentences), np.flatnonzero(in_articles & ~in_sentences)])


def sparse(weights: Floats) -> SparseWeights:
    """Return dense weights, shape (terms, tags), as sparse rows."""
    row, tag = np.nonzero(weights)
    return SparseWeights(
        np.searchsorted(row, np.arange(weights.shape[0] + 1)), tag, weights[row, tag], weights.shape[1]
    )
