"""Lines of a table, and the cells in one line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import cache

_WHOLE_CELL = re.compile(r'"(?:[^"]|"")*+"', re.DOTALL)


class Lines:
    """Lines of a text, which can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self._forgotten = 0
        self.taken: list[str] = []
        """The lines that were taken since `forget` was called."""

    @property
    def first(self) -> int:
        """Return the number of the first line in `taken`, from 1."""
        return self._forgotten + 1

    def __iter__(self) -> Iterator[str]:
        """Yield the lines that are left; any number of such iterators may share them, one after the other."""
        while self._returned:
            self.taken.append(self._returned.popleft())
            yield self.taken[-1]
        for line in self._lines:
            self.taken.append(line)
            yield line

    def forget(self) -> None:
        """Begin a new row."""
        self._forgotten += len(self.taken)
        self.taken.clear()

    def give_back_from(self, first: int) -> None:
        """Give back the lines that were taken, from a number in `taken` on."""
        self._returned.extendleft(reversed(self.taken[first:]))
        del self.taken[first:]


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    end = re.escape(delimiter)
    return re.compile(rf'("(?:[^"]|"")*+"(?={end}|\Z)|[^{end}]*)({end}|\Z)', re.DOTALL)


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line, quoted ones with their quotation marks; one that is not closed ends at a delimiter.

    >>> split_line('1,"a,b","c,d', ",")
    ['1', '"a,b"', '"c', 'd']
    """
    cells, start = [], 0
    pattern = _cell(delimiter)
    while match := pattern.match(line, start):
        cells.append(match[1])
        if match.end() == len(line) and not match[2]:
            break
        start = match.end()
    return cells


def unquoted(cell: str) -> str:
    """Return the text of a quoted cell; any other as it is."""
    return cell[1:-1].replace('""', '"') if _WHOLE_CELL.fullmatch(cell) else cell
