"""How good tags are: precision, recall, F1, average precision, Brier score and calibration error, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from model.pooling import Floats

Flags = npt.NDArray[np.bool_]
N_BINS = 10
N_RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)


def expected_calibration_error(label: Flags, probability: Floats) -> float:
    """Return the mean gap between probability and frequency over ten bins of equal width (Guo et al. 2017)."""
    bins = np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)
    gap = np.bincount(bins, weights=probability - label, minlength=N_BINS)
    return float(np.abs(gap).sum() / label.size) if label.size else 0.0


def f1_of_counts(true_positive: Floats, false_positive: Floats, false_negative: Floats) -> Floats:
    """Return F1, elementwise; 0 where there is neither a tag nor a given one."""
    total = 2 * true_positive + false_positive + false_negative
    return np.divide(2 * true_positive, total, out=np.zeros_like(total, dtype=np.float64), where=total > 0)


def bootstrap_f1(label: Flags, given: Flags, counted: Flags, *, seed: int, weight: Floats | None = None) -> Floats:
    """Return F1 of each tag in resamples of the records, shape (N_RESAMPLES, tags).

    A record counts `weight` times, shape (records,), by default once. Records that are alike in all that counts are
    drawn together: how often each kind stands in a resample is multinomial, too.
    """
    rng = np.random.default_rng(seed)
    n, n_tags = label.shape
    cells = np.hstack([label & given & counted, ~label & given & counted, label & ~given & counted]).astype(np.float64)
    weights = np.ones(n) if weight is None else weight
    kinds, n_alike = np.unique(np.column_stack([weights, cells]), axis=0, return_counts=True)
    times = rng.multinomial(n, n_alike / n, size=N_RESAMPLES) * kinds[:, 0]
    totals = times @ kinds[:, 1:]
    return f1_of_counts(*(totals[:, part * n_tags : (part + 1) * n_tags] for part in range(3)))


def _interval(values: Floats) -> list[float]:
    return [round(float(bound), 4) for bound in np.percentile(values, _INTERVAL)]


def _of_tag(label: Flags, probability: Floats, given: Flags) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, brier_score_loss

    true_positive = int((label & given).sum())
    values = {
        "precision": true_positive / given.sum() if given.any() else 0.0,
        "recall": true_positive / label.sum() if label.any() else 0.0,
        "f1": float(f1_of_counts(*(np.array(float(c.sum())) for c in (label & given, ~label & given, label & ~given)))),
        "average_precision": average_precision_score(label, probability) if label.any() else 0.0,
        "brier": brier_score_loss(label, probability) if label.size else 0.0,
        "calibration_error": expected_calibration_error(label, probability),
    }
    return {"support": int(label.sum()), **{name: round(float(value), 4) for name, value in values.items()}}


def measure(
    tags: list[str], label: Flags, probability: Floats, given: Flags, counted: Flags, *, seed: int = 0
) -> dict[str, Any]:
    """Return all figures for arrays of shape (records, tags); pairs that are not `counted` are left out.

    Macro figures are means over the tags that some record has or was given; without any, over all.
    """
    resampled = bootstrap_f1(label, given, counted, seed=seed)
    by_tag: dict[str, dict[str, Any]] = {}
    for column, tag in enumerate(tags):
        kept = counted[:, column]
        figures: dict[str, Any] = dict(_of_tag(label[kept, column], probability[kept, column], given[kept, column]))
        figures["f1_interval"] = _interval(resampled[:, column])
        by_tag[tag] = figures
    names = ("precision", "recall", "f1", "average_precision", "brier", "calibration_error")
    met = np.asarray(((label | given) & counted).any(axis=0))
    met |= not met.any()
    shown = [figures for figures, is_met in zip(by_tag.values(), met, strict=True) if is_met]
    macro: dict[str, Any] = {name: round(float(np.mean([figures[name] for figures in shown])), 4) for name in names}
    macro["f1_interval"] = _interval(resampled[:, met].mean(axis=1))
    micro = _of_tag(label[counted], probability[counted], given[counted])
    return {"records": int(label.shape[0]), "macro": macro, "micro": micro, "tags": by_tag}


def measure_slices(
    tags: list[str],
    label: Flags,
    probability: Floats,
    given: Flags,
    borderline: Flags,
    is_teaser: Flags,
    judged: Flags,
) -> dict[str, Any]:
    """Return figures over all decisions and over the clear ones, of all records, the articles and the teasers.

    Pairs that nobody `judged` are no decisions. All arrays but `is_teaser` have shape (records, tags).
    """
    slices = {"all": np.ones(len(label), bool), "articles": ~is_teaser, "teasers": is_teaser}
    return {
        name: {
            "all decisions": measure(tags, label[rows], probability[rows], given[rows], judged[rows]),
            "clear decisions": measure(tags, label[rows], probability[rows], given[rows], (judged & ~borderline)[rows]),
        }
        for name, rows in slices.items()
        if rows.any()
    }
