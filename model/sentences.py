"""Where sentences end in a buffer of UTF-16 code units.

A sentence ends
- at a line break, unless the next character on the very next line is a lower-case letter (a wrapped line);
- at "." "!" "?" "…", with the quotes, brackets and marks that follow, when white space comes next and after it
  anything but a lower-case letter; a full stop after a single letter ("ông A. B. C") or an abbreviation ("Tp.", "TS.")
  ends none;
- at a full stop between a lower-case letter and a capital ("hai bên.Nhà lãnh đạo": the crawler lost the space).
So "29.6", "10.000" and "VOV.VN" hold together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.alphabet import (
    BREAK,
    CLOSER,
    FIRST_BOUNDARY,
    KIND_OF,
    LOWER,
    NEWLINE,
    OTHER,
    PERIOD,
    SPACE,
    SYMBOLS,
    UPPER,
)
from model.terms import Codes, Ints, Keys, Words, keys_of_lines

ABBREVIATIONS = tuple(
    ["tp", "tx", "tt", "ts", "ths", "gs", "pgs", "bs", "ks", "ls", "st", "mr", "mrs", "ms", "dr", "prof", "vs"]
)
"""Words, in canonical spelling, whose full stop ends no sentence."""
TEXT_END = "\u2029"
"""Stands behind every text of a buffer: a paragraph separator, which ends a sentence whatever follows."""

_SHIFT = np.uint64(64 - 12)


def _build_abbreviations() -> Keys:
    """Return a table that has each abbreviation's key at its top bits, all of which differ."""
    keys = keys_of_lines(ABBREVIATIONS)
    table = np.zeros(1 << 12, np.uint64)
    table[keys >> _SHIFT] = keys
    return table


_ABBREVIATION_AT = _build_abbreviations()
_FIRST_LETTER = SYMBOLS.index("a") + 1
_LOOK_AHEAD = 4
_PLACES = np.array([-1, 1, 2, 3, 4, 5])
"""The character before a mark, and the five behind it."""
_CLOSERS, _WRAPPED, _GLUED, _APART = 7, 8, 16, 32
_N_KINDS = max(OTHER, SPACE, LOWER, UPPER, CLOSER, BREAK) + 1
_DIGITS = (_N_KINDS ** np.arange(5, -1, -1)).astype(np.float32)
"""Floating point, as products of matrices of integers are slow; up to 46,655 it is exact."""
Flags = npt.NDArray[np.bool_]


def _build() -> npt.NDArray[np.uint8]:
    """Work out, for every kind of a last character and the next five, how many closers come, and what holds."""
    last, *following = np.indices((_N_KINDS,) * 6, np.uint8).reshape(6, -1)
    kinds = np.array(following)

    def run(kind: int) -> Ints:
        length: Ints = np.logical_and.accumulate(kinds[:_LOOK_AHEAD] == kind).sum(axis=0)
        return length

    ahead = np.take_along_axis(kinds, run(SPACE)[None], axis=0)[0]
    apart = (kinds[0] == BREAK) | ((kinds[0] == SPACE) & (ahead != LOWER))
    glued = (last == LOWER) & (kinds[0] == UPPER)
    holds = run(CLOSER) | _WRAPPED * (ahead == LOWER) | _GLUED * glued | _APART * apart
    return np.asarray(holds, np.uint8)


_HOLDS = _build()
"""`_CLOSERS`, `_WRAPPED`, `_GLUED` and `_APART` of six characters, by the number that their kinds are the digits of."""


def _what_holds(codes: Codes, at: Ints) -> npt.NDArray[np.uint8]:
    """Look up what holds around the marks that stand `at` these offsets, shape (marks,)."""
    around: Codes = codes.take(at[:, None] + _PLACES, mode="clip")
    kinds = KIND_OF.take(around, mode="wrap").astype(np.float32)
    return _HOLDS.take((kinds @ _DIGITS).astype(np.int64))


def _shortened(words: Words, before: Ints, stops: Ints) -> Flags:
    """Tell which full stops belong to an abbreviation or an initial; `before` is the last word before each."""
    if not before.size or not words.starts.size:
        return np.zeros(stops.size, bool)
    start, length, keys = words.starts[before], words.lengths[before], words.keys[before]
    nearest = _ABBREVIATION_AT.take((keys >> _SHIFT).view(np.int64))
    initial = (length == 1) & (words.symbols[start] >= _FIRST_LETTER)
    shortened: Flags = (start + length == stops) & (initial | (nearest == keys))
    return shortened


def find_boundaries(codes: Codes, words: Words) -> tuple[Ints, Ints]:
    """Return where sentences end in a buffer that ends in `TEXT_END`.

    That is the offset of each character that ends one, ascending, and the number of words before it.
    """
    at = (words.symbols >= FIRST_BOUNDARY).nonzero()[0]
    symbol = words.symbols.take(at)
    n_before = words.starts.searchsorted(at)
    holds = _what_holds(codes, at)
    ends = (holds & _APART) > 0
    closed = (holds & _CLOSERS).nonzero()[0]
    ends[closed] = (_what_holds(codes, at[closed] + (holds[closed] & _CLOSERS)) & _APART) > 0
    is_stop = symbol == PERIOD
    stops = (ends & is_stop).nonzero()[0]
    ends[stops[_shortened(words, n_before[stops] - 1, at[stops])]] = False
    ends |= is_stop & ((holds & _GLUED) > 0)
    breaks = (symbol == NEWLINE).nonzero()[0]
    ends[breaks] = (codes[at[breaks]] != ord("\n")) | ((holds[breaks] & _WRAPPED) == 0)
    chosen = ends.nonzero()[0]
    return at.take(chosen), n_before.take(chosen)


def number_sentences(n_words: int, words_before: Ints) -> Ints:
    """Return the number, from 0, of each word's sentence, and behind the last word the number of sentences.

    `words_before` has the number of words before each boundary; a sentence has at least one word. Shape (n_words + 1,).
    """
    first_word = np.zeros(n_words + 1, np.int64)
    first_word[words_before] = 1
    first_word[0] = 0
    return first_word.cumsum()
