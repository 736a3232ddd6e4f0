"""The multiple-instance fit: a sparse linear model over sentences, learnt from labels of whole articles.

For each tag it minimises, over the weights w and the intercept b,

    sum over articles of weight * (log(1 + exp(m)) - y * m)  +  penalty * sum |w|,
    m = b + log sum over sentences x of exp(w . x)

by FISTA (Beck and Teboulle 2009) with backtracking and restart (O'Donoghue and Candès 2015). The log-sum-exp is the
smooth "at least one sentence" of multiple-instance learning (Ray and Craven 2005); the objective is not convex in the
positive articles, and the fit starts from w = 0, so that the same data give the same weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from model.pooling import Floats, Grouping, logistic
from training.progress import Progress, silent

if TYPE_CHECKING:
    from training.fit.terms import Bags

_STEP_GROWTH = 1.6
_STEP_DECAY = 0.97
_FIRST_CURVATURE = 50.0


class SentenceLogisticRegression(ClassifierMixin, BaseEstimator):
    """Multi-label, multiple-instance logistic regression with an L1 penalty.

    Parameters
    ----------
    penalty : float > 0, weight of the L1 norm against the summed log loss
    max_iter : int, iterations at most
    tol : float, stop when no weight moved by more than this in an iteration
    progress : shows how many of the iterations were taken

    Attributes
    ----------
    coef_ : array, shape (terms, tags)
    intercept_ : array, shape (tags,)
    n_features_in_ : int
    n_iter_ : int
    """

    def __init__(
        self, penalty: float = 4.0, max_iter: int = 150, tol: float = 1e-3, progress: Progress = silent
    ) -> None:
        self.penalty = penalty
        self.max_iter = max_iter
        self.tol = tol
        self.progress = progress

    def fit(self, bags: Bags, y: npt.NDArray[np.bool_], sample_weight: Floats | None = None) -> Self:
        """Fit on articles with labels `y`, and weights of at least 0 (1 by default), both of shape (articles, tags)."""
        loss = _BagLoss(bags, np.asarray(y, np.float64), sample_weight)
        n_tags = loss.labels.shape[1]
        weights = ahead = np.zeros((bags.sentences.shape[1], n_tags))
        share = np.clip(loss.labels.mean(axis=0), 1e-3, 1 - 1e-3)
        bias = bias_ahead = np.log(share / (1 - share)) - np.log(np.bincount(bags.article).mean())
        curvature = np.full(n_tags, _FIRST_CURVATURE)
        pace = 1.0
        self.n_iter_ = 0
        for step in self.progress(range(self.max_iter), "fit", self.max_iter):
            self.n_iter_ = step + 1
            new, new_bias, curvature = self._step(loss, ahead, bias_ahead, curvature)
            moved = new - weights
            if ((ahead - new) * moved).sum() > 0:
                pace = 1.0
            next_pace = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
            momentum = (pace - 1) / next_pace
            ahead, bias_ahead = new + momentum * moved, new_bias + momentum * (new_bias - bias)
            weights, bias, pace = new, new_bias, next_pace
            curvature = curvature * _STEP_DECAY
            if np.abs(moved).max(initial=0.0) < self.tol:
                break
        self.coef_, self.intercept_, self.n_features_in_ = weights, bias, weights.shape[0]
        self.classes_ = np.arange(n_tags)
        return self

    def _step(self, loss: _BagLoss, weights: Floats, bias: Floats, curvature: Floats) -> tuple[Floats, Floats, Floats]:
        """Take one proximal step, shorter for each tag until its quadratic bound holds."""
        value, slope, bias_slope = loss.with_gradient(weights, bias)
        while True:
            target = weights - slope / curvature
            new = np.sign(target) * np.maximum(np.abs(target) - self.penalty / curvature, 0)
            new_bias = bias - bias_slope / curvature
            moved, bias_moved = new - weights, new_bias - bias
            linear = (slope * moved).sum(axis=0) + bias_slope * bias_moved
            bound = value + linear + curvature / 2 * ((moved**2).sum(axis=0) + bias_moved**2)
            too_long = loss.value(new, new_bias) > bound + 1e-9 * np.abs(bound)
            if not too_long.any():
                return new, new_bias, curvature
            curvature = np.where(too_long, curvature * _STEP_GROWTH, curvature)

    def decision_function(self, bags: Bags) -> Floats:
        """Return margins, shape (articles, tags)."""
        check_is_fitted(self, "coef_")
        margins: Floats = Grouping(bags.article).log_sum_exp(bags.sentences @ self.coef_)[0] + self.intercept_
        return margins

    def predict_proba(self, bags: Bags) -> Floats:
        """Return uncalibrated probabilities, shape (articles, tags)."""
        return logistic(self.decision_function(bags))

    def predict(self, bags: Bags) -> npt.NDArray[np.bool_]:
        """Return which probabilities are above one half, shape (articles, tags)."""
        return self.decision_function(bags) > 0


class _BagLoss:
    """The summed log loss of each tag and its gradient."""

    def __init__(self, bags: Bags, labels: Floats, sample_weight: Floats | None) -> None:
        self.sentences = bags.sentences
        self.transposed = bags.sentences.T.tocsr()
        self.grouping = Grouping(bags.article)
        self.labels = labels
        self.sample_weight = np.ones_like(labels) if sample_weight is None else sample_weight

    def value(self, weights: Floats, bias: Floats) -> Floats:
        """Return the loss of each tag, shape (tags,)."""
        margin = self.grouping.log_sum_exp(self.sentences @ weights)[0] + bias
        return self._sum(margin)

    def _sum(self, margin: Floats) -> Floats:
        losses = np.logaddexp(0, margin) - self.labels * margin
        return np.asarray((self.sample_weight * losses).sum(axis=0))

    def with_gradient(self, weights: Floats, bias: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the loss, and its gradient by weights, shape (terms, tags), and by bias, shape (tags,)."""
        margin, share = self.grouping.log_sum_exp(self.sentences @ weights)
        margin = margin + bias
        error = self.sample_weight * (logistic(margin) - self.labels)
        return self._sum(margin), self.transposed @ (error[self.grouping.article] * share), error.sum(axis=0)
