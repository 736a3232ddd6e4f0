"""The unit of a batch run: neighbouring records of one file, as they are, or as their place in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from model.errors import DataError, Problem


class Stretch(NamedTuple):
    """A part of a file on the disk, in bytes."""

    path: Path
    start: int
    size: int

    def read(self) -> bytes:
        """Return it. Raises DataError when it is no longer there."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.start)
                data = stream.read(self.size)
        except OSError as error:
            raise DataError([Problem(str(self.path), 0, "", f"cannot be read again: {error.strerror}")]) from None
        if len(data) < self.size:
            raise DataError([Problem(str(self.path), 0, "", "became shorter while it was read: start again")])
        return data


@dataclass(frozen=True)
class Block:
    """Neighbouring records of one file."""

    source: str
    """Name of the file, without its folder."""
    kind: Literal["lines", "rows", "document"]
    first: int
    """Line number of the first item, from 1."""
    items: Sequence[Any]
    """All lines as one bytes, or their stretch; or rows, each a line number with fields or what is wrong; or one
    document as bytes."""
    position: int
    """How far into the file the block goes, in bytes on the disk."""

    def data(self) -> bytes:
        """Return the lines, or the document. Raises DataError when they are no longer where they were."""
        item: bytes | Stretch = self.items[0]
        return item.read() if isinstance(item, Stretch) else item
