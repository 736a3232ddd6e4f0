"""One record as it stands in a file, before anyone asks what it means.

>>> record = Record(3, {"id": 7, "title": "Bầu cử", "text": "Cử tri đi bỏ phiếu.", "url": "https://bao.example/7"})
>>> record.document().text, record.identity("news.jsonl"), read_fields(record.fields)
('Cử tri đi bỏ phiếu.', 7, ['title', 'text'])
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from model.document import FIELDS, Document, FieldError, shorten
from model.errors import Problem

Identity: TypeAlias = str | int | float
"""An id, of the type that it has in the file."""
_LONG_CHARS = 200
_TIMES_LONGER = 5
_PROSE_SPACES = 30
"""Vietnamese prose, whose words are syllables, has at least so many spaces per 200 characters; URLs have fewer."""


def place(file: str, line: int) -> str:
    """Return the id of a record that has none: `file:line`, or the file alone where all of it is the record."""
    return f"{file}:{line}" if line else file


class Record(NamedTuple):
    """The fields of one record."""

    line: int
    """Line or row, from 1; 0 where the whole file is the record."""
    fields: dict[str, object]
    """Values as JSON has them: dates are ISO 8601, decimals and bytes are strings."""
    problems: tuple[Problem, ...] = ()
    """What is broken in single fields: it costs the record only where such a field is read."""
    warnings: tuple[str, ...] = ()
    """How a file that is one record was decoded, where its user should know."""

    def document(self, text_column: str | None = None) -> Document:
        """Return the text of the record; with `text_column`, of that field. Raises FieldError."""
        if self.problems:
            self._refuse_broken((text_column,) if text_column else FIELDS)
        return Document.of(self.fields, text_column=text_column)

    def identity(self, file: str, id_column: str = "id") -> Identity:
        """Return the id, of its own type, or the place of the record where it has none. Raises FieldError."""
        if self.problems:
            self._refuse_broken((id_column,))
        value = self.fields.get(id_column)
        if value is None or value == "":
            return place(file, self.line)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FieldError(
                id_column, f"must be a string or a number, not {type(value).__name__} {shorten(repr(value), 40)}"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise FieldError(id_column, f"must be a string or a number, not {value}")
        return value

    def _refuse_broken(self, names: Iterable[str]) -> None:
        for problem in self.problems:
            # A number is refused for being one, whether JSON has it or not.
            if problem.field in names and not isinstance(self.fields.get(problem.field), float):
                raise FieldError(problem.field, problem.message)

    def broken(self, names: Iterable[str]) -> list[Problem]:
        """Return what is broken in some of the fields."""
        wanted = frozenset(names)
        return [problem for problem in self.problems if problem.field in wanted]


def read_fields(fields: Mapping[str, object], text_column: str | None = None) -> list[str]:
    """Return the names of the fields that are read as text."""
    return [name for name in ((text_column,) if text_column else FIELDS) if fields.get(name) is not None]


def advice_on_column(fields: Mapping[str, object], text_column: str | None = None) -> str:
    """Return what to add, for a user of the command line, to the error of fields of which none is read by itself."""
    is_none_read = bool(fields) and not text_column and frozenset(FIELDS).isdisjoint(fields)
    return ": name the one to read with --text-column" if is_none_read else ""


def unread_text_column(fields: Mapping[str, object], text_column: str | None = None) -> str | None:
    """Return the field that holds much more prose than those that are read, if there is one."""
    read = read_fields(fields, text_column)
    n_read = sum(len(str(fields[name])) for name in read)
    others = {name: value for name, value in fields.items() if name not in read and isinstance(value, str)}
    longest = max(others, key=lambda name: len(others[name]), default=None)
    if longest is None or not _is_long_prose(others[longest]) or len(others[longest]) < _TIMES_LONGER * n_read:
        return None
    return longest


def _is_long_prose(value: str) -> bool:
    return len(value) > _LONG_CHARS and value.count(" ") * _LONG_CHARS >= _PROSE_SPACES * len(value)


def describe_unread(records: Iterable[Record], text_column: str | None = None) -> str | None:
    """Return one line on the column that most of the records have their prose in, where it is not read.

    >>> text = "Đây là một bài dài. " * 20
    >>> describe_unread([Record(1, {"title": "Một bài", "content": text})])
    'read: title; not read: content (400 characters on average): --text-column content reads it'
    """
    given = [record.fields for record in records]
    unread = [column for fields in given if (column := unread_text_column(fields, text_column))]
    if 2 * len(unread) <= len(given):
        return None
    column = max(set(unread), key=unread.count)
    lengths = [len(value) for fields in given if isinstance(value := fields.get(column), str)]
    read = sorted({name for fields in given for name in read_fields(fields, text_column)}) or ["nothing"]
    return (
        f"read: {', '.join(read)}; not read: {column} ({sum(lengths) // len(lengths):,} characters on average): "
        f"--text-column {column} reads it"
    )
