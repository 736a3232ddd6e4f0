"""Characters to symbols, symbols to words with keys: whole arrays at a time, no loop over words.

A text is looked up as UTF-16 code units. Each has a symbol in a byte: 0 for what parts words, 1 to 103 for digits and
letters, 128 and more for what can end a sentence (`model.scan.alphabet`). A word is a run of digits and letters. Its
key is one 64-bit integer, made of its first 24 symbols, eight at a time, the first one lowest:

    byte        7   6   5   4   3   2   1   0
    x1          0   0   0   0   0   u   ầ   b       symbols 1 to 8 of "bầu"
    x2, x3                                          symbols 9 to 16 and 17 to 24 of a longer word

    key = x1 * _FIRST                                                     of a word of up to eight symbols
    key = x1 * _FIRST + x2 * _SECOND + x3 * _THIRD + length * _LENGTH     of a longer one; all modulo 2 ** 64

Two words of up to eight symbols never share a key, as the product with an odd number can be undone; other words do with
a probability of about 2 ** -64 per pair. A term of the words with the keys h1, h2 and h3 has the key
(h1 * NEXT + h2) * NEXT + h3:

>>> codes = np.frombuffer(encode("Bầu cử: bầu"), "<u2")
>>> codes.size, hex(codes[1])
(11, '0x1ea7')
>>> padded = find_symbols(codes)
>>> padded[1:12].tolist()  # b, ầ, u, a space, c, ử, a colon, a space, and b, ầ, u again
[12, 62, 31, 0, 13, 97, 0, 0, 12, 62, 31]
>>> words = find_words(padded)
>>> words.starts.tolist(), words.lengths.tolist()
([0, 4, 8], [3, 2, 3])
>>> hex(eight_symbols(padded)[0] & _MASKS[3])  # u, ầ, b
'0x1f3e0c'
>>> [hex(key) for key in words.keys]
['0x978b0b8b0815e6fc', '0xdf077a6afcc4211', '0x978b0b8b0815e6fc']
>>> [hex(key) for key in words.keys[:1] * NEXT + words.keys[1:2]]
['0x7e49e83762181a55']
>>> [hex(key) for key in keys_of_lines(["bầu", "bầu cử"])]
['0x978b0b8b0815e6fc', '0x7e49e83762181a55']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.scan.alphabet import SYMBOL_OF

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.uint16]
Symbols = npt.NDArray[np.uint8]

MAX_WORD_CHARS = 24
"""Symbols of a word that are read; no term has a longer word."""
NEXT = np.uint64(0xA0761D6478BD642F)
"""What the key of a term's beginning is multiplied by before the next word's is added."""
_PADDING = 32
"""Zeros behind the last symbol: the three windows of a word that begins at the last one stay inside."""
_WINDOW = 8
_MASKS: Keys = np.array([(1 << 8 * n) - 1 for n in range(_WINDOW + 1)], np.uint64)
"""The lowest n bytes, for n from 0 to 8."""
_FIRST, _SECOND, _THIRD, _LENGTH = (
    np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
)
"""Odd, so that no two values of a window have the same product; the usual constants of 64-bit hashes."""


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
        keys[more] = keys[more] * NEXT + words.keys[first[more] + nth]
    return keys
