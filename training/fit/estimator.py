"""The multiple-instance fit: a sparse linear model over sentences, learnt from labels of whole articles.

For each tag it minimises, over the weights w and the intercept b,

    sum over articles of weight * (log(1 + exp(m)) - y * m)  +  penalty * sum |w|,
    m = b + log sum over sentences x of exp(w . x)

where the marked sentences of articles count as further articles: see `training.fit.evidence`. It does so by FISTA (Beck
and Teboulle 2009) with backtracking, restart (O'Donoghue and Candès 2015) and steps scaled by term. The log-sum-exp is
the smooth "at least one sentence" of multiple-instance learning (Ray and Craven 2005); the objective is not convex in
the positive articles, and the fit starts from w = 0, so that the same data give the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from model.pooling import Floats, Grouping, logistic
from training.fit.evidence import marked_bags
from training.progress import Progress, silent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from training.fit.terms import Bags

_STEP_GROWTH = 1.6
_STEP_DECAY = 0.97
_FIRST_CURVATURE = 20.0
_SHORTEST = 1e-6
"""Length of a term's column that is told from 0."""
_ROUND = 20
"""Iterations for which it is chosen which terms may have a weight: the others cost time and stay at 0."""
_NEAR = 0.7
"""A term may have a weight where its gradient is above this share of the penalty."""


class SentenceLogisticRegression(ClassifierMixin, BaseEstimator):
    """Multi-label, multiple-instance logistic regression with an L1 penalty.

    Parameters
    ----------
    penalty : float > 0, weight of the L1 norm against the summed log loss
    max_iter : int, largest number of iterations
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
        self, penalty: float = 4.0, max_iter: int = 110, tol: float = 1e-3, progress: Progress = silent
    ) -> None:
        self.penalty = penalty
        self.max_iter = max_iter
        self.tol = tol
        self.progress = progress

    def fit(self, bags: Bags, y: npt.NDArray[np.bool_], sample_weight: Floats | None = None) -> Self:
        """Fit on articles with labels `y`, and weights of at least 0 (1 by default), both of shape (articles, tags)."""
        loss = whole = _BagLoss.of(bags, np.asarray(y, np.float64), sample_weight)
        n_terms, n_tags = bags.sentences.shape[1], y.shape[1]
        terms = np.arange(n_terms)
        point = ahead = _first_point(whole)
        curvature = np.full(n_tags, _FIRST_CURVATURE)
        pace = 1.0
        self.n_iter_ = 0
        for step in self.progress(range(self.max_iter), "fit", self.max_iter):
            self.n_iter_ = step + 1
            if step % _ROUND == 0:
                point, ahead = point.spread(terms, n_terms), ahead.spread(terms, n_terms)
                terms = self._active(whole, point)
                loss = whole.restricted(terms)
                point, ahead = loss.at(point.weights[terms], point.bias), loss.at(ahead.weights[terms], ahead.bias)
            new, curvature = self._step(loss, ahead, curvature)
            moved = new.weights - point.weights
            if (loss.steepness * (ahead.weights - new.weights) * moved).sum() > 0:
                pace = 1.0
            next_pace = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
            ahead = new.beyond(point, (pace - 1) / next_pace)
            point, pace, curvature = new, next_pace, curvature * _STEP_DECAY
            if np.abs(moved).max(initial=0.0) < self.tol:
                break
        self.coef_, self.intercept_, _ = point.spread(terms, n_terms)
        self.n_features_in_, self.classes_ = n_terms, np.arange(n_tags)
        return self

    def _active(self, loss: _BagLoss, point: _Point) -> npt.NDArray[np.int64]:
        """Return the terms that have a weight, or whose gradient is near the size at which they would get one."""
        slope = loss.with_gradient(point)[1]
        return np.flatnonzero((point.weights != 0).any(axis=1) | (np.abs(slope) > _NEAR * self.penalty).any(axis=1))

    def _step(self, loss: _BagLoss, start: _Point, curvature: Floats) -> tuple[_Point, Floats]:
        """Take one proximal step, shorter for each tag until its quadratic bound holds.

        Return where it leads, and the curvature of each tag's bound, which by a term is `loss.steepness` times that.
        """
        value, slope, bias_slope = loss.with_gradient(start)
        while True:
            by_term = curvature * loss.steepness
            target = start.weights - slope / by_term
            weights = np.sign(target) * np.maximum(np.abs(target) - self.penalty / by_term, 0)
            new = loss.at(weights, start.bias - bias_slope / curvature)
            moved, bias_moved = new.weights - start.weights, new.bias - start.bias
            linear = (slope * moved).sum(axis=0) + bias_slope * bias_moved
            bound = value + linear + curvature / 2 * ((loss.steepness * moved**2).sum(axis=0) + bias_moved**2)
            too_long = loss.value(new) > bound + 1e-9 * np.abs(bound)
            if not too_long.any():
                return new, curvature
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


class _Point(NamedTuple):
    """The weights and biases that the fit has come to."""

    weights: Floats
    """Shape (terms, tags)."""
    bias: Floats
    """Shape (tags,)."""
    scores: Floats
    """Scores of the sentences with these weights, shape (sentences, tags)."""

    def beyond(self, before: _Point, momentum: float) -> _Point:
        """Return this point plus `momentum` times the step from `before` to it; scores are linear in the weights."""
        weights, bias, scores = (new + momentum * (new - old) for new, old in zip(self, before, strict=True))
        return _Point(weights, bias, scores)

    def spread(self, terms: npt.NDArray[np.int64], n_terms: int) -> _Point:
        """Return the point with a weight for each of `n_terms`, which is 0 for others than `terms`."""
        full = np.zeros((n_terms, self.weights.shape[1]))
        full[terms] = self.weights
        return self._replace(weights=full)


@dataclass(frozen=True)
class _BagLoss:
    """The summed log loss of each tag and its gradient."""

    sentences: csr_array
    transposed: csr_array
    grouping: Grouping
    labels: Floats
    sample_weight: Floats
    steepness: Floats
    """How fast the gradient by a term may change, against that of others, shape (terms, 1): the root of the length of
    its column. The steeper, the shorter the step."""

    @classmethod
    def of(cls, bags: Bags, labels: Floats, sample_weight: Floats | None) -> _BagLoss:
        """Return the loss of articles, and of the bags that their marked sentences add."""
        weight = np.ones_like(labels) if sample_weight is None else sample_weight
        added = marked_bags(bags, labels, weight)
        sentences, article = bags.sentences, bags.article
        if added.sentence.size:
            sentences = vstack([sentences, sentences[added.sentence]], format="csr")
            article = np.concatenate([article, len(labels) + added.bag])
        labels, weight = np.vstack([labels, added.labels]), np.vstack([weight, added.weight])
        lengths = np.sqrt(np.asarray(sentences.power(2).sum(axis=0)))
        steepness = np.sqrt(np.maximum(lengths, _SHORTEST) / max(_SHORTEST, np.median(lengths)))[:, None]
        return cls(sentences, sentences.T.tocsr(), Grouping(article), labels, weight, steepness)

    def restricted(self, terms: npt.NDArray[np.int64]) -> _BagLoss:
        """Return the loss where only these terms have weights."""
        transposed = self.transposed[terms]
        sentences, steepness = transposed.T.tocsr(), self.steepness[terms]
        return replace(self, sentences=sentences, transposed=transposed, steepness=steepness)

    def at(self, weights: Floats, bias: Floats) -> _Point:
        """Return the point with these weights and biases."""
        return _Point(weights, bias, self.sentences @ weights)

    def value(self, point: _Point) -> Floats:
        """Return the loss of each tag, shape (tags,)."""
        return self._sum(self.grouping.log_sum_exp(point.scores)[0] + point.bias)

    def _sum(self, margin: Floats) -> Floats:
        losses = np.logaddexp(0, margin) - self.labels * margin
        return np.asarray((self.sample_weight * losses).sum(axis=0))

    def with_gradient(self, point: _Point) -> tuple[Floats, Floats, Floats]:
        """Return the loss, and its gradient by weights, shape (terms, tags), and by bias, shape (tags,)."""
        margin, share = self.grouping.log_sum_exp(point.scores)
        margin = margin + point.bias
        error = self.sample_weight * (logistic(margin) - self.labels)
        return self._sum(margin), self.transposed @ (error[self.grouping.article] * share), error.sum(axis=0)


def _first_point(loss: _BagLoss) -> _Point:
    """Return the point where the fit begins: all weights are 0, and the biases give each tag its share of articles."""
    share = np.clip(loss.labels.mean(axis=0), 1e-3, 1 - 1e-3)
    bias = np.log(share / (1 - share)) - np.log(np.bincount(loss.grouping.article).mean())
    return loss.at(np.zeros((loss.sentences.shape[1], share.size)), bias)
