"""Sparse weights by term and tag, and their exact sums over the terms that occur in texts or sentences.

Three terms, two tags, and two texts: the first has the terms 0 and 1, the second has term 2, twice.

>>> weights = SparseWeights.of(np.array([[0.5, 0.0], [0.25, -1.0], [0.0, 2.0]]))
>>> weights.indptr.tolist(), weights.tag.tolist(), weights.weight.tolist()
([0, 1, 3, 4], [0, 0, 1, 1], [0.5, 0.25, -1.0, 2.0])
>>> weights.sums(Occurrences(row=np.array([0, 0, 1, 1]), term=np.array([1, 0, 2, 2]), n_rows=2, n_terms=3)).tolist()
[[0.75, -1.0], [0.0, 2.0]]

Weights are multiples of 2 ** -20 (`fixed_point`), so that a sum is the same in any order and by either way to add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.scan.words import Ints

Floats = npt.NDArray[np.float64]
_UNITS = 2.0**20
"""How many parts of 1 a weight is counted in."""
_FREE_CELLS, _CELLS_AN_OCCURRENCE = 1 << 17, 64
"""Cells of a product that cost less than looking occurrences up: for any number of them, and for each."""
_LARGEST_PRODUCT = (1 << 19) - 1
"""Cells up to which OpenBLAS stays on one thread: it takes one for every 2 ** 18."""


class Occurrences(NamedTuple):
    """Which terms occur in which rows (texts or sentences); both of shape (occurrences,)."""

    row: Ints
    term: Ints
    n_rows: int
    n_terms: int
    """The terms are numbered below it."""

    def below(self, n_terms: int) -> Occurrences:
        """Return those of the terms that are numbered below `n_terms`."""
        if n_terms >= self.n_terms:
            return self
        found = (self.term < n_terms).nonzero()[0]
        return Occurrences(self.row.take(found), self.term.take(found), self.n_rows, n_terms)

    def distinct(self) -> Occurrences:
        """Return each term of a row once, by row, then term."""
        bits = self.n_terms.bit_length()
        cell = (self.row << bits) | self.term
        if self.n_rows << bits < 1 << 31:
            cell = cell.astype(np.int32)  # sorted in half the time
        cell.sort()
        once = np.empty(cell.size, bool)
        once[:1] = True
        np.not_equal(cell[1:], cell[:-1], out=once[1:])
        cell = cell.take(once.nonzero()[0]).astype(np.int64)
        return Occurrences(cell >> bits, cell & ((1 << bits) - 1), self.n_rows, self.n_terms)


@dataclass(frozen=True)
class SparseWeights:
    """Weights by term (rows) and tag, in compressed sparse rows."""

    indptr: Ints
    """Where each term's entries begin, shape (terms + 1,)."""
    tag: Ints
    """Tag of each entry, shape (entries,)."""
    weight: Floats
    """Weight of each entry, shape (entries,)."""
    n_tags: int

    @classmethod
    def of(cls, dense: Floats) -> SparseWeights:
        """Return weights of shape (terms, tags) without those that are 0."""
        row, tag = np.nonzero(dense)
        return cls(np.searchsorted(row, np.arange(dense.shape[0] + 1)), tag, dense[row, tag], dense.shape[1])

    @property
    def n_terms(self) -> int:
        """Return the number of rows."""
        return self.indptr.size - 1

    @cached_property
    def n_entries(self) -> Ints:
        """Return the number of entries of each term, shape (terms,)."""
        return np.diff(self.indptr)

    @cached_property
    def n_used(self) -> int:
        """Return how many terms there are up to the last one with an entry."""
        return int(self.indptr.searchsorted(self.indptr[-1]))

    @cached_property
    def dense(self) -> Floats:
        """Return the weights as an array of shape (terms, tags)."""
        full = np.zeros((self.n_terms, self.n_tags))
        full[np.arange(self.n_terms).repeat(self.n_entries), self.tag] = self.weight
        return full

    def sums(self, found: Occurrences) -> Floats:
        """Return the sums of the weights of each row's distinct terms, shape (rows, tags).

        Few rows of many terms are multiplied out, others are looked up; as weights are fixed-point numbers the sums are
        exact, and the same in both ways.
        """
        found = found.below(self.n_used)
        if found.n_rows * self.n_used * self.n_tags < _FREE_CELLS + _CELLS_AN_OCCURRENCE * found.term.size:
            return self._multiplied(found)
        return self._looked_up(found.distinct())

    @cached_property
    def _columns(self) -> list[tuple[Ints, Floats, npt.NDArray[np.bool_]]]:
        """Return the first entries of the terms up to `n_used`, the second ones, and so on.

        Each as the entry's tag, its weight, 0 where there is none, and whether another one follows, shape (terms,).
        """
        columns = []
        for nth in range(int(self.n_entries.max(initial=0))):
            there = nth < self.n_entries[: self.n_used]
            entry = self.indptr[: self.n_used][there] + nth
            tag, weight = np.zeros(there.size, np.int64), np.zeros(there.size)
            tag[there], weight[there] = self.tag[entry], self.weight[entry]
            columns.append((tag, weight, self.n_entries[: self.n_used] > nth + 1))
        return columns

    def _looked_up(self, found: Occurrences) -> Floats:
        cell, term = found.row * self.n_tags, found.term
        cells, weights = [cell[:0]], [self.weight[:0]]
        for tag, weight, goes_on in self._columns:
            cells.append(cell + tag.take(term))
            weights.append(weight.take(term))
            left = goes_on.take(term).nonzero()[0]
            cell, term = cell.take(left), term.take(left)
        sums = np.bincount(np.concatenate(cells), np.concatenate(weights), found.n_rows * self.n_tags)
        return sums.astype(np.float64, copy=False).reshape(found.n_rows, self.n_tags)

    @cached_property
    def _halves(self) -> npt.NDArray[np.float32]:
        """Return the weights up to `n_used` as multiples of 2 ** -8, and what is missing, shape (terms, 2 * tags).

        In 32 bits, half of the memory, a product is exact for each of them while a row has fewer than 8,192 terms.
        """
        used = self.dense[: self.n_used]
        high = np.round(used * 2.0**8) / 2.0**8
        return np.hstack([high, used - high]).astype(np.float32)

    def _multiplied(self, found: Occurrences) -> Floats:
        occurs = np.zeros((found.n_rows, self.n_used), np.float32)
        occurs.reshape(-1)[found.row * self.n_used + found.term] = 1.0
        sums = np.empty((found.n_rows, 2 * self.n_tags), np.float32)
        step = max(1, _LARGEST_PRODUCT // max(1, self._halves.size))
        for n in range(0, found.n_rows, step):
            np.matmul(occurs[n : n + step], self._halves, out=sums[n : n + step])
        high, low = sums[:, : self.n_tags], sums[:, self.n_tags :]
        return np.add(high, low, dtype=np.float64)


def fixed_point(weights: Floats) -> Floats:
    """Return the nearest multiples of 2 ** -20, whose sums are exact in any order."""
    return np.asarray(np.round(weights * _UNITS) / _UNITS)
