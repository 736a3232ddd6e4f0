"""How a new tag does on texts as they come: how many have it, where its threshold lies, and how good it is.

Known are the scores of texts that have the tag, by models that did not see them, and the scores of a sample of the
stream, of which nobody knows which have it. Let r(t) be the share of the former with a score of at least t, b(t) that
of the stream, and p the share of the stream that has the tag. As b(t) >= p * r(t) for every t, p is at most

    min over t of (b(t) + TEXTS_IN_DOUBT / sample size) / r(t),

which is what is taken for it (the best bin of Garg, Wu, Smola, Balakrishnan and Lipton 2021). Precision at t is then
p * r(t) / b(t), and F1 is 2 * p * r(t) / (p + b(t)). Both shares are smoothed by a normal kernel. The F1 that is told
leaves out the texts in doubt, which only keep the threshold from rising above texts that the sample happens to lack.

Scores of 4 for texts with the tag, 2 % of a stream with the same, and the rest far below:

>>> with_tag = np.array([3.5, 4.0, 4.5] * 14)
>>> result = estimate(with_tag, np.append(with_tag, np.full(1958, -4.0)), np.ones(2000))
>>> round(result.share, 3), 2.5 < result.border < 3.5, result.f1 > 0.95
(0.023, True, True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.pooling import Floats, logistic

TEXTS_IN_DOUBT = 3.0
"""Texts that are added to those of the sample above any threshold: where 3 are expected, 5 % of samples have none."""
BANDWIDTH = 0.3
"""Standard deviation of the kernel, in standard deviations of the scores of texts with the tag."""
MIN_SHARE = 0.25
"""Smallest r(t) at which the share of the stream is estimated: a smaller one rests on too few texts."""
_TOLERANCE = 0.02
"""Difference in F1 that does not matter: the threshold is the middle of those whose F1 is so near the highest."""
N_RESAMPLES = 100
MIN_TAGGED, MAX_WIDTH = 20, 0.2
"""Texts of the stream's sample that must get the tag, and the widest interval of F1, for a figure to be told."""
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
    """Share of the stream that has the tag."""
    f1: float
    interval: tuple[float, float]
    """Of F1, 95 %, by resampling both samples."""
    n_tagged: float
    """Texts of the sample that get the tag."""

    @property
    def can_be_told(self) -> bool:
        """Tell whether the figures rest on enough texts."""
        return self.n_tagged >= MIN_TAGGED and self.interval[1] - self.interval[0] <= MAX_WIDTH


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
    effective = weight.sum() ** 2 / (weight**2).sum()
    r, b = shares.of(with_tag, np.ones(with_tag.size)), shares.of(stream, weight)
    share, f1 = _share_and_f1(r, b, TEXTS_IN_DOUBT / effective)
    good = np.flatnonzero(f1 >= f1.max() - _TOLERANCE)
    at = int((good[0] + good[-1]) // 2)
    resampled = _resample(shares, at, with_tag, stream, weight)
    low, high = np.percentile(resampled, [2.5, 97.5])
    probability = float(np.clip(f1[at] / 2, 0.02, 0.98))
    border = float(grid[at])
    return StreamEstimate(
        border,
        _steepness(stream - border, weight / weight.sum(), probability, share),
        probability,
        share,
        float(_share_and_f1(r, b)[1][at]),
        (float(low), float(high)),
        float(b[at] * effective),
    )


def _share_and_f1(r: Floats, b: Floats, in_doubt: float = 0.0) -> tuple[float, Floats]:
    """Return the share of the stream that has the tag, and F1 at each threshold; `in_doubt` is added to each b."""
    enough = r >= MIN_SHARE
    share = float(np.min((b[enough] + in_doubt) / r[enough]))
    share = min(share, 1.0)
    return share, np.minimum(2 * share * r / np.maximum(share + b, 1e-12), 1.0)


def _resample(shares: _Shares, at: int, with_tag: Floats, stream: Floats, weight: Floats) -> Floats:
    """Return F1 at one threshold in resamples of the texts with the tag and of the stream, shape (N_RESAMPLES,)."""
    rng = np.random.default_rng(0)
    near = np.flatnonzero(stream >= shares.grid[0] - 4 * BANDWIDTH * with_tag.std())
    rest = weight.sum() - weight[near].sum()
    f1 = []
    for _ in range(N_RESAMPLES):
        r = shares.of(rng.choice(with_tag, with_tag.size), np.ones(with_tag.size))
        drawn = rng.poisson(1.0, near.size) * weight[near]
        scores = np.append(stream[near], shares.grid[0] - 1e3)
        b = shares.of(scores, np.append(drawn, rest))
        f1.append(_share_and_f1(r, b)[1][at])
    return np.array(f1)


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
