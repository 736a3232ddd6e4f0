"""Texts read side by side in one buffer: their words, sentences and terms."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.alphabet import IRREGULAR, SYMBOLS
from model.linear import SparseWeights
from model.sentences import TEXT_END, find_boundaries, number_sentences
from model.terms import Codes, Ints, TermIndex, Words, encode, find_words
from model.text import normalise, repair

_FIRST_MARKED = np.uint8(1 + sum(char.isascii() for char in SYMBOLS))
_MARKED_SYMBOLS = np.uint8(sum(not char.isascii() for char in SYMBOLS))
_SAMPLE_UNITS = 500


@dataclass(frozen=True)
class Occurrences:
    """Terms, each where it first stands in a row (a sentence, or a text); by row, then term. All of shape (n,)."""

    row: Ints
    term: Ints
    word: Ints
    """The term's first word."""


@dataclass(frozen=True)
class Reading:
    """What was found in a block of texts; offsets are in code units of the buffer."""

    words: Words
    text_starts: Ints
    """Offset of each text, and the length of the buffer, shape (texts + 1,)."""
    boundaries: Ints
    """Offset of each character that ends a sentence."""
    sentence_of: Ints
    """Sentence of each word, numbered through the block, and the number of sentences, shape (words + 1,)."""
    first_word: Ints
    """First word of each text, and the number of words, shape (texts + 1,)."""
    word: Ints
    """First word of each occurrence of a term, shape (occurrences,)."""
    term: Ints
    """Number of each occurring term, shape (occurrences,)."""

    def marked_shares(self) -> list[float]:
        """Return for each text the share of letters with Vietnamese diacritics among its first code units."""
        marked = (self.words.symbols - _FIRST_MARKED) < _MARKED_SYMBOLS
        starts = self.text_starts.tolist()
        samples = [marked[start : min(start + _SAMPLE_UNITS, end)] for start, end in itertools.pairwise(starts)]
        return [np.count_nonzero(sample) / sample.size for sample in samples]

    @property
    def first_sentence(self) -> Ints:
        """Return the first sentence of each text, and the number of sentences, shape (texts + 1,)."""
        first: Ints = self.sentence_of[self.first_word]
        return first

    def by_sentence(self, weights: SparseWeights) -> Occurrences:
        """Return the terms that have a weight, once a sentence."""
        return self._distinct(self.sentence_of, weights.has_entry)

    def by_text(self, weights: SparseWeights) -> Occurrences:
        """Return the terms that have a weight, once a text."""
        n_words = self.first_word[1:] - self.first_word[:-1]
        return self._distinct(np.arange(n_words.size).repeat(n_words), weights.has_entry)

    def _distinct(self, row_of: Ints, wanted: npt.NDArray[np.bool_]) -> Occurrences:
        """Return the wanted terms once a row; `row_of` is that of each word, `wanted` has shape (terms,)."""
        chosen = wanted.take(self.term).nonzero()[0]
        word = self.word[chosen]
        bits = row_of.size.bit_length()
        places = ((row_of[word] * wanted.size + self.term[chosen]) << bits) | word
        places.sort()
        cell = places >> bits
        once = np.empty(cell.size, bool)
        once[:1] = True
        np.not_equal(cell[1:], cell[:-1], out=once[1:])
        word = places[once] & ((1 << bits) - 1)
        row = row_of[word]
        return Occurrences(row, cell[once] - row * wanted.size, word)


def _join(texts: Sequence[str]) -> tuple[Codes, Ints]:
    parts = [encode(text + TEXT_END) for text in texts]
    return np.frombuffer(b"".join(parts), "<u2"), np.cumsum([0, *(len(part) // 2 for part in parts)])


def _segment(texts: Sequence[str]) -> tuple[Words, Ints, Ints, Ints]:
    """Return the words of a block, where its texts start, where its sentences end, and each word's sentence."""
    codes, text_starts = _join(texts)
    words = find_words(codes)
    irregular = (words.symbols == IRREGULAR).nonzero()[0]
    if irregular.size:
        marred = set((np.searchsorted(text_starts, irregular, side="right") - 1).tolist())
        codes, text_starts = _join([repair(text) if n in marred else text for n, text in enumerate(texts)])
        words = find_words(codes)
    boundaries, words_before = find_boundaries(codes, words)
    return words, text_starts, boundaries, number_sentences(words.starts.size, words_before)


def read(texts: Sequence[str], index: TermIndex) -> Reading:
    """Read at least one text."""
    words, text_starts, boundaries, sentence_of = _segment(texts)
    first_word = words.starts.searchsorted(text_starts)
    word, term = index.scan(words, sentence_of)
    return Reading(words, text_starts, boundaries, sentence_of, first_word, word, term)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` that have words, each in canonical spelling."""
    words, _, _, sentence_of = _segment([text])
    units = encode(repair(text))
    first = np.flatnonzero(np.diff(sentence_of[:-1], prepend=-1))
    starts = words.starts[first]
    last = np.append(first, words.starts.size)[1:] - 1
    ends = words.starts[last] + words.lengths[last]
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return [normalise(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")) for start, end in spans]
