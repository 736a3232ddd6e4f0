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

from model.scan.alphabet import (
    BREAK,
    CLOSER,
    FIRST_BOUNDARY,
    HARD_BREAK,
    KIND_OF,
    LETTERS,
    LOWER,
    NEWLINE,
    OTHER,
    PERIOD,
    SPACE,
    TERMINATOR,
    UPPER,
)
from model.scan.words import Codes, Ints, Keys, Symbols, Words, keys_of_lines

ABBREVIATIONS = tuple(
    ["tp", "tx", "tt", "ts", "ths", "gs", "pgs", "bs", "ks", "ls", "st", "mr", "mrs", "ms", "dr", "prof", "vs"]
)
"""Words, in canonical spelling, whose full stop ends no sentence."""
TEXT_END = "\u2029"
"""Stands behind every text of a buffer: a paragraph separator, which ends a sentence whatever follows."""

_N_KINDS = max(OTHER, SPACE, LOWER, UPPER, CLOSER, BREAK) + 1
_PLACES = np.array([-1, 1, 2, 3, 4, 5])
"""The character before a mark, and the five behind it."""
_DIGITS = (_N_KINDS ** np.arange(5, -1, -1)).astype(np.float32)
"""Floating point, as products of matrices of integers are slow; up to 2 ** 24 it is exact."""
_KIND_OF = KIND_OF.astype(np.float32)
_OFFSET_OF = (np.arange(HARD_BREAK + 1) - FIRST_BOUNDARY).astype(np.float32) * np.float32(_N_KINDS**6)
_LOOK_AHEAD = 4
_ENDS, _ENDS_UNLESS_SHORTENED, _UNSURE = 1, 2, 4
_SHIFT = np.uint64(64 - 16)
Flags = npt.NDArray[np.bool_]
Verdicts = npt.NDArray[np.uint8]


def _build_verdicts() -> Verdicts:
    """Work out, for every mark, kind of the character before it and kinds of the next five, whether a sentence ends.

    Where five are too few to see beyond closers and spaces, the verdict is `_UNSURE` times the number of closers.
    """
    last, *following = np.indices((_N_KINDS,) * 6).reshape(6, -1)
    every, unseen = np.arange(last.size), np.full(last.size, _N_KINDS)
    kinds = np.array([*following, unseen])

    def skip(kind: int, start: Ints) -> Ints:
        """Return the first place from `start` on that is of another kind, `_LOOK_AHEAD` places further at most."""
        place, goes_on = start.copy(), np.ones(last.size, bool)
        for _ in range(_LOOK_AHEAD):
            goes_on &= kinds[place, every] == kind
            place += goes_on
        return place

    closers = skip(CLOSER, np.zeros_like(last))
    behind = kinds[closers, every]
    ahead = kinds[skip(SPACE, closers), every]
    unsure = (closers > 0) & (behind == SPACE) & (ahead == unseen)
    apart = ~unsure & ((behind == BREAK) | ((behind == SPACE) & (ahead != LOWER)))
    glued = (last == LOWER) & (following[0] == UPPER)
    wrapped = (closers == 0) & (ahead == LOWER)
    verdicts = {
        PERIOD: _ENDS * glued + _ENDS_UNLESS_SHORTENED * apart + _UNSURE * closers * unsure,
        TERMINATOR: _ENDS * apart + _UNSURE * closers * unsure,
        NEWLINE: _ENDS * ~wrapped,
        HARD_BREAK: np.full_like(last, _ENDS),
    }
    return np.concatenate([verdicts[mark] for mark in sorted(verdicts)]).astype(np.uint8)


def _build_short_words() -> Keys:
    """Return a table that has the key of each abbreviation and letter at its top bits, all of which differ."""
    keys = keys_of_lines([*ABBREVIATIONS, *LETTERS])
    table = np.zeros(1 << 16, np.uint64)
    table[keys >> _SHIFT] = keys
    return table


_VERDICTS = _build_verdicts()
_SHORT_WORD_AT = _build_short_words()


def _judge(codes: Codes, at: Ints, mark: Symbols) -> Verdicts:
    """Return the verdict on each mark as if it stood at the offset in `at`, shape (marks,)."""
    around: Codes = codes.take(at[:, None] + _PLACES, mode="wrap")  # whatever is behind the last TEXT_END
    number = _KIND_OF.take(around, mode="wrap") @ _DIGITS
    return _VERDICTS.take((number + _OFFSET_OF.take(mark)).astype(np.int64))


def _is_shortened(words: Words, before: Ints, stops: Ints) -> Flags:
    """Tell which full stops belong to an abbreviation or an initial; `before` is the last word before each."""
    if not words.starts.size:
        return np.zeros(stops.size, bool)
    keys = words.keys.take(before)
    short: Flags = _SHORT_WORD_AT.take((keys >> _SHIFT).view(np.int64)) == keys
    return short & (words.symbols.take(stops - 1).view(np.int8) > 0)


def find_boundaries(codes: Codes, words: Words) -> tuple[Ints, Ints]:
    """Return where sentences end in a buffer that ends in `TEXT_END`.

    That is the offset of each character that ends one, ascending, and the number of words before it.
    """
    at = (words.symbols >= FIRST_BOUNDARY).nonzero()[0]
    mark = words.symbols.take(at)
    n_before = words.starts.searchsorted(at)
    verdict = _judge(codes, at, mark)
    unsure = (verdict >= _UNSURE).nonzero()[0]
    if unsure.size:
        behind = at.take(unsure) + verdict.take(unsure) // _UNSURE
        verdict[unsure] = _judge(codes, behind, mark.take(unsure))
    stops = (verdict == _ENDS_UNLESS_SHORTENED).nonzero()[0]
    verdict[stops] = ~_is_shortened(words, n_before.take(stops) - 1, at.take(stops))
    ends = verdict.nonzero()[0]
    return at.take(ends), n_before.take(ends)


def number_sentences(n_words: int, words_before: Ints) -> Ints:
    """Return the number, from 0, of each word's sentence, and behind the last word the number of sentences.

    `words_before` has the number of words before each boundary; a sentence has at least one word. Shape (n_words + 1,).
    """
    first_word = np.zeros(n_words + 1, np.int64)
    first_word[words_before] = 1
    first_word[0] = 0
    return first_word.cumsum()
