"""What a file format is: how its records are read, and, where it can be written, how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, ClassVar, NamedTuple, TypeAlias

import msgspec

from model.errors import Problem
from training.corpus.blocks import BLOCK_BYTES, BLOCK_RECORDS, Block, Rows
from training.corpus.records import Record

MAX_LINE_BYTES = 1 << 26
"""Longest line, or cell of a table, that is read; a longer one is a problem of its own."""


Records: TypeAlias = Generator[Record | Problem, None, None]
"""What reading yields; a generator, which can be closed before its end."""


class Contents(NamedTuple):
    """A file that is open for reading."""

    stream: IO[bytes]
    """What the file holds, decompressed."""
    raw: IO[bytes]
    """The file on the disk, for the place that reading has come to."""
    file: str
    """Name of the file in messages and ids."""
    path: Path | None
    """Where the contents stand as they are; None for standard input and for compressed files."""

    @property
    def position(self) -> int:
        """Return how many bytes of the file on the disk have been read; 0 for a pipe."""
        return self.raw.tell() if self.raw.seekable() else 0


class Format(ABC):
    """One kind of file."""

    name: ClassVar[str]
    """What `--format` takes."""
    suffixes: ClassVar[tuple[str, ...]]
    """Ends of file names, in lower case; each may have one of a compression behind it."""
    labelled: ClassVar[bool] = True
    """Whether a file of this kind is read where labels are wanted."""
    unlabelled: ClassVar[bool] = True
    """Whether a file of this kind is read where no labels are wanted."""

    holds_results: ClassVar[bool] = False
    """Whether `chude batch` writes its results in it."""
    is_table: ClassVar[bool] = False
    """Whether its cells are strings and numbers alone: an empty one may be a text without any tag."""
    may_have_bom: ClassVar[bool] = False
    """Whether it may begin with a byte order mark, by which Excel knows UTF-8."""
    holds_unlabelled: ClassVar[bool] = True
    """Whether it can hold a text that waits for its tags, and is not one without any."""
    is_one_document: ClassVar[bool] = False
    """Whether a file of this kind is one document, in place of many records."""

    @abstractmethod
    def records(self, contents: Contents) -> Records:
        """Yield the records, and a problem in place of each that cannot be read.

        Raises DataError where nothing more can be read.
        """

    def blocks(self, contents: Contents, *, by_place: bool) -> Iterator[Block]:
        """Yield the records in blocks; `by_place` lets a block name its part of the file in place of holding it."""
        rows: list[Record | Problem] = []
        n_chars = 0
        for record in self.records(contents):
            rows.append(record)
            if isinstance(record, Record):
                n_chars += sum(len(value) for value in record.fields.values() if isinstance(value, str))
            if n_chars >= BLOCK_BYTES or len(rows) >= BLOCK_RECORDS:
                yield Rows(contents.file, contents.position, rows)
                rows, n_chars = [], 0
        if rows:
            yield Rows(contents.file, contents.position, rows)

    def columns(self, contents: Contents) -> list[str]:
        """Return the names of the columns that the head of the file gives; nothing where records have their own."""
        return []


class AppendedFormat(Format):
    """A format that is written piece by piece: the pieces, one behind the other, are the file."""

    def header(self, columns: Sequence[str], *, bom: bool = False) -> bytes:
        """Return what stands before the first row; `bom` marks it as UTF-8 for Excel, where that is of use."""
        return b""

    @abstractmethod
    def encode(self, rows: Iterable[Sequence[object]], columns: Sequence[str]) -> bytes:
        """Return rows, with a cell for each of the columns, as bytes."""


class WholeFormat(Format):
    """A format that is written in one go."""

    writer: ClassVar[str] = ""
    """The package that writes it, where that may be missing."""
    max_rows: ClassVar[int | None] = None
    """Most rows, the header among them, that it can hold."""
    max_cell_chars: ClassVar[int | None] = None
    """Most UTF-16 code units that one of its cells can hold."""

    @abstractmethod
    def write(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Write the file, return the number of rows; `rows` is iterated twice where types have to be found first.

        Raises DataError for what the format cannot hold.
        """


def flat(cell: object) -> str | int | float | None:
    """Return a cell for a table: lists of strings joined by spaces, what is nested as JSON.

    >>> flat(["rice", "sport"]), flat({"a": 1}), flat(7)
    ('rice sport', '{"a":1}', 7)
    """
    if cell is None or isinstance(cell, str) or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return cell
    if isinstance(cell, list | tuple) and is_words(cell):
        return " ".join(cell)
    return msgspec.json.encode(cell).decode()


def is_words(cell: Sequence[object]) -> bool:
    """Tell whether the cell has strings alone that can be joined by spaces and parted again, as tags can."""
    return all(isinstance(value, str) and len(value.split()) == 1 for value in cell)
