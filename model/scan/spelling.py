"""Spelling: what counts as the same word, and the repairs a text needs before its code units can be looked up."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from model.scan.alphabet import COMBINING, FIRST_BOUNDARY, GAP, INVISIBLE, SYMBOL_OF, SYMBOLS, TONE_MARKS

_IRREGULAR = re.compile(f"[{COMBINING}{INVISIBLE}]+")
_MARKS = dict.fromkeys(map(ord, COMBINING + INVISIBLE))
_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))

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
    """Letters as the alphabet reads them, worked out when first met; a space for everything else."""

    def __missing__(self, code: int) -> str:
        symbol = int(SYMBOL_OF[code]) if code < SYMBOL_OF.size else GAP
        self[code] = SYMBOLS[symbol - 1] if GAP < symbol < FIRST_BOUNDARY else " "
        return self[code]


_FOLD = _Fold()


def _repairs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a character and the irregular ones behind it begin and end, and what stands there instead."""
    for match in _IRREGULAR.finditer(text):
        start, end = max(match.start() - 1, 0), match.end()
        composed = unicodedata.normalize("NFC", text[start:end].translate(_INVISIBLE))
        yield start, end, composed.translate(_MARKS)


def repair(text: str) -> str:
    """Compose combining marks (NFC) and delete zero-width characters and marks that will not compose."""
    pieces: list[str] = []
    done = 0
    for start, end, composed in _repairs(text):
        pieces += [text[done:start], composed]
        done = end
    return "".join([*pieces, text[done:]])


def repair_with_offsets(text: str) -> tuple[str, npt.NDArray[np.int64]]:
    """Repair, and tell where each character came from.

    Returns the repaired text of n characters and their offsets in `text`, shape (n + 1,), the last one its length.
    """
    pieces: list[str] = []
    offsets: list[npt.NDArray[np.int64]] = []
    done = 0
    for start, end, composed in _repairs(text):
        pieces += [text[done:start], composed]
        offsets += [np.arange(done, start), np.full(len(composed), start)]
        done = end
    pieces.append(text[done:])
    offsets.append(np.arange(done, len(text) + 1))
    return "".join(pieces), np.concatenate(offsets)


def normalise(text: str) -> str:
    """Return the words of `text` in canonical spelling, separated by single spaces.

    Lower case, NFC, tone marks of oa, oe and uy on the second vowel, Đ in one form, foreign accents dropped, everything
    that is no letter or digit of the alphabet a separator. Idempotent. Terms are written so.
    """
    folded = repair(text).translate(_FOLD)
    return " ".join(_OLD_STYLE.sub(lambda match: _TONE_ON_SECOND[match.group()], folded).split())


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
