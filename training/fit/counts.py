"""Texts as counts of terms: which terms occur in which of their sentences, and nothing else of the texts.

An artifact keeps texts in this form, and texts that are only scored take it as well. Two texts, the first of two
sentences, over three terms:

>>> counts = TextCounts.of(["Mưa lớn. Đường ngập.", "Nắng đẹp, không mưa."], ["mưa", "ngập", "đường ngập"], {})
>>> counts.article.tolist(), counts.occurrences.row.tolist(), [counts.terms[n] for n in counts.occurrences.term]
([0, 0, 1], [0, 1, 1, 2], ['mưa', 'ngập', 'đường ngập', 'mưa'])
>>> counts.bags(["mưa", "nắng"]).sentences.toarray().tolist()  # "nắng" was not counted
[[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from model.artifact import AttachedFile
from model.artifact.arrays import Kind, read_arrays
from model.errors import ArtifactDamaged, ArtifactMissing
from model.reading import read
from model.scan.terms import TermIndex
from model.weights import Occurrences
from training.fit.terms import Bags
from training.progress import Progress, silent

_BLOCK = 200
"""Texts that are read in one block."""
COUNTS = {
    "terms": Kind(("|u1",)),
    "n_sentences": Kind(("<i4",)),
    "n_terms": Kind(("<u2",)),
    "term": Kind(("<u2", "<u4")),
}
"""The arrays of `TextCounts` in a file."""
NO_FIT = "its arrays do not fit each other"
T = TypeVar("T")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextCounts:
    """Which terms occur in which sentences of texts."""

    terms: tuple[str, ...]
    article: Ints
    """Number of the text of each sentence, from 0 without gaps, shape (sentences,); each text has one at least."""
    occurrences: Occurrences
    """Each distinct term of each sentence, in order of the sentences."""

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        terms: Sequence[str],
        variants: Mapping[str, tuple[str, ...]],
        progress: Progress = silent,
    ) -> TextCounts:
        """Count canonical `terms` in texts; `variants` has other spellings of single words."""
        index = TermIndex(terms, variants)
        rows, found, lengths, n_rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [], 0
        for start in progress(range(0, len(texts), _BLOCK), "reading texts", -(-len(texts) // _BLOCK)):
            reading = read(texts[start : start + _BLOCK], index)
            first = reading.first_sentence
            length = np.maximum(np.diff(first), 1)
            occurrences = reading.in_sentences(index.n_terms).distinct()
            text = first.searchsorted(occurrences.row, "right") - 1
            rows.append(occurrences.row + (np.cumsum(length) - length - first[:-1])[text] + n_rows)
            found.append(occurrences.term)
            lengths.append(length)
            n_rows += int(length.sum())
        n_sentences = np.concatenate(lengths) if lengths else np.zeros(0, np.int64)
        article = np.arange(len(texts)).repeat(n_sentences)
        return cls(tuple(terms), article, Occurrences(np.concatenate(rows), np.concatenate(found), n_rows, len(terms)))

    @property
    def n_texts(self) -> int:
        """Return the number of texts."""
        return int(self.article[-1]) + 1 if self.article.size else 0

    def bags(self, terms: Sequence[str]) -> Bags:
        """Return the texts as bags over `terms`, every occurrence counting 1; other terms are not in them."""
        number = {term: n for n, term in enumerate(terms)}
        column = np.array([number.get(term, -1) for term in self.terms], np.int64)[self.occurrences.term]
        known = np.flatnonzero(column >= 0)
        row = self.occurrences.row[known]
        return Bags.counting(Occurrences(row, column[known], self.article.size, len(terms)), self.article)

    def take(self, chosen: Ints) -> TextCounts:
        """Return the chosen texts, ascending, numbered anew from 0."""
        number = np.full(self.n_texts, -1)
        number[chosen] = np.arange(chosen.size)
        kept = np.flatnonzero(number[self.article] >= 0)
        new_row = np.full(self.article.size, -1)
        new_row[kept] = np.arange(kept.size)
        row = new_row[self.occurrences.row]
        inside = np.flatnonzero(row >= 0)
        occurrences = Occurrences(row[inside], self.occurrences.term[inside], kept.size, self.occurrences.n_terms)
        return TextCounts(self.terms, number[self.article[kept]], occurrences)

    def without(self, dropped: npt.NDArray[np.bool_]) -> TextCounts:
        """Return the counts without the occurrences of the marked terms, shape (terms,); terms keep their numbers."""
        inside = np.flatnonzero(~dropped[self.occurrences.term])
        row, term, n_rows, n_terms = self.occurrences
        return replace(self, occurrences=Occurrences(row[inside], term[inside], n_rows, n_terms))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the counts as the arrays that COUNTS names."""
        n_sentences = np.bincount(self.article)
        return {
            "terms": to_lines(self.terms),
            "n_sentences": n_sentences.astype(np.int32),
            "n_terms": np.bincount(self.occurrences.row, minlength=self.article.size).astype(np.uint16),
            "term": self.occurrences.term.astype(np.uint16 if len(self.terms) < 1 << 16 else np.uint32),
        }


def to_lines(names: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return names without line ends as an array of bytes."""
    return np.frombuffer("\n".join(names).encode(), np.uint8)


def from_lines(array: npt.NDArray[Any]) -> tuple[str, ...]:
    """Return the names in an array of bytes. Raises ValueError where it is no UTF-8."""
    return tuple(array.tobytes().decode().split("\n"))


def attached(arrays: Mapping[str, npt.NDArray[Any]]) -> AttachedFile:
    """Return a file of arrays that goes with an artifact."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return AttachedFile.of(buffer.getvalue())


def read_attached(
    version: str,
    name: str,
    file: AttachedFile | None,
    kinds: Mapping[str, Kind],
    build: Callable[[TextCounts, Mapping[str, npt.NDArray[Any]]], T],
) -> T | None:
    """Return what `build` makes of the counts and the arrays in a file of an artifact, None where it has no such file.

    `build` raises ValueError where the arrays do not fit. Raises ArtifactMissing when the file is not there,
    ArtifactDamaged when it holds something else.
    """
    if file is None:
        return None
    if not file.data:
        raise ArtifactMissing(f"version {version} has lost its {name}: copy its whole folder again")
    try:
        arrays = read_arrays(file.data, kinds)
        return build(_counts_of(arrays), arrays)
    except ValueError as error:
        raise ArtifactDamaged(f"version {version}: {name}: {error}; copy its whole folder again") from None


def _counts_of(arrays: Mapping[str, npt.NDArray[Any]]) -> TextCounts:
    """Return the counts in arrays of the right types. Raises ValueError where they do not fit each other."""
    n_sentences, n_terms = arrays["n_sentences"].astype(np.int64), arrays["n_terms"].astype(np.int64)
    terms, term = from_lines(arrays["terms"]), arrays["term"].astype(np.int64)
    if (
        (n_sentences < 1).any()
        or n_sentences.sum() != n_terms.size
        or n_terms.sum() != term.size
        or (term >= len(terms)).any()
    ):
        raise ValueError(NO_FIT)
    article, sentence = np.arange(n_sentences.size).repeat(n_sentences), np.arange(n_terms.size).repeat(n_terms)
    return TextCounts(terms, article, Occurrences(sentence, term, article.size, len(terms)))
