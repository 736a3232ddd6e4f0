"""The unit of a run over files of any size: neighbouring records of one file, about a megabyte of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model.errors import DataError, Problem
from training.corpus.records import Record

BLOCK_BYTES = 1 << 20
BLOCK_RECORDS = 1000


@dataclass(frozen=True)
class Block(ABC):
    """Neighbouring records of one file, ready to be sent to another process."""

    file: str
    """Name of the file, as in messages and in the ids of records without one."""
    position: int
    """How far into the file the block goes, in bytes on the disk."""

    @abstractmethod
    def records(self) -> Iterator[Record | Problem]:
        """Yield the records, and a problem in place of each that cannot be read.

        Raises DataError when the file has changed meanwhile.
        """


@dataclass(frozen=True)
class Rows(Block):
    """Records that are parsed already."""

    rows: Sequence[Record | Problem]

    def records(self) -> Iterator[Record | Problem]:
        """Yield the rows."""
        return iter(self.rows)


class Stretch(NamedTuple):
    """A part of a file on the disk, in bytes."""

    path: Path
    start: int
    size: int

    def read(self) -> bytes:
        """Return the bytes of this part. Raises DataError when it is no longer there."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.start)
                data = stream.read(self.size)
        except OSError as error:
            raise DataError([Problem(str(self.path), 0, "", f"cannot be read again: {error.strerror}")]) from None
        if len(data) < self.size:
            raise DataError([Problem(str(self.path), 0, "", "became shorter while it was read: start again")])
        return data
