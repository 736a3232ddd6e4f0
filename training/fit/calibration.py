"""From out-of-fold margins to probabilities and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from model.pooling import Floats, logistic
from training.measure.metrics import bootstrap_f1

Flags = npt.NDArray[np.bool_]
_MIN_SLOPE = 0.05
_LOWEST, _HIGHEST = 0.02, 0.98


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


def calibrate_tags(margins: Floats, labels: Flags) -> list[Calibration]:
    """Calibrate each tag on out-of-fold margins, shape (articles, tags, 2), and labels, shape (articles, tags)."""
    return [calibrate(margins[:, column], labels[:, column]) for column in range(labels.shape[1])]


def probabilities(margins: Floats, calibrations: Sequence[Calibration]) -> Floats:
    """Return the probability of each tag, shape (articles, tags), of margins of shape (articles, tags, 2)."""
    return np.column_stack([tag.probability(margins[:, column]) for column, tag in enumerate(calibrations)])


def calibrate(margins: Floats, label: Flags) -> Calibration:
    """Stack both margins of one tag, shape (articles, 2), and choose the threshold."""
    stacked = stack(margins, label)
    return replace(stacked, threshold=choose_threshold(stacked.probability(margins), label))


def stack(margins: Floats, label: Flags) -> Calibration:
    """Fit a logistic regression of the label on both margins (Wolpert 1992); the threshold is left at one half."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e3).fit(margins, label)
    slope, article_slope = (float(value) for value in fitted.coef_[0])
    return Calibration(max(slope, _MIN_SLOPE), max(article_slope, 0.0), float(fitted.intercept_[0]), 0.5)


def f1_by_threshold(probability: Floats, label: Flags) -> tuple[Floats, Floats]:
    """Return the distinct probabilities, descending, and F1 when each is the threshold, same shape."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    f1 = 2 * np.cumsum(label[order]) / (np.arange(1, ranked.size + 1) + label.sum())
    last = np.append(ranked[:-1] != ranked[1:], True)
    return ranked[last], f1[last]


def best_threshold(probability: Floats, label: Flags) -> float:
    """Return the threshold with the highest F1, among equals the highest, kept between 0.02 and 0.98."""
    thresholds, f1 = f1_by_threshold(probability, label)
    return float(np.clip(thresholds[np.argmax(f1)], _LOWEST, _HIGHEST))


def choose_threshold(probability: Floats, label: Flags) -> float:
    """Return the geometric middle of the thresholds whose F1 is within one standard error of the highest.

    F1 hardly changes over a wide range, and where its peak stands there is chance. The standard error is that of F1 at
    the peak in resamples of the articles. The threshold is kept between 0.02 and 0.98.
    """
    thresholds, f1 = f1_by_threshold(probability, label)
    given = probability >= thresholds[np.argmax(f1)]
    resampled = bootstrap_f1(label[:, None], given[:, None], np.ones((label.size, 1), bool), seed=0)
    good = thresholds[f1 >= f1.max() - resampled.std()]
    return float(np.clip(np.sqrt(good.min() * good.max()), _LOWEST, _HIGHEST))
