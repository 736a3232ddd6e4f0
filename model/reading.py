"""Texts read side by side in one buffer: their words, sentences and terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.alphabet import IRREGULAR, SYMBOLS
from model.sentences import TEXT_END, find_boundaries, number_sentences
from model.terms import Codes, Ints, TermIndex, Words, encode, find_words
from model.text import normalise, repair

_FIRST_MARKED = np.uint8(1 + sum(char.isascii() for char in SYMBOLS))
_MARKED_SYMBOLS = np.uint8(sum(not char.isascii() for char in SYMBOLS))
_SAMPLE_UNITS = 500


@dataclass(frozen=True)
class Reading:
    """What was found in a block of texts; offsets are in code units of the buffer."""

    words: Words
    text_starts: Ints
    """Offset of each text, and the length of the buffer, shape (texts + 1,)."""
    boundaries: Ints
    """Offset of each character that ends a sentence."""
    sentence_of: Ints
    """Sentence of each word, numbered through the block, shape (words,)."""
    first_word: Ints
    """First word of each text, and the number of words, shape (texts + 1,)."""
    term: Ints
    """Number of each occurring term, once a sentence, shape (occurrences,); by text, then term, then place."""
    term_word: Ints
    """First word of each occurrence, shape (occurrences,)."""
    term_text: Ints
    """Text of each occurrence, shape (occurrences,)."""
    is_first: npt.NDArray[np.bool_]
    """Whether the term occurs for the first time in its text, shape (occurrences,)."""

    @property
    def n_sentences(self) -> int:
        """Return the number of sentences; each has at least one word."""
        return int(self.sentence_of[-1]) + 1 if self.sentence_of.size else 0

    def marked_share(self, text: int) -> float:
        """Return the share of letters with Vietnamese diacritics among the first code units of a text."""
        start = self.text_starts[text]
        symbols = self.words.symbols[start : min(start + _SAMPLE_UNITS, self.text_starts[text + 1])]
        return float(np.count_nonzero((symbols - _FIRST_MARKED) < _MARKED_SYMBOLS) / symbols.size)


def _join(texts: Sequence[str]) -> tuple[Codes, Ints]:
    parts = [encode(text + TEXT_END) for text in texts]
    return np.frombuffer(b"".join(parts), "<u2"), np.cumsum([0, *(len(part) // 2 for part in parts)])


def _segment(texts: Sequence[str]) -> tuple[Words, Ints, Ints, Ints]:
    """Return the words of a block, where its texts start, where its sentences end, and each word's sentence."""
    codes, text_starts = _join(texts)
    words = find_words(codes)
    irregular = np.flatnonzero(words.symbols == IRREGULAR)
    if irregular.size:
        marred = set((np.searchsorted(text_starts, irregular, side="right") - 1).tolist())
        codes, text_starts = _join([repair(text) if n in marred else text for n, text in enumerate(texts)])
        words = find_words(codes)
    boundaries = find_boundaries(codes, words)
    return words, text_starts, boundaries, number_sentences(words, boundaries)


def read(texts: Sequence[str], index: TermIndex) -> Reading:
    """Read at least one text."""
    words, text_starts, boundaries, sentence_of = _segment(texts)
    first_word = np.searchsorted(words.starts, text_starts)
    word, term = index.scan(words, sentence_of)
    text_of = np.repeat(np.arange(len(texts)), np.diff(first_word))
    bits = words.starts.size.bit_length()
    places = np.sort(((text_of[word] * index.n_terms + term) << bits) | word)
    in_text, word = places >> bits, places & ((1 << bits) - 1)
    sentence = sentence_of[word]
    is_first = _changes(in_text)
    once = is_first | _changes(sentence)
    word = word[once]
    text = text_of[word]
    return Reading(
        words,
        text_starts,
        boundaries,
        sentence_of,
        first_word,
        in_text[once] - text * index.n_terms,
        word,
        text,
        is_first[once],
    )


def _changes(values: Ints) -> npt.NDArray[np.bool_]:
    """Tell which values differ from the one before; the first one does."""
    changes = np.ones(values.size, bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` that have words, each in canonical spelling."""
    words, _, _, sentence_of = _segment([text])
    units = encode(repair(text))
    first = np.flatnonzero(np.diff(sentence_of, prepend=-1))
    starts = words.starts[first]
    last = np.append(first, words.starts.size)[1:] - 1
    ends = words.starts[last] + words.lengths[last]
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return [normalise(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")) for start, end in spans]
