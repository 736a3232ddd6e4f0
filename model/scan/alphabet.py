"""The alphabet: which of 127 symbols each UTF-16 code unit is read as.

Case, look-alikes of Đ, full-width forms and the accents of foreign Latin letters (ü, ş, ñ) are folded here, by one
table look-up per character. The 93 lower-case letters of Vietnamese stay apart, tone marks and all. Scripts other than
Latin are no part of any word: chude reads Vietnamese.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt

TONE_MARKS = "\u0300\u0301\u0303\u0309\u0323"
"""Huyền, sắc, ngã, hỏi, nặng, as combining marks."""
VIETNAMESE_MARKS = TONE_MARKS + "\u0302\u0306\u031b"
"""The tone marks, and circumflex, breve and horn."""

_VOWELS = "aăâeêioôơuưy"
_PLAIN = "abcdefghijklmnopqrstuvwxyz"
LETTERS = "".join(
    sorted({*_PLAIN, *"ăâđêôơư", *(unicodedata.normalize("NFC", v + t) for v in _VOWELS for t in TONE_MARKS)})
)
"""The letters that can stand in a term: 26 of Latin and 67 of Vietnamese, lower case, NFC."""
SYMBOLS = "0123456789" + LETTERS
"""Character of symbol number i + 1."""

GAP = 0
"""Between words, and nothing else: space, comma, a bracket, a letter of another script."""
SIGN, IRREGULAR = 128, 129
"""Two more kinds of gaps, which `model.loading` looks for. SIGN: "/" and `NOTICED`, which stand in addresses, markup
and mojibake. IRREGULAR: what `repair` composes or deletes."""
FIRST_BOUNDARY = 130
"""Numbers from here on can end a sentence."""
PERIOD, TERMINATOR, NEWLINE, HARD_BREAK = 130, 131, 132, 133
"""Full stop; other ends of a sentence; "\\n"; other line breaks."""

_NO_DECOMPOSITION = {"ð": "đ", "ɖ": "đ", "ø": "o", "ł": "l", "ı": "i", "ŧ": "t", "ħ": "h", "ƒ": "f", "ɛ": "e"}
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff" + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""Zero-width characters, soft hyphens, direction and variation marks: deleted wherever they stand."""
COMBINING = "".join(map(chr, range(0x0300, 0x0370)))
"""Combining marks: text with any of them is composed (NFC) first; what will not compose is deleted."""
NOTICED = "\0<&@Æ€¡¢£¤¥¦§¨©«¬®¯±´µ¶·¸»¼½¾¿×÷" + "".join(chr(c) for c in range(0x80, 0xA0) if c != 0x85)
"""Gaps that are rare in Vietnamese prose, and that stand in markup, entities, addresses and mojibake. NUL is one of
them, as a warning tells of it.

A text is looked at by itself only where it has one of them, an invisible or a combining character, "//" or "www.".
"""
_LINE_BREAKS = "\n\v\f\x85\u2028\u2029"
_RANGES = ((0x30, 0x250), (0x1E00, 0x1F00), (0x212A, 0x212C), (0xFF10, 0xFF5B))
"""Digits and Latin letters: ASCII to Extended-B, Extended Additional, Kelvin and Angstrom, full width."""


def fold_letter(char: str) -> str:
    """Return the letter or digit of the alphabet that `char` is read as, or "" when it is none."""
    lower = unicodedata.normalize("NFKC", char).lower()
    lower = _NO_DECOMPOSITION.get(lower, lower)
    if len(lower) == 1 and lower in SYMBOLS:
        return lower
    kept = "".join(
        c for c in unicodedata.normalize("NFD", lower) if c in VIETNAMESE_MARKS or not unicodedata.combining(c)
    )
    composed = unicodedata.normalize("NFC", kept)
    base = composed if len(composed) == 1 and composed in SYMBOLS else kept[:1]
    return base if base in SYMBOLS and len(unicodedata.normalize("NFKC", char)) == 1 else ""


def _build() -> npt.NDArray[np.uint8]:
    table = np.zeros(65536, np.uint8)
    number = {char: i + 1 for i, char in enumerate(SYMBOLS)}
    for start, stop in _RANGES:
        for code in range(start, stop):
            folded = fold_letter(chr(code))
            if folded:
                table[code] = number[folded]
    special = {
        "/" + NOTICED: SIGN,
        INVISIBLE + COMBINING: IRREGULAR,
        _LINE_BREAKS: HARD_BREAK,
        ".": PERIOD,
        "!?…。": TERMINATOR,
        "\n": NEWLINE,
    }
    for chars, symbol in special.items():
        table[[ord(c) for c in chars]] = symbol
    return table


SYMBOL_OF = _build()
"""Symbol of every UTF-16 code unit, shape (65536,)."""

OTHER, SPACE, LOWER, UPPER, CLOSER, BREAK = range(6)
"""Kinds of code units that decide whether a sentence ends: see `model.scan.sentences`."""


def _build_kinds() -> npt.NDArray[np.uint8]:
    kinds = np.full(65536, OTHER, np.uint8)
    for start, stop in _RANGES:
        for code in range(start, stop):
            char = chr(code)
            kinds[code] = LOWER if char.islower() else UPPER if char.isupper() else OTHER
    for chars, kind in ((" \t\r\u00a0\u2002\u2003\u2009\u202f\u3000", SPACE), (_LINE_BREAKS, BREAK)):
        kinds[[ord(c) for c in chars]] = kind
    kinds[[ord(c) for c in ".!?…。\"'”’»›)]}"]] = CLOSER
    return kinds


KIND_OF = _build_kinds()
"""Kind of every UTF-16 code unit, shape (65536,)."""
