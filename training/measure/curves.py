"""The curves that show how good one tag's probabilities are, as points to draw.

>>> import numpy as np
>>> label, probability = np.array([True, False, True]), np.array([0.9, 0.8, 0.3])
>>> precision_recall(label, probability)
[(0.5, 1.0), (0.5, 0.5), (1.0, 0.6666666666666666)]
>>> reliability(label, probability)
[(0.3, 1.0), (0.8, 0.0), (0.9, 1.0)]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.pooling import Floats
from training.measure.metrics import N_BINS

Flags = npt.NDArray[np.bool_]
Points = list[tuple[float, float]]


def precision_recall(label: Flags, probability: Floats) -> Points:
    """Return recall and precision at each probability taken as the threshold, the highest first.

    There must be at least one text with the tag.
    """
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(label[order])
    is_last = np.append(np.diff(probability[order]) != 0, True)  # equal probabilities are given together
    n_given = np.flatnonzero(is_last) + 1
    recall, precision = hits[is_last] / label.sum(), hits[is_last] / n_given
    return list(zip(recall.tolist(), precision.tolist(), strict=True))


def reliability(label: Flags, probability: Floats) -> Points:
    """Return the mean probability and the share with the tag of the bins of equal width that are not empty."""
    bins = np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)
    count = np.bincount(bins, minlength=N_BINS)
    filled = count > 0
    mean = np.bincount(bins, probability, N_BINS)[filled] / count[filled]
    share = np.bincount(bins, label, N_BINS)[filled] / count[filled]
    return list(zip(mean.tolist(), share.tolist(), strict=True))
