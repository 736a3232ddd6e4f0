"""How a new tag does on texts as they come: where its threshold lies, how many get it, and how many it finds.

Known are the scores of texts that have the tag, by models that did not see them, and the scores of a sample of the
stream, of which nobody knows which have it. Let r(t) be the share of the former with a score of at least t, b(t) that
of the stream, and p the share of the stream that has the tag. As b(t) >= p * r(t) for every t, p is at most

    min over t of (b(t) + TEXTS_IN_DOUBT / sample size) / r(t),

which is what is taken for it (the best bin of Garg, Wu, Smola, Balakrishnan and Lipton 2021). Precision at t is then
p * r(t) / b(t), and the threshold is where F1, 2 * p * r(t) / (p + b(t)), is highest. Both shares are smoothed by a
normal kernel. The texts in doubt keep the threshold from rising above texts that the sample happens to lack.

Recall is told, r at the threshold. Precision and F1 are not: p is bounded from above only, and a text that mentions a
topic by the way may score as those do that have the tag (decision 0007).

Scores of 4 for texts with the tag, 2 % of a stream with the same, and the rest far below:

>>> with_tag = np.array([3.5, 4.0, 4.5] * 14)
>>> result = estimate(with_tag, np.append(with_tag, np.full(1958, -4.0)), np.ones(2000))
>>> round(result.share, 3), 2.5 < result.border < 3.5, round(result.tagged_share, 3), result.recall
(0.023, True, 0.021, 1.0)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from model.pooling import Floats, logistic

TEXTS_IN_DOUBT = 3.0
"""Texts that are added to those of the sample above any threshold: where 3 are expected, 5 % of samples have none."""
BANDWIDTH = 0.3
"""Standard deviation of the kernel, in standard deviations of the scores of texts with the tag."""
MIN_SHARE = 0.25
"""Smallest r(t) at which the share of the stream is estimated: a smaller one rests on too few texts."""
_TOLERANCE = 0.02
"""Difference in F1 that does not matter: the threshold is the middle of those whose F1 is so near the highest."""
_STEPS = 400


@dataclass(frozen=True)
class StreamEstimate:
    """How a tag does on the stream, as far as that is known."""

    border: float
    """The score from which the tag is given."""
    steepness: float
    """Slope of the log odds by the score."""
    probability: float
    """Probability of the tag at the border."""
    share: float
    """Share of the stream that has the tag, at most."""
    tagged_share: float
    """Share of the stream that gets it."""
    recall: float | None = None
    """Share of the texts with the tag that get it; None where no label tells it."""
    recall_interval: tuple[float, float] = (0.0, 1.0)
    """Wilson's, 95 %."""


class _Shares:
    """r(t) and b(t) on a grid of scores."""

    def __init__(self, grid: Floats, bandwidth: float) -> None:
        self.grid, self.step = grid, float(grid[1] - grid[0])
        reach = int(np.ceil(4 * bandwidth / self.step))
        self._kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * self.step / bandwidth) ** 2)
        self._kernel /= self._kernel.sum()
        self._reach = reach

    def of(self, scores: Floats, weight: Floats) -> Floats:
        """Return the share of the weight with a score of at least each of the grid, smoothed, shape (grid,)."""
        cell = np.clip(np.round((scores - self.grid[0]) / self.step).astype(np.int64), -self._reach, self.grid.size - 1)
        mass = np.bincount(cell + self._reach, weight, self.grid.size + 2 * self._reach)
        smooth = np.convolve(mass, self._kernel)[self._reach : -self._reach or None]
        above: Floats = np.cumsum(smooth[::-1])[::-1][self._reach : self._reach + self.grid.size]
        return np.asarray(np.minimum(above / weight.sum(), 1.0))


def estimate(with_tag: Floats, stream: Floats, weight: Floats) -> StreamEstimate:
    """Estimate from scores of texts that have the tag, and of the stream with the weight of each of its texts."""
    spread = max(float(with_tag.std()), 1e-3)
    grid = np.linspace(with_tag.min() - 2 * spread, with_tag.max() + spread, _STEPS)
    shares = _Shares(grid, BANDWIDTH * spread)
    n_effective = weight.sum() ** 2 / (weight**2).sum()
    r, b = shares.of(with_tag, np.ones(with_tag.size)), shares.of(stream, weight)
    share, f1 = _share_and_f1(r, b, TEXTS_IN_DOUBT / n_effective)
    good = np.flatnonzero(f1 >= f1.max() - _TOLERANCE)
    at = int((good[0] + good[-1]) // 2)
    probability = float(np.clip(f1[at] / 2, 0.02, 0.98))
    border = float(grid[at])
    found = binomtest(int((with_tag >= border).sum()), with_tag.size)
    interval = found.proportion_ci(method="wilson")
    return StreamEstimate(
        border,
        _steepness(stream - border, weight / weight.sum(), probability, share),
        probability,
        share,
        float(weight[stream >= border].sum() / weight.sum()),
        float(found.statistic),
        (float(interval.low), float(interval.high)),
    )


def without_labels(border: float, stream: Floats, weight: Floats) -> StreamEstimate:
    """Return what is known of a tag that too few labelled texts have: how much of the stream gets it."""
    share = float(weight[stream >= border].sum() / weight.sum())
    return StreamEstimate(border, 1.0, 0.5, share, share)


def _share_and_f1(r: Floats, b: Floats, in_doubt: float) -> tuple[float, Floats]:
    """Return the share of the stream that has the tag, and F1 at each threshold; `in_doubt` is added to each b."""
    enough = r >= MIN_SHARE
    share = float(np.min((b[enough] + in_doubt) / r[enough]))
    share = min(share, 1.0)
    return share, np.minimum(2 * share * r / np.maximum(share + b, 1e-12), 1.0)


def _steepness(above: Floats, weight: Floats, probability: float, share: float) -> float:
    """Return the slope with which the stream's probabilities add up to the share that has the tag.

    `above` is how far the scores are above the border, at which the probability is `probability`.
    """
    border = np.log(probability / (1 - probability))
    low, high = 0.1, 5.0
    for _ in range(40):
        middle = (low + high) / 2
        mean = float((logistic(middle * above + border) * weight).sum())
        low, high = (middle, high) if mean > share else (low, middle)
    return (low + high) / 2
