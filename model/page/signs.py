"""Which texts may be pages: one text line by line, and the texts of a buffer by array operations on all their lines.

No text that `looks_like_a_page` says yes to is passed over by `find_suspects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.page.lines import (
    DATED,
    MANY_BREAKS,
    NOISE,
    PARAGRAPH,
    POINTER,
    SHORT_LINES_CHARS,
    SIGN_CHARS,
    SIGNS_OF_PAGES,
    kind_of,
)
from model.page.top import (
    MIN_RELATED_CHARS,
    MIN_RELATED_WORDS,
    NOT_BEHIND,
    OPENING,
    TOP_LINES,
    is_related,
    related_behind_lead,
)
from model.scan.alphabet import NEWLINE, SYMBOL_OF
from model.scan.words import Codes, Ints, Keys, Symbols, eight_symbols, encode

_BREAKS = np.uint64(0x8080808080808080)
_BREAK_BIT = np.uint64(7)
_ONE = np.uint64(1)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_TABLE_BITS = 16
_SHIFT = np.uint64(64 - _TABLE_BITS)
_SPACE, _SLASH = map(ord, " /")
_POINTERS = (">", "»")
_DATE_ENDS = (")", "]")
Flags = npt.NDArray[np.bool_]


def _slots(starts: Keys) -> Ints:
    """Return the slot of each line in the table, by its first symbols up to a line break."""
    high = starts & _BREAKS
    lowest = high & (~high + _ONE)
    return (((starts & ((lowest >> _BREAK_BIT) - _ONE | lowest)) * _SPREAD) >> _SHIFT).view(np.int64)


def _build() -> Flags:
    table = np.zeros(1 << _TABLE_BITS, bool)
    ends = "\n" * SIGN_CHARS
    signs = "".join((sign + ends)[:SIGN_CHARS] for sign in SIGNS_OF_PAGES)
    table[_slots(SYMBOL_OF[np.frombuffer(encode(signs), "<u2")].view("<u8"))] = True
    return table


_IS_SIGN = _build()


_CHARS = np.arange(1 << 16, dtype=np.uint32).view("<U1")
"""The character of each code unit."""


def _among(chars: Iterable[str]) -> Symbols:
    """Return 1 for each code unit that is one of the characters, else 0, shape (65536,)."""
    return np.isin(_CHARS, list(chars)).astype(np.uint8)


_IS_SIGN_ALONE, _MAY_OPEN = 1, 2
_MAY_END_DATE, _ENDS = 1, 2
_IS_SURROGATE = (_CHARS >= "\ud800") & (_CHARS < "\ue000")
_AT_START = (np.strings.isspace(_CHARS) | _among(_POINTERS)) * np.uint8(_IS_SIGN_ALONE) | (
    np.strings.isupper(_CHARS) | np.strings.isdigit(_CHARS) | _among(OPENING) | _IS_SURROGATE
) * np.uint8(_MAY_OPEN)
"""What a code unit at the start of a line says; a surrogate may be half of a character that opens a headline."""
_AT_END = _among(_DATE_ENDS) * np.uint8(_MAY_END_DATE) | _among(NOT_BEHIND) * np.uint8(_ENDS)
"""What a code unit at the end of a line says."""
_IS_DIGIT: Flags = np.strings.isdigit(_CHARS)


def looks_like_a_page(text: str) -> bool:
    """Tell whether the text has any sign of a page around the article.

    Signs are a heading, a button, a pointer or a dated headline, headlines behind the lead, and mostly short lines.
    """
    lines = text.split("\n")
    breaks = len(lines) - 1
    if breaks >= MANY_BREAKS and len(text) < breaks * SHORT_LINES_CHARS:
        return True
    if breaks == 0:
        return False
    signs = [line for line in lines if line.lstrip()[:SIGN_CHARS].lower() in SIGNS_OF_PAGES]
    if any(kind_of(line.strip()) != PARAGRAPH for line in signs):  # no sentence: "Chia sẻ với phóng viên, ..."
        return True
    if _has_related(lines):
        return True
    has_ends = any(f"{end}\n" in text for end in _DATE_ENDS) or text[-1] in _DATE_ENDS
    return (has_ends or any(map(text.__contains__, _POINTERS))) and any(map(_is_pointer_or_dated, lines))


def _is_pointer_or_dated(raw: str) -> bool:
    line = raw.lstrip()
    if line[:1] in _POINTERS:
        return kind_of(line.rstrip()) == POINTER
    return line[-1:] in _DATE_ENDS and line[-2:-1].isdigit() and kind_of(line) == DATED


def _has_related(lines: Sequence[str]) -> bool:
    """Tell whether headlines of others stand behind the lead."""
    top = list(islice(filter(None, map(str.strip, lines)), TOP_LINES))
    if not any(map(is_related, top[1:])):
        return False
    own = [line for line in top if kind_of(line) != NOISE]
    return related_behind_lead(own, is_page=len(own) < len(top))[1] > 0


class _RawLines(NamedTuple):
    """The lines of all texts of a buffer, as any line break parts them."""

    codes: Codes
    starts: Ints
    ends: Ints
    """Where the break stands that ends each line."""
    before: Ints
    """How many lines stand before each text, and how many there are, shape (texts + 1,)."""
    first: Symbols
    """What the first character of each line says: `_IS_SIGN_ALONE`, `_MAY_OPEN`; of an empty line, the break."""
    last: Symbols
    """What the last one says: `_MAY_END_DATE`, `_ENDS`; of an empty line, the character before it."""

    @classmethod
    def of(cls, codes: Codes, breaks: Ints, text_starts: Ints) -> _RawLines:
        starts = np.append(0, breaks[:-1] + 1)
        last = _AT_END.take(codes.take(breaks - 1, mode="clip"))
        return cls(codes, starts, breaks, breaks.searchsorted(text_starts), _AT_START.take(codes.take(starts)), last)

    def texts_with_headlines(self) -> Iterator[int]:
        """Yield the texts that have the shape of a headline of others among their first lines, but the very first."""
        n_chars = self.ends - self.starts
        long = n_chars >= MIN_RELATED_CHARS
        numbers = (long & (self.first & _MAY_OPEN > 0) & (self.last & _ENDS == 0)).nonzero()[0]
        texts = self.before.searchsorted(numbers, "right") - 1
        n_full = np.append(0, (n_chars > 0).cumsum())
        rank = n_full.take(numbers) - n_full.take(self.before.take(texts))
        inside = (rank > 0) & (rank < TOP_LINES) & (numbers + 1 < self.before.take(texts + 1))
        for number, text in zip(numbers[inside].tolist(), texts[inside].tolist(), strict=True):
            line = self.codes[self.starts[number] : self.ends[number]]
            if np.count_nonzero(line == _SPACE) + 1 >= MIN_RELATED_WORDS or _SLASH in line:
                yield text


def find_suspects(codes: Codes, padded: Symbols, text_starts: Ints, n_chars: Ints) -> list[int]:
    """Return the numbers of the texts in a buffer (`model.reading`) that may be pages; `n_chars` are their lengths."""
    breaks = (padded[1:] >= NEWLINE).nonzero()[0]
    lines = _RawLines.of(codes, breaks, text_starts)
    n_breaks = np.diff(lines.before) - 1
    suspect = (n_breaks >= MANY_BREAKS) & (n_chars < n_breaks * SHORT_LINES_CHARS)
    signs = _IS_SIGN.take(_slots(eight_symbols(padded)[lines.starts]))
    signs |= lines.first & _IS_SIGN_ALONE > 0
    dates = (lines.last & _MAY_END_DATE).nonzero()[0]
    signs[dates[_IS_DIGIT.take(codes.take(breaks[dates] - 2, mode="clip"))]] = True
    is_inner = padded.take(breaks + 1) != NEWLINE  # another line break, which parts no lines of a page
    is_inner[lines.before[1:] - 1] = False
    signs |= is_inner
    suspect[text_starts.searchsorted(lines.starts[signs], "right") - 1] = True
    suspect[list(lines.texts_with_headlines())] = True
    numbers: list[int] = suspect.nonzero()[0].tolist()
    return numbers
