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
    PERIOD,
    SPACE,
    SYMBOLS,
    UPPER,
)
from model.terms import Codes, Ints, Words, keys_of_lines

ABBREVIATIONS = tuple(
    ["tp", "tx", "tt", "ts", "ths", "gs", "pgs", "bs", "ks", "ls", "st", "mr", "mrs", "ms", "dr", "prof", "vs"]
)
"""Words, in canonical spelling, whose full stop ends no sentence."""
TEXT_END = "\u2029"
"""Stands behind every text of a buffer: a paragraph separator, which ends a sentence whatever follows."""

_ABBREVIATION_KEYS = np.sort(keys_of_lines(ABBREVIATIONS))
_FIRST_LETTER = SYMBOLS.index("a") + 1
_LOOK_AHEAD = 4
Flags = npt.NDArray[np.bool_]


def _kinds(codes: Codes, at: Ints) -> npt.NDArray[np.uint8]:
    return KIND_OF.take(codes.take(at, mode="clip"))


def _skip(codes: Codes, at: Ints, kind: int) -> Ints:
    """Step over at most _LOOK_AHEAD code units of a kind."""
    at = at.copy()
    moving = np.arange(at.size)
    for _ in range(_LOOK_AHEAD):
        moving = moving[_kinds(codes, at[moving]) == kind]
        if not moving.size:
            break
        at[moving] += 1
    return at


def _shortened(words: Words, stops: Ints) -> Flags:
    """Tell which full stops belong to an abbreviation or an initial."""
    if not words.starts.size:
        return np.zeros(stops.size, bool)
    before = np.searchsorted(words.starts, stops) - 1
    touches = (before >= 0) & (words.starts[before] + words.lengths[before] == stops)
    keys = words.keys[before]
    nearest = _ABBREVIATION_KEYS.take(np.searchsorted(_ABBREVIATION_KEYS, keys), mode="clip")
    initial = (words.lengths[before] == 1) & (words.symbols[words.starts[before]] >= _FIRST_LETTER)
    shortened: Flags = touches & (initial | (nearest == keys))
    return shortened


def find_boundaries(codes: Codes, words: Words) -> Ints:
    """Return the offsets of the characters that end a sentence, ascending; the buffer must end in `TEXT_END`."""
    at = np.flatnonzero(words.symbols >= FIRST_BOUNDARY)
    symbol = words.symbols[at]
    after = _skip(codes, at + 1, CLOSER)
    spaced = _kinds(codes, after)
    ahead = _kinds(codes, _skip(codes, after, SPACE))
    apart = (spaced == BREAK) | ((spaced == SPACE) & (ahead != LOWER))
    glued = (_kinds(codes, at - 1) == LOWER) & (_kinds(codes, at + 1) == UPPER)
    wrapped = (codes[at] == ord("\n")) & (_kinds(codes, _skip(codes, at + 1, SPACE)) == LOWER)
    ends = np.where(symbol == NEWLINE, ~wrapped, apart)
    stops = np.flatnonzero(symbol == PERIOD)
    ends[stops] = (apart[stops] & ~_shortened(words, at[stops])) | glued[stops]
    boundaries: Ints = at[ends]
    return boundaries


def number_sentences(words: Words, boundaries: Ints) -> Ints:
    """Return the number, from 0, of each word's sentence, shape (words,); a sentence has at least one word."""
    first_word = np.zeros(words.starts.size + 1, np.int64)
    first_word[np.searchsorted(words.starts, boundaries)] = 1
    first_word[0] = 0
    return np.cumsum(first_word[:-1])
