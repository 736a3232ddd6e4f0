"""Is the text Vietnamese, Vietnamese typed without diacritics, or another language?"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from model.scan.spelling import fold, repair

_ONSET = "(?:ngh?|nh|gh|gi|kh|ch|ph|th|tr|qu|[bcdghklmnprstvx])?"
_RHYMES = (
    "[aeiou] uo ie ye oa oe ue uy uye ai ao au ay eo eu ia ieu iu oai oay oi oeo ua uay ui uoi uou uu uya uyu yeu oo"
)
_RHYME = f"(?:{'|'.join(_RHYMES.split())})"
_CODA = "(?:ch|ng|nh|[cmnpt])?"
_SYLLABLE = re.compile(f"(?:{_ONSET}{_RHYME}{_CODA}|{_ONSET}y)$")
"""The spelling of a Vietnamese syllable without its diacritics."""

_SAMPLE_CHARS = 4000
_MIN_WORDS = 8
MARKED_SURE = 0.12
"""Share of letters with Vietnamese diacritics from which a text is Vietnamese without a second look."""
_MARKED_NONE = 0.03
_MIN_SYLLABLES = 0.6


class Language(Enum):
    """What a text is written in, as far as tagging cares."""

    VIETNAMESE = "vi"
    WITHOUT_DIACRITICS = "vi-ascii"
    OTHER = "other"


def identify(text: str) -> Language:
    """Identify the language by the share of letters with Vietnamese diacritics and of words spelt as syllables.

    Texts of fewer than 8 words count as Vietnamese, unless most of their letters are of another script. Only the first
    4,000 characters are looked at.
    """
    sample = unicodedata.normalize("NFC", repair(text[:_SAMPLE_CHARS]))
    folded = fold(sample)
    latin = sum(map(str.isalpha, folded))
    if sum(map(str.isalpha, sample)) > 2 * latin:
        return Language.OTHER
    words = [word for word in folded.split() if not word[0].isdigit()]
    letters = sum(map(len, words))
    marked = sum(not char.isascii() for word in words for char in word)
    if len(words) < _MIN_WORDS or marked >= MARKED_SURE * letters:
        return Language.VIETNAMESE
    plain = ["".join(c for c in unicodedata.normalize("NFD", word) if c.isalpha() and c.isascii()) for word in words]
    share = sum(bool(_SYLLABLE.match(word)) for word in plain) / len(plain)
    if share < _MIN_SYLLABLES:
        return Language.OTHER
    return Language.WITHOUT_DIACRITICS if marked < _MARKED_NONE * letters else Language.VIETNAMESE
