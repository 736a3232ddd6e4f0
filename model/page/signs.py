"""Which texts of a buffer may be pages: a look at how all their lines begin, by the symbols of eight characters.

No text that `model.page.lines.looks_like_a_page` says yes to is passed over.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.page.lines import MANY_LINES, SHORT_LINES_CHARS, SIGN_CHARS, SIGNS_OF_PAGES
from model.scan.alphabet import NEWLINE, SYMBOL_OF
from model.scan.words import Codes, Ints, Keys, Symbols, eight_symbols, encode

_BREAKS = np.uint64(0x8080808080808080)
_BREAK_BIT = np.uint64(7)
_ONE = np.uint64(1)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_TABLE_BITS = 16
_SHIFT = np.uint64(64 - _TABLE_BITS)
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
