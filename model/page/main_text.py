"""Which words are in a text, as runs of up to four of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

N_GRAM = 4
_MIN_COVERED = 0.7
_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


class MainText:
    """The runs of one to four words in a text."""

    def __init__(self, text: str) -> None:
        lines = [words_of(line) for line in text.split("\n")]
        words = [word for line in lines for word in line]
        self._lines = set(map(tuple, lines))
        self._grams = {gram for n in range(1, N_GRAM + 1) for gram in _grams(words, n)}

    def has_line(self, words: Sequence[str]) -> bool:
        """Tell whether some line of the text consists of these words."""
        return tuple(words) in self._lines

    def covers(self, words: Sequence[str], share: float = _MIN_COVERED) -> bool:
        """Tell whether at least this share of the runs of these words stands in the text."""
        grams = list(_grams(words, min(N_GRAM, len(words))))
        return sum(gram in self._grams for gram in grams) >= share * len(grams) > 0


def _grams(words: Sequence[str], n: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(n)), strict=False)
