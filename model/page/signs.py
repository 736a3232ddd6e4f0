"""Which texts may be pages: one text line by line, and the texts of a buffer by array operations on all their lines.

No text that `looks_like_a_page` says yes to is passed over by `find_suspects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from model.page.lines import (
    DATED,
    MANY_LINES,
    NOISE,
    POINTER,
    SHORT_LINES_CHARS,
    SIGN_CHARS,
    SIGNS_OF_PAGES,
    kind_of,
)
from model.page.top import TOP_LINES, related_behind_lead
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
_IS_WHITE = np.array([chr(code).isspace() for code in range(1 << 16)])


def looks_like_a_page(text: str) -> bool:
    """Tell whether the text has any sign of a page around the article.

    Signs are a heading, a button, a pointer or a dated headline, headlines behind the lead, and mostly short lines.
    """
    lines = text.split("\n")
    breaks = len(lines) - 1
    if breaks >= MANY_LINES and len(text) < breaks * SHORT_LINES_CHARS:
        return True
    return breaks > 0 and (any(map(_is_sign, lines)) or _has_related(lines))


def _is_sign(raw: str) -> bool:
    line = raw.strip()
    if line[:SIGN_CHARS].lower() in SIGNS_OF_PAGES:
        return True
    return line[:1] in _POINTERS and kind_of(line) == POINTER or line[-1:] in _DATE_ENDS and kind_of(line) == DATED


def _has_related(lines: Sequence[str]) -> bool:
    """Tell whether headlines of others stand behind the lead."""
    top = list(islice(filter(None, map(str.strip, lines)), TOP_LINES))
    own = [line for line in top if kind_of(line) != NOISE]
    return related_behind_lead(own, is_page=len(own) < len(top))[1] > 0


def find_suspects(codes: Codes, padded: Symbols, text_starts: Ints, n_chars: Ints) -> list[int]:
    """Return the numbers of the texts in a buffer (`model.reading`) that may be pages; `n_chars` are their lengths."""
    breaks = (padded[1:] >= NEWLINE).nonzero()[0]
    breaks_before = breaks.searchsorted(text_starts)
    n_breaks = breaks_before[1:] - breaks_before[:-1] - 1
    suspect = (n_breaks >= MANY_LINES) & (n_chars < n_breaks * SHORT_LINES_CHARS)
    line_starts = breaks + 1
    line_starts[-1] = 0
    signs = _IS_SIGN.take(_slots(eight_symbols(padded)[line_starts])) | _IS_WHITE.take(codes.take(line_starts))
    suspect[text_starts.searchsorted(line_starts[signs], "right") - 1] = True
    numbers: list[int] = suspect.nonzero()[0].tolist()
    return numbers
