"""The L1 penalty, chosen by cross-validation, and the out-of-fold margins of each article with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from model.pooling import Floats
from training.fit.calibration import probabilities, stack
from training.fit.classifier import TopicClassifier
from training.fit.terms import Bags
from training.measure import N_FOLDS
from training.progress import Progress, silent

Flags = npt.NDArray[np.bool_]
CLEARLY = 2.0
"""Standard errors by which a smaller penalty must be better: the 95 % interval of the difference is above 0."""


def _fold_margins(
    bags: Bags, labels: Flags, weight: Floats, fold: npt.NDArray[np.int64], number: int, penalty: float
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Fit on all folds but one; return the articles of that one and their margins."""
    seen, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
    classifier = TopicClassifier(penalty).fit(bags.take(seen), labels[seen], weight[seen])
    return held_out, classifier.decision_function(bags.take(held_out))


def choose_penalty(
    penalties: Sequence[float],
    bags: Bags,
    labels: Flags,
    weight: Floats,
    fold: npt.NDArray[np.int64],
    jobs: int,
    progress: Progress = silent,
) -> tuple[float, Floats]:
    """Return the penalty, and its out-of-fold margins, shape (articles, tags, 2).

    From the largest on, the next smaller one is taken while it is clearly better: while the calibrated log loss falls
    by more than CLEARLY standard errors of the difference on the same articles. Larger penalties leave fewer terms.
    """
    chosen, margins, loss = 0.0, np.zeros(0), np.zeros(0)
    for penalty in penalties:
        tried = _cross_validate(bags, labels, weight, fold, penalty, jobs, progress)
        tried_loss = log_losses(tried, labels, weight)
        gain = loss - tried_loss if chosen else np.ones(1)
        if gain.mean() <= CLEARLY * gain.std() / np.sqrt(gain.size):
            break
        chosen, margins, loss = penalty, tried, tried_loss
    return chosen, margins


def _cross_validate(
    bags: Bags,
    labels: Flags,
    weight: Floats,
    fold: npt.NDArray[np.int64],
    penalty: float,
    jobs: int,
    progress: Progress,
) -> Floats:
    """Return the margins of each article by a model that did not see it, shape (articles, tags, 2)."""
    from joblib import Parallel, delayed

    margins = np.zeros((*labels.shape, 2))
    tasks = (delayed(_fold_margins)(bags, labels, weight, fold, number, penalty) for number in range(N_FOLDS))
    done = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    for held_out, values in progress(done, f"cross-validation, penalty {penalty:g}", N_FOLDS):
        margins[held_out] = values
    return margins


def log_losses(margins: Floats, labels: Flags, weight: Floats) -> Floats:
    """Return the calibrated log loss of each article over the tags, times its weight, shape (articles,)."""
    fitted = [stack(margins[kept, n], labels[kept, n], weight[kept, n]) for n, kept in enumerate(weight.T > 0)]
    probability = probabilities(margins, fitted)
    wrong = np.where(labels, 1 - probability, probability)
    return np.asarray(-(weight * np.log1p(-np.minimum(wrong, 1 - 1e-12))).mean(axis=1))
