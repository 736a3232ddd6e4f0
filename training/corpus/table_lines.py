"""Lines of a table, and the cells in one line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import cache

_WHOLE_CELL = re.compile(r'"(?:[^"]|"")*+"', re.DOTALL)


class Lines:
    """Lines of a text, which can be given back, and the number of the last one."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []
        """The lines since this list was cleared."""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def give_back_from(self, first: int) -> None:
        """Give back the lines that were taken, from a number in `taken` on."""
        self._returned.extendleft(reversed(self.taken[first:]))
        self.number -= len(self.taken) - first
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
