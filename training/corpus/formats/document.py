"""Files that are one document each: plain text and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from model.encoding import decode
from model.errors import Problem, UnreadableText
from training.corpus.blocks import Block
from training.corpus.format import Contents, Format, Records
from training.corpus.records import Record


@dataclass(frozen=True)
class Whole(Block):
    """One document."""

    data: bytes

    def records(self) -> Iterator[Record | Problem]:
        """Yield the one record, or why it cannot be read."""
        try:
            decoded = decode(self.data, source=self.file)
        except UnreadableText as error:
            message = str(error).removeprefix(f"{self.file}: ")
            yield Problem(self.file, 0, "", message, code=error.code)
        else:
            yield Record(0, {"text": decoded.text}, warnings=tuple(decoded.warnings))


class Document(Format):
    """A text or page per file. Its markup says whether it is HTML, not its name."""

    name = "txt"
    suffixes: ClassVar[tuple[str, ...]] = (".txt",)
    labelled = False
    is_one_document = True

    def records(self, contents: Contents) -> Records:
        """Yield the one record."""
        for block in self.blocks(contents, by_place=False):
            yield from block.records()

    def blocks(self, contents: Contents, *, by_place: bool) -> Iterator[Block]:
        """Yield one block."""
        data = contents.stream.read()
        yield Whole(contents.file, contents.position, data)


class Page(Document):
    """A page of HTML per file."""

    name = "html"
    suffixes = (".html", ".htm", ".xhtml")
