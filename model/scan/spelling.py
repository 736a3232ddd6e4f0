"""Spelling: what counts as the same word, and the repairs a text needs before its code units can be looked up."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from model.scan.alphabet import COMBINING, GAP, INVISIBLE, IRREGULAR, SYMBOL_OF, SYMBOLS, TONE_MARKS
from model.scan.noise import Edit, addresses_and_markup, entities

_IRREGULAR = re.compile(f"[{COMBINING}{INVISIBLE}]+")
_MARKS = dict.fromkeys(map(ord, COMBINING + INVISIBLE))
_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))

_MAX_MARKS = 30
_LONG_CHARS = 200

_SECOND_VOWELS = {"o": "ae", "u": "y"}
"""In oa, oe and uy the tone mark may stand on either vowel ("hòa", "hoà"); chude writes it on the second one."""
_TONE_ON_SECOND = {
    unicodedata.normalize("NFC", first + tone) + second: first + unicodedata.normalize("NFC", second + tone)
    for first, seconds in _SECOND_VOWELS.items()
    for second in seconds
    for tone in TONE_MARKS
}
_TONE_ON_FIRST = {new: old for old, new in _TONE_ON_SECOND.items()}
_OLD_STYLE = re.compile("|".join(_TONE_ON_SECOND))
_NEW_STYLE = re.compile("|".join(_TONE_ON_FIRST))


class _Fold(dict[int, str]):
    """Maps a character to the letter that the alphabet reads it as, or to a space; worked out when first met."""

    def __missing__(self, code: int) -> str:
        symbol = int(SYMBOL_OF[code]) if code < SYMBOL_OF.size else GAP
        self[code] = SYMBOLS[symbol - 1] if GAP < symbol <= len(SYMBOLS) else " "
        return self[code]


_FOLD = _Fold()


def _compositions(text: str) -> Iterator[Edit]:
    """Yield where a character and the irregular ones behind it begin and end, and what they compose to (NFC).

    Of a run of marks the first 30 count, as in Unicode's Stream-Safe Text Format: the time of composing grows with
    the square of their number.
    """
    for match in _IRREGULAR.finditer(text) if _may_be_irregular(text) else ():
        start, end = max(match.start() - 1, 0), match.end()
        visible = text[start:end].translate(_INVISIBLE)[: 1 + _MAX_MARKS]
        yield start, end, unicodedata.normalize("NFC", visible).translate(_MARKS)


def _may_be_irregular(text: str) -> bool:
    """Tell whether a text may have irregular characters: a look-up in arrays is faster than the pattern."""
    if len(text) < _LONG_CHARS:
        return True
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
    return bool((SYMBOL_OF.take(codes) == IRREGULAR).any())


_PASSES = (entities, addresses_and_markup, _compositions)
"""The repairs in order: each gets what the one before returned. All take time in proportion to the text's length."""


def repair(text: str) -> str:
    """Return the text as it is read.

    Entities are decoded, addresses and markup blanked (`model.scan.noise`), combining marks composed (NFC), and
    zero-width characters and marks that will not compose deleted.
    """
    for find_edits in _PASSES:
        pieces: list[str] = []
        done = 0
        for start, end, new in find_edits(text):
            pieces += [text[done:start], new]
            done = end
        if done:
            text = "".join([*pieces, text[done:]])
    return text


def repair_with_offsets(text: str) -> tuple[str, npt.NDArray[np.int64]]:
    """Repair, and tell where each character came from.

    Returns the repaired text of n characters and their offsets in `text`, shape (n + 1,), the last one its length.
    """
    offsets = np.arange(len(text) + 1)
    for find_edits in _PASSES:
        pieces: list[str] = []
        origin: list[npt.NDArray[np.int64]] = []
        done = 0
        for start, end, new in find_edits(text):
            pieces += [text[done:start], new]
            origin += [np.arange(done, start), np.full(len(new), start)]
            done = end
        if done:
            offsets = offsets[np.concatenate([*origin, np.arange(done, len(text) + 1)])]
            text = "".join([*pieces, text[done:]])
    return text, offsets


def fold(text: str) -> str:
    """Return the words of a repaired text in canonical spelling, separated by single spaces: see `normalise`."""
    folded = text.translate(_FOLD)
    return " ".join(_OLD_STYLE.sub(lambda match: _TONE_ON_SECOND[match.group()], folded).split())


def normalise(text: str) -> str:
    """Return the words of `text` in canonical spelling, separated by single spaces.

    Lower case, NFC, tone marks of oa, oe and uy on the second vowel, Đ in one form, foreign accents dropped, everything
    that is no letter or digit of the alphabet a separator. Idempotent. Terms are written so.
    """
    return fold(repair(text))


def spellings(word: str) -> list[str]:
    """Return every spelling that `normalise` turns into the canonical `word`, itself first."""
    pieces: list[tuple[str, ...]] = []
    done = 0
    for match in _NEW_STYLE.finditer(word):
        pieces += [(word[done : match.start()],), (match.group(), _TONE_ON_FIRST[match.group()])]
        done = match.end()
    pieces.append((word[done:],))
    return ["".join(choice) for choice in itertools.product(*pieces)]


def without_diacritics(canonical: str) -> str:
    """Return canonical words as they are typed without diacritics ("đ" as "d")."""
    marked = unicodedata.normalize("NFD", canonical)
    return "".join(char for char in marked if not unicodedata.combining(char)).replace("đ", "d")
