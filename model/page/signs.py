"""Which texts may be pages: one text line by line, and the texts of a buffer by array operations on all their lines.

No text that `looks_like_a_page` says yes to is passed over by `find_suspects`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from model.page.lines import (
    DATED,
    MANY_BREAKS,
    NOISE,
    POINTER,
    SHORT_LINES_CHARS,
    SIGN_CHARS,
    SIGNS_OF_PAGES,
    kind_of,
)
from model.page.top import MIN_RELATED_CHARS, NOT_BEHIND, TOP_LINES, is_related, may_open, related_behind_lead
from model.scan.alphabet import NEWLINE, SYMBOL_OF
from model.scan.words import Codes, Ints, Keys, Symbols, eight_symbols, encode

_BREAKS = np.uint64(0x8080808080808080)
_BREAK_BIT = np.uint64(7)
_ONE = np.uint64(1)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_TABLE_BITS = 16
_SHIFT = np.uint64(64 - _TABLE_BITS)
_POINTERS = (">", "»")
_DATE_ENDS = (")", "]")
Flags = npt.NDArray[np.bool_]


def _slots(starts: Keys) -> Ints:
    """Return where the first symbols of lines stand in a table, whatever ends a line, and what follows, left out."""
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


def _table(is_in: Callable[[str], bool]) -> Flags:
    return np.array([is_in(chr(code)) for code in range(1 << 16)])


_IS_SIGN_ALONE = _table(lambda char: char.isspace() or char in _POINTERS)
_IS_DATE_END = _table(lambda char: char in _DATE_ENDS)
_IS_DIGIT = _table(str.isdigit)
_IS_END_MARK = _table(lambda char: char in NOT_BEHIND)
_MAY_OPEN = _table(may_open) | np.array([0xD800 <= code < 0xE000 for code in range(1 << 16)])


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
    if any(line.lstrip()[:SIGN_CHARS].lower() in SIGNS_OF_PAGES for line in lines) or _has_related(lines):
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
    if not any(map(is_related, top)):
        return False
    own = [line for line in top if kind_of(line) != NOISE]
    return related_behind_lead(own, is_page=len(own) < len(top))[1] > 0


def find_suspects(codes: Codes, padded: Symbols, text_starts: Ints, n_chars: Ints) -> list[int]:
    """Return the numbers of the texts in a buffer (`model.reading`) that may be pages; `n_chars` are their lengths."""
    breaks = (padded[1:] >= NEWLINE).nonzero()[0]
    breaks_before = breaks.searchsorted(text_starts)
    n_breaks = breaks_before[1:] - breaks_before[:-1] - 1
    suspect = (n_breaks >= MANY_BREAKS) & (n_chars < n_breaks * SHORT_LINES_CHARS)
    line_starts = np.append(0, breaks[:-1] + 1)
    first, last = codes.take(line_starts), codes.take(breaks - 1, mode="clip")
    signs = _IS_SIGN.take(_slots(eight_symbols(padded)[line_starts])) | _IS_SIGN_ALONE.take(first)
    signs |= _IS_DATE_END.take(last) & _IS_DIGIT.take(codes.take(breaks - 2, mode="clip"))
    n_chars_of_line = breaks - line_starts
    headlines = (n_chars_of_line >= MIN_RELATED_CHARS) & _MAY_OPEN.take(first) & ~_IS_END_MARK.take(last)
    numbers = headlines.nonzero()[0]
    texts = breaks_before.searchsorted(numbers, "right") - 1
    n_full = np.append(0, (n_chars_of_line > 0).cumsum())
    rank = n_full.take(numbers) - n_full.take(breaks_before.take(texts))
    suspect[texts[(rank > 0) & (rank < TOP_LINES) & (numbers + 1 < breaks_before.take(texts + 1))]] = True
    other_breaks = breaks[padded.take(breaks + 1) != NEWLINE]
    signs_at = [line_starts[signs], other_breaks] if other_breaks.size > n_chars.size else [line_starts[signs]]
    for places in signs_at:
        suspect[text_starts.searchsorted(places, "right") - 1] = True
    return suspect.nonzero()[0].tolist()
