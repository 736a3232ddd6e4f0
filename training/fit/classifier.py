"""The classifier of chude: the sentence model and an article model side by side, each with its own margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from model.pooling import Floats
from training.fit.estimator import SentenceLogisticRegression
from training.progress import Progress, silent

if TYPE_CHECKING:
    from training.fit.terms import Bags


ARTICLE_STRENGTH = 0.8
"""The C of the article model is this over the penalty: its features are damped, so that they are penalised less."""
SMALLEST_SENTENCE_WEIGHT, SMALLEST_ARTICLE_WEIGHT = 0.01, 0.04
"""Smaller weights, before idf, become 0: a fifth of all, which say little and cost a tenth of the tagger's time."""


class TopicClassifier(ClassifierMixin, BaseEstimator):
    """Fit `SentenceLogisticRegression` on sentences, and L1-penalised logistic regression on articles.

    Parameters
    ----------
    penalty : float > 0, weight of the L1 norm against the summed log loss
    progress : shows how many of the sentence model's iterations were taken

    Attributes
    ----------
    sentence_coef_, article_coef_ : arrays, shape (terms, tags)
    intercepts_ : array, shape (2, tags), of the sentences and of the articles
    """

    def __init__(self, penalty: float = 4.0, progress: Progress = silent) -> None:
        self.penalty = penalty
        self.progress = progress

    def fit(self, bags: Bags, y: npt.NDArray[np.bool_], sample_weight: Floats | None = None) -> Self:
        """Fit on articles with labels `y`, and weights of at least 0 (1 by default), both of shape (articles, tags)."""
        weight = np.ones(y.shape) if sample_weight is None else sample_weight
        by_sentence = SentenceLogisticRegression(self.penalty, progress=self.progress).fit(bags, y, weight)
        by_article = [
            LogisticRegression(
                l1_ratio=1.0, C=ARTICLE_STRENGTH / self.penalty, solver="liblinear", tol=1e-3, random_state=0
            ).fit(bags.articles, y[:, tag], sample_weight=weight[:, tag])
            for tag in range(y.shape[1])
        ]
        by_sentence.coef_ = _without_small(by_sentence.coef_, SMALLEST_SENTENCE_WEIGHT)
        self.sentence_coef_ = by_sentence.coef_
        article_coef = np.column_stack([fitted.coef_[0] for fitted in by_article])
        self.article_coef_ = _without_small(article_coef, SMALLEST_ARTICLE_WEIGHT)
        self.intercepts_ = np.array([by_sentence.intercept_, [fitted.intercept_[0] for fitted in by_article]])
        self.sentence_ = by_sentence
        self.classes_ = np.arange(y.shape[1])
        return self

    def decision_function(self, bags: Bags) -> Floats:
        """Return the margins of the sentence model and of the article model, shape (articles, tags, 2)."""
        check_is_fitted(self, "sentence_")
        by_article = bags.articles @ self.article_coef_ + self.intercepts_[1]
        return np.stack([self.sentence_.decision_function(bags), by_article], axis=-1)


def _without_small(weights: Floats, smallest: float) -> Floats:
    return np.where(np.abs(weights) < smallest, 0.0, weights)
