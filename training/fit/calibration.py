"""From out-of-fold margins to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from model.pooling import Floats, logistic
from training.measure import choose_threshold

Flags = npt.NDArray[np.bool_]
_MIN_SLOPE = 0.05


@dataclass(frozen=True)
class Calibration:
    """probability = logistic(slope * sentence margin + article_slope * article margin + intercept), and a threshold."""

    slope: float
    article_slope: float
    intercept: float
    threshold: float

    def probability(self, margins: Floats) -> Floats:
        """Return probabilities, shape (articles,), of the two margins of each article, shape (articles, 2)."""
        return logistic(margins @ np.array([self.slope, self.article_slope]) + self.intercept)

    def intercept_with(self, sentence_bias: float, article_bias: float) -> float:
        """Return the intercept that also holds the biases of the two margins."""
        return float(self.slope * sentence_bias + self.article_slope * article_bias + self.intercept)


def calibrate_tags(margins: Floats, labels: Flags, weight: Floats) -> list[Calibration]:
    """Calibrate each tag on out-of-fold margins, shape (articles, tags, 2), and labels, shape (articles, tags).

    `weight`, of the same shape as the labels, says how much an article counts for a tag; with 0 it is left out.
    """
    return [
        calibrate(margins[kept, column], labels[kept, column], weight[kept, column])
        for column, kept in enumerate(weight.T > 0)
    ]


def probabilities(margins: Floats, calibrations: Sequence[Calibration]) -> Floats:
    """Return the probability of each tag, shape (articles, tags), of margins of shape (articles, tags, 2)."""
    return np.column_stack([tag.probability(margins[:, column]) for column, tag in enumerate(calibrations)])


def calibrate(margins: Floats, label: Flags, weight: Floats | None = None) -> Calibration:
    """Stack both margins of one tag, shape (articles, 2), and choose the threshold."""
    stacked = stack(margins, label, weight)
    return replace(stacked, threshold=choose_threshold(stacked.probability(margins), label, weight))


def stack(margins: Floats, label: Flags, weight: Floats | None = None) -> Calibration:
    """Fit a logistic regression of the label on both margins (Wolpert 1992); the threshold is left at one half."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e3).fit(margins, label, sample_weight=weight)
    slope, article_slope = (float(value) for value in fitted.coef_[0])
    return Calibration(max(slope, _MIN_SLOPE), max(article_slope, 0.0), float(fitted.intercept_[0]), 0.5)
