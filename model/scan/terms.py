"""Where the terms of a vocabulary stand in a text: a scan over whole arrays of characters, no loop a word.

A word is read as at most 24 symbols of 7 bits. The first eight fill one 64-bit integer exactly; longer words mix in the
rest and their length. A term of k words has the key h1 * A^(k-1) + ... + hk (modulo 2^64), and the keys of all
spellings of all terms stand sorted in an array, found by their top bits. Two different words or terms share a key with
a probability of about 2^-64 a pair.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.scan.alphabet import SYMBOL_OF
from model.scan.spelling import spellings

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.uint16]
Symbols = npt.NDArray[np.uint8]

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

# What the index knows of a word before any term is looked up, in 16 bits: that it is a term, that it begins one of
# three or four words, and the classes of the words that follow it in terms of two; and above them what it ends.
_IS_TERM, _ENDS = np.uint32(1), np.uint32(16)
_N_CLASSES = 13
_PAIR = np.uint32((1 << _N_CLASSES) - 1 << 3)
_FIRST_CLASS = np.uint32(1 << 3)


def _longer(n_words: int) -> np.uint32:
    return np.uint32(1 << n_words - 2)


def _class_of(keys: Keys) -> npt.NDArray[np.uint32]:
    return ((keys >> np.uint64(40)) % np.uint64(_N_CLASSES)).astype(np.uint32)


def encode(text: str) -> bytes:
    """Return the UTF-16 code units of `text`, little end first, lone surrogates as they are."""
    return text.encode("utf-16-le", "surrogatepass")


class Words(NamedTuple):
    """The words of a buffer of code units."""

    symbols: Symbols
    """Symbol of each code unit, shape (units,)."""
    starts: Ints
    """Offset of each word's first code unit, shape (words,)."""
    lengths: Ints
    """Length of each word in code units, shape (words,)."""
    keys: Keys
    """Key of each word, shape (words,)."""


def find_symbols(codes: Codes) -> Symbols:
    """Return the symbol of each UTF-16 code unit between a zero and `_PADDING` zeros, shape (units + 33,)."""
    padded = np.zeros(codes.size + 1 + _PADDING, np.uint8)
    SYMBOL_OF.take(codes, out=padded[1:-_PADDING], mode="wrap")  # in range anyway, and "wrap" is the fastest
    return padded


def eight_symbols(padded: Symbols) -> Keys:
    """Return a view in which every code unit has its symbol and the next seven as one integer, the first one lowest."""
    return np.ndarray((padded.size - 1 - _WINDOW,), "<u8", padded.data, offset=1, strides=(1,))


def find_words(padded: Symbols) -> Words:
    """Find the words among the symbols that `find_symbols` gave."""
    inside = padded.view(np.int8) > 0
    edges = (inside[1:] != inside[:-1]).nonzero()[0]
    starts = edges[0::2].copy()
    lengths = edges[1::2] - starts
    windows = eight_symbols(padded)
    keys = windows.take(starts, mode="wrap")  # a copy of the view and all: faster than unaligned look-ups
    keys &= _MASKS.take(lengths, mode="clip")
    keys *= _FIRST
    long = (lengths > _WINDOW).nonzero()[0]
    if long.size:
        start, length = starts[long], lengths[long]
        rest = (windows[start + _WINDOW] & _MASKS.take(length - _WINDOW, mode="clip")) * _SECOND
        rest += (windows[start + 2 * _WINDOW] & _MASKS.take(length - 2 * _WINDOW, mode="clip")) * _THIRD
        keys[long] += rest + length.astype(np.uint64) * _LENGTH
    return Words(padded[1:-_PADDING], starts, lengths, keys)


def keys_of_lines(lines: Sequence[str]) -> Keys:
    """Return the key of each line, a term of one word or more."""
    codes = np.frombuffer(encode("\n".join(lines)), "<u2")
    words = find_words(find_symbols(codes))
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
        self.n_terms = len(terms)
        lines: list[str] = []
        owner: list[int] = []
        for number, term in enumerate(terms):
            every = _all_spellings(term, variants)
            lines += every
            owner += [number] * len(every)
        keys, unique = np.unique(keys_of_lines(lines), return_index=True)
        bits = max(8, (keys.size * _SLOTS_A_KEY - 1).bit_length())
        self.max_words = max((term.count(" ") + 1 for term in terms), default=1)
        self._shift = np.uint64(64 - bits)
        self._edges = self._mark_edges(lines, 1 << bits)
        slots = self._slots(keys)
        in_slot = np.bincount(slots, minlength=1 << bits)
        crowded = in_slot.take(slots) > 1
        order = np.argsort(crowded, kind="stable")
        self._first = np.zeros(1 << bits, np.min_scalar_type(keys.size))
        self._first[slots[order][::-1]] = np.arange(keys.size)[::-1]
        self._first_crowded = keys.size - int(crowded.sum())
        self._most_in_slot = int(in_slot.max(initial=1))
        rest = np.zeros(self._most_in_slot, np.uint64)
        self._keys = np.concatenate([keys[order], rest])
        self._term = np.concatenate([np.array(owner, np.int64)[unique[order]], np.full(rest.size, -1)])

    def _mark_edges(self, lines: Sequence[str], n_slots: int) -> npt.NDArray[np.uint32]:
        """Return, by slot of a word, which terms it is, begins and ends: see `_IS_TERM`, `_PAIR` and `_longer`."""
        edges = np.zeros(n_slots, np.uint32)
        by_count: dict[int, list[list[str]]] = {}
        for words in (line.split(" ") for line in lines):
            by_count.setdefault(len(words), []).append(words)
        for count, terms in by_count.items():
            first, last = (keys_of_lines([words[end] for words in terms]) for end in (0, -1))
            bits = _FIRST_CLASS << _class_of(last) if count == 2 else _IS_TERM if count == 1 else _longer(count)
            np.bitwise_or.at(edges, self._slots(first), bits)
            if count > 1:
                np.bitwise_or.at(edges, self._slots(last), bits << _ENDS)
        return edges

    def _slots(self, keys: Keys) -> Ints:
        return (keys >> self._shift).view(np.int64)

    def find(self, keys: Keys) -> tuple[Ints, Ints]:
        """Return the positions in `keys` that are keys of a term, and those terms' numbers."""
        entry = self._first.take(self._slots(keys), mode="wrap").astype(np.int64)
        hit = self._keys.take(entry, mode="wrap") == keys
        crowded = (entry >= self._first_crowded).nonzero()[0]
        for _ in range(self._most_in_slot - 1):
            entry[crowded] += ~hit[crowded]
            hit[crowded] = self._keys.take(entry[crowded]) == keys[crowded]
        position = hit.nonzero()[0]
        return position, self._term.take(entry.take(position))

    def scan(self, words: Words, words_before: Ints) -> tuple[Ints, Ints]:
        """Return the first word and the number of every term that stands within one sentence, shorter terms first.

        `words_before` has the number of words before each end of a sentence, ascending.
        """
        edges = self._edges.take(self._slots(words.keys), mode="wrap")
        first = [((edges & _IS_TERM) != 0).nonzero()[0]]
        wanted = [words.keys.take(first[0])]
        ends = edges >> _ENDS
        if edges.size:
            edges[words_before - 1] = 0
        for more in range(1, self.max_words):
            at = ((edges[:-more] & ends[more:] & (_PAIR if more == 1 else _longer(more + 1))) != 0).nonzero()[0]
            if not at.size:
                continue
            if more > 1:
                at = at[words_before.take(words_before.searchsorted(at, "right")) > at + more]
            keys = words.keys.take(at)
            for nth in range(1, more + 1):
                keys = keys * _NEXT + words.keys.take(at + nth)
            first.append(at)
            wanted.append(keys)
        found, term = self.find(np.concatenate(wanted))
        return np.concatenate(first).take(found), term
