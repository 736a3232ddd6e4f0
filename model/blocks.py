"""Documents put together in blocks of which each is read at once, and what cannot be read among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from model.document import Document
from model.errors import TextError, TextTooLong

MAX_TEXT_CHARS = 2_000_000
"""Longest text that is tagged, in characters."""
_BLOCK_CHARS = 1 << 18
Readable = str | Mapping[str, Any] | Document
"""A text, or a record that has one: see `model.document`."""


class Block(NamedTuple):
    """Documents that are read together."""

    texts: list[str]
    """The text of each; empty where there is an error."""
    records: dict[int, Document]
    """The documents of those that came in fields, by their number."""
    errors: dict[int, TextError]
    """Why a document cannot be read, by its number."""


def blocks_of(documents: Iterable[Readable]) -> Iterator[Block]:
    """Yield the documents in blocks of about 262,000 characters: small enough for the processor's cache."""
    block = Block([], {}, {})
    chars = 0
    for document in documents:
        try:
            text = document if isinstance(document, str) else _text_of(document, block)
            check_length(text)
        except TextError as error:
            block.errors[len(block.texts)] = error
            text = ""
        block.texts.append(text)
        chars += len(text) + 1
        if chars >= _BLOCK_CHARS:
            yield block
            block, chars = Block([], {}, {}), 0
    if block.texts:
        yield block


def _text_of(record: Mapping[str, Any] | Document, block: Block) -> str:
    """Return the text of the next document of a block, which came in fields. Raises FieldError."""
    document = record if isinstance(record, Document) else Document.of(record)
    if document.is_one_text:
        return document.text
    block.records[len(block.texts)] = document
    return document.read().text


def check_length(text: str) -> None:
    """Raise TextTooLong for a text that is too long to be tagged."""
    if len(text) > MAX_TEXT_CHARS:
        raise TextTooLong(
            f"the text has {len(text):,} characters, and {MAX_TEXT_CHARS:,} is the limit: send one article at a time"
        )
