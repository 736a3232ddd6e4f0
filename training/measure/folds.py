"""Folds for cross-validation that keep near-duplicate articles on one side and the tags in proportion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.corpus.duplicates import find_near_duplicates, group_duplicates
from training.progress import Progress, silent

N_FOLDS = 5


def assign_folds(
    texts: Sequence[str], labels: npt.NDArray[np.bool_], *, seed: int, progress: Progress = silent
) -> npt.NDArray[np.int64]:
    """Return the fold of each text, 0 to N_FOLDS - 1, shape (texts,); `labels` has shape (texts, tags)."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups = group_duplicates(len(texts), find_near_duplicates(texts, progress))
    combination = np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    splitter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    fold = np.zeros(len(texts), np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for number, (_, held_out) in enumerate(splitter.split(fold, combination, groups)):
            fold[held_out] = number
    return fold
