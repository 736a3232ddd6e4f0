"""An artifact's linear model as dense arrays, for fits and for scores of bags of terms; and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model.artifact import Artifact
from model.pooling import Floats, Grouping, log_sum_exp
from model.weights import SparseWeights
from training.fit.terms import Bags


@dataclass(frozen=True)
class DenseModel:
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
    def of(cls, artifact: Artifact, n_terms: int | None = None) -> DenseModel:
        """Unpack an artifact; terms beyond its own, where `n_terms` counts them, have no weight."""
        more = (n_terms or len(artifact.terms)) - len(artifact.terms)
        return cls(
            np.pad(artifact.sentence_weights.dense, ((0, more), (0, 0))),
            np.pad(artifact.article_weights.dense, ((0, more), (0, 0))),
            np.array([tag.slope for tag in artifact.tags]),
            np.array([tag.intercept for tag in artifact.tags]),
        )

    def margins(self, bags: Bags) -> Floats:
        """Return the margins of bags over these terms, shape (articles, tags): the formula of `model.pooling`."""
        first = Grouping(bags.article).first
        strongest = log_sum_exp(np.asarray(bags.sentences @ self.sentence), first)
        margins: Floats = self.slope * strongest + bags.articles @ self.article + self.intercept
        return margins


class WeightedTerms(NamedTuple):
    """The terms that have a weight, as an artifact has them."""

    terms: tuple[str, ...]
    sentence_weights: SparseWeights
    article_weights: SparseWeights
    idf: Floats

    @classmethod
    def of(cls, terms: Sequence[str], by_sentence: Floats, by_article: Floats, idf: Floats) -> WeightedTerms:
        """Drop the terms whose rows of both weights, shape (terms, tags), are 0.

        Those with a weight for sentences stand first: tagging skips the others there.
        """
        in_sentences, in_articles = by_sentence.any(axis=1), by_article.any(axis=1)
        kept = np.concatenate([np.flatnonzero(in_sentences), np.flatnonzero(in_articles & ~in_sentences)])
        return cls(
            tuple(terms[row] for row in kept.tolist()),
            SparseWeights.of(by_sentence[kept]),
            SparseWeights.of(by_article[kept]),
            idf[kept],
        )
