"""From terms to margins: two sparse linear models, one over sentences and one over the whole article.

With w(x) the sum of the sentence weights of the distinct terms in x, v(x) that of the article weights, and n the number
of sentences, for a tag:

    score(sentence)      = w(sentence)
    context(article)     = v(article) / n ** LENGTH_POWER
    margin(article)      = slope * log sum over sentences of exp(score(sentence)) + context(article) + intercept
    probability(article) = 1 / (1 + exp(-margin(article)))

The log-sum-exp makes one telling sentence enough; the context is what the article as a whole says for or against.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from model.terms import Ints

Floats = npt.NDArray[np.float64]
LENGTH_POWER = 0.25
"""How much less each term of a longer article tells of the whole."""


@dataclass(frozen=True)
class Entries:
    """Weights of occurring terms, one entry for each tag that the term has a weight for; all of shape (entries,)."""

    occurrence: Ints
    """Number of the occurrence among those that were asked for."""
    tag: Ints
    weight: Floats

    def sum_by(self, row: Ints, n_rows: int, n_tags: int) -> Floats:
        """Return the sums of weights, shape (rows, tags); `row` is that of each occurrence."""
        cell = row.take(self.occurrence) * n_tags + self.tag
        sums = np.bincount(cell, self.weight, n_rows * n_tags)
        return sums.astype(np.float64, copy=False).reshape(n_rows, n_tags)


@dataclass(frozen=True)
class SparseWeights:
    """Weights by term (rows) and tag, in compressed sparse rows."""

    indptr: Ints
    """Where each term's entries begin, shape (terms + 1,)."""
    tag: Ints
    """Tag of each entry, shape (entries,)."""
    weight: Floats
    """Weight of each entry, shape (entries,)."""

    @cached_property
    def n_entries(self) -> Ints:
        """Return the number of entries of each term, shape (terms,)."""
        return np.diff(self.indptr)

    @cached_property
    def has_entry(self) -> npt.NDArray[np.bool_]:
        """Tell which terms have a weight for some tag, shape (terms,)."""
        return self.n_entries > 0

    def stacked_on(self, other: SparseWeights) -> SparseWeights:
        """Return the weights of `other`'s terms and behind them these."""
        indptr = np.concatenate([other.indptr, self.indptr[1:] + other.indptr[-1]])
        tag, weight = np.concatenate([other.tag, self.tag]), np.concatenate([other.weight, self.weight])
        return SparseWeights(indptr, tag, weight)

    def of(self, terms: Ints) -> Entries:
        """Return the entries of the occurring `terms`, in their order."""
        count = self.n_entries.take(terms)
        behind: Ints = count.cumsum()
        occurrence: Ints = np.bincount(behind)[:-1].cumsum()  # as np.arange(terms.size).repeat(count), but faster
        entry = (self.indptr.take(terms) - (behind - count)).take(occurrence)
        entry += np.arange(occurrence.size)
        return Entries(occurrence, self.tag.take(entry), self.weight.take(entry))


def log_sum_exp(scores: Floats, first: Ints) -> Floats:
    """Return it over runs of rows that begin at the ascending `first`, shape (runs, tags).

    An empty run, one that begins where the next one does, has the value of that row.
    """
    top = np.maximum.reduceat(scores, first, axis=0)
    length = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=length[:-1])
    length[-1] = scores.shape[0] - first[-1]
    spread = np.exp(scores - top.repeat(length, axis=0))
    return top + np.log(np.add.reduceat(spread, first, axis=0))


def damping(n_sentences: Ints) -> Floats:
    """Return what article weights are multiplied by in articles of so many sentences, same shape."""
    return np.asarray(n_sentences, np.float64) ** -LENGTH_POWER


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
