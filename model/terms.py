"""Where the terms of a vocabulary stand in a text: a scan over whole arrays of characters, no loop a word.

A word is read as at most 24 symbols of 7 bits. The first eight fill one 64-bit integer exactly; longer words mix in the
rest and their length. A term of k words has the key h1 * A^(k-1) + ... + hk (modulo 2^64), and the keys of all
spellings of all terms stand sorted in an array, found by their top bits. Two different words or terms share a key with
a probability of about 2^-64 a pair.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.alphabet import SYMBOL_OF
from model.text import spellings

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.uint16]

MAX_WORD_CHARS = 24
MAX_TERM_WORDS = 4
_PADDING = 32
_WINDOW = 8
_MASKS: Keys = np.array([(1 << 8 * n) - 1 for n in range(_WINDOW + 1)], np.uint64)
_FIRST, _SECOND, _THIRD, _LENGTH, _NEXT = (
    np.uint64(odd)
    for odd in (
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
    )
)
_SLOTS_A_KEY = 16


def encode(text: str) -> bytes:
    """Return the UTF-16 code units of `text`, little end first, lone surrogates as they are."""
    return text.encode("utf-16-le", "surrogatepass")


@dataclass(frozen=True)
class Words:
    """The words of a buffer of code units."""

    symbols: npt.NDArray[np.uint8]
    """Symbol of each code unit, shape (units,)."""
    starts: Ints
    """Offset of each word's first code unit, shape (words,)."""
    lengths: Ints
    """Length of each word in code units, shape (words,)."""
    keys: Keys
    """Key of each word, shape (words,)."""


def find_words(codes: Codes) -> Words:
    """Find the words in a buffer of UTF-16 code units."""
    padded = np.zeros(codes.size + 1 + _PADDING, np.uint8)
    symbols = padded[1 : codes.size + 1]
    SYMBOL_OF.take(codes, out=symbols, mode="clip")
    inside = padded.view(np.int8) > 0
    edges = (inside[1:] != inside[:-1]).nonzero()[0]
    starts = edges[0::2]
    lengths = edges[1::2] - starts
    windows = np.ndarray((codes.size + _PADDING - _WINDOW,), "<u8", padded.data, offset=1, strides=(1,))
    keys = windows[starts]
    keys &= _MASKS.take(lengths, mode="clip")
    keys *= _FIRST
    long = (lengths > _WINDOW).nonzero()[0]
    if long.size:
        start, length = starts[long], lengths[long]
        rest = (windows[start + _WINDOW] & _MASKS.take(length - _WINDOW, mode="clip")) * _SECOND
        rest += (windows[start + 2 * _WINDOW] & _MASKS.take(length - 2 * _WINDOW, mode="clip")) * _THIRD
        keys[long] += rest + length.astype(np.uint64) * _LENGTH
    return Words(symbols, starts, lengths, keys)


def keys_of_lines(lines: Sequence[str]) -> Keys:
    """Return the key of each line, a term of one word or more."""
    codes = np.frombuffer(encode("\n".join(lines)), "<u2")
    words = find_words(codes)
    line_of = np.searchsorted(np.flatnonzero(codes == ord("\n")), words.starts)
    first = np.searchsorted(line_of, np.arange(len(lines)))
    count = np.bincount(line_of, minlength=len(lines))
    keys = words.keys[first]
    for nth in range(1, int(count.max(initial=0))):
        more = np.flatnonzero(count > nth)
        keys[more] = keys[more] * _NEXT + words.keys[first[more] + nth]
    return keys


def _all_spellings(term: str, variants: Mapping[str, Sequence[str]]) -> list[str]:
    choices = [
        [spelling for form in (word, *variants.get(word, ())) for spelling in spellings(form)] for word in term.split()
    ]
    return [" ".join(words) for words in itertools.product(*choices)]


class TermIndex:
    """Looks terms up by key; every spelling of a term leads to it."""

    def __init__(self, terms: Sequence[str], variants: Mapping[str, Sequence[str]]) -> None:
        """Index canonical `terms`; `variants` has other spellings of single words, beside those of tone placement."""
        lines: list[str] = []
        owner: list[int] = []
        for number, term in enumerate(terms):
            every = _all_spellings(term, variants)
            lines += every
            owner += [number] * len(every)
        keys, unique = np.unique(keys_of_lines(lines), return_index=True)
        first_word = keys_of_lines([line.split(" ", 1)[0] for line in lines])
        n_words = np.array([line.count(" ") + 1 for line in lines], np.int64)
        self.n_terms = len(terms)
        self.max_words = int(n_words.max(initial=1))
        bits = max(8, (keys.size * _SLOTS_A_KEY - 1).bit_length())
        self._shift = np.uint64(64 - bits)
        self._begins = np.zeros(1 << bits, np.uint8)
        np.bitwise_or.at(self._begins, self._slots(first_word), (1 << (n_words - 1)).astype(np.uint8))
        count = np.bincount(self._slots(keys), minlength=1 << bits)
        self._first = np.cumsum(count) - count
        self._depth = int(count.max())
        self._keys = np.concatenate([keys, np.zeros(self._depth, np.uint64)])
        self._term = np.concatenate([np.array(owner, np.int64)[unique], np.full(self._depth, -1)])

    def _slots(self, keys: Keys) -> Ints:
        return (keys >> self._shift).view(np.int64)

    def find(self, keys: Keys) -> tuple[Ints, Ints]:
        """Return the positions in `keys` that are keys of a term, and those terms' numbers."""
        entry = self._first.take(self._slots(keys))
        found = self._keys.take(entry) == keys
        for _ in range(self._depth - 1):
            entry += ~found
            found |= self._keys.take(entry) == keys
        position = found.nonzero()[0]
        return position, self._term.take(entry[position])

    def scan(self, words: Words, sentence_of: Ints) -> tuple[Ints, Ints]:
        """Return the first word and the number of every term that stands within one sentence, shorter terms first.

        `sentence_of` gives each word's sentence, shape (words,) or longer.
        """
        begins = self._begins.take(self._slots(words.keys))
        keys = words.keys
        first, wanted, extra = [], [], []
        for more in range(self.max_words):
            if more:
                keys = keys[:-1] * _NEXT
                keys += words.keys[more:]
            at = ((begins[: keys.size] & np.uint8(1 << more)) != 0).nonzero()[0]
            first.append(at)
            wanted.append(keys[at])
            extra.append(at + more)
        found, term = self.find(np.concatenate(wanted))
        word, last = np.concatenate(first)[found], np.concatenate(extra)[found]
        whole = sentence_of[word] == sentence_of[last]
        return word[whole], term[whole]
