"""The threshold of a tag: which F1 each would have, and which one is chosen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.pooling import Floats
from training.measure.metrics import bootstrap_f1

Flags = npt.NDArray[np.bool_]
_LOWEST, _HIGHEST = 0.02, 0.98


def f1_by_threshold(probability: Floats, label: Flags, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the distinct probabilities, descending, and F1 when each is the threshold, same shape.

    All of the shape (records,); a record counts `weight` times, by default once.
    """
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    counts = np.ones(ranked.size) if weight is None else weight[order]
    n_right = np.cumsum(counts * label[order])
    f1 = 2 * n_right / (np.cumsum(counts) + n_right[-1])
    last = np.append(ranked[:-1] != ranked[1:], True)
    return ranked[last], f1[last]


def best_threshold(probability: Floats, label: Flags) -> float:
    """Return the threshold with the highest F1, among equals the highest, kept between 0.02 and 0.98."""
    thresholds, f1 = f1_by_threshold(probability, label)
    return float(np.clip(thresholds[np.argmax(f1)], _LOWEST, _HIGHEST))


def choose_threshold(probability: Floats, label: Flags, weight: Floats | None = None) -> float:
    """Return the geometric middle of the thresholds whose F1 is within one standard error of the highest.

    F1 hardly changes over a wide range, and where its peak stands there is chance. The standard error is that of F1 at
    the peak in resamples of the articles. An article counts `weight` times, shape (articles,), by default once. The
    threshold is kept between 0.02 and 0.98.
    """
    thresholds, f1 = f1_by_threshold(probability, label, weight)
    given = probability >= thresholds[np.argmax(f1)]
    every = np.ones((label.size, 1), bool)
    resampled = bootstrap_f1(label[:, None], given[:, None], every, seed=0, weight=weight)
    good = thresholds[f1 >= f1.max() - resampled.std()]
    return float(np.clip(np.sqrt(good.min() * good.max()), _LOWEST, _HIGHEST))
