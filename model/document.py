"""One record: the fields that were given, the text that is read, and the way back from its offsets to the fields.

>>> document = Document.of({"title": "Bầu cử ở Ukraine", "text": "Cử tri đi bỏ phiếu."})
>>> passage = document.read()
>>> passage.text
'Bầu cử ở Ukraine\\nCử tri đi bỏ phiếu.'
>>> passage.locate(17, 23)
('text', 0, 6)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from model.errors import EmptyText
from model.errors import FieldError as FieldError

FIELDS = ("title", "lead", "text", "body")
"""The fields that are read, in the order in which they are read."""


class Part(NamedTuple):
    """Where a field stands in the text that is read."""

    field: str
    start: int
    """Offset in the text that is read."""
    text: str
    """The field as it is read: what was given, or what was found in its HTML."""


class Passage(NamedTuple):
    """The text that is read of a document."""

    text: str
    parts: Sequence[Part]
    """The fields, in order of the text."""

    def text_of(self, field: str) -> str:
        """Return the text of a field that is read."""
        return next(part.text for part in self.parts if part.field == field)

    def pieces(self, start: int, end: int) -> list[tuple[str, int, int]]:
        """Return the fields that hold the characters from `start` to before `end`, each with its offsets in them."""
        return [
            (part.field, max(start - part.start, 0), min(end - part.start, len(part.text)))
            for part in self.parts
            if part.start < end and start < part.start + len(part.text)
        ]

    def locate(self, start: int, end: int) -> tuple[str, int, int]:
        """Return the field that holds the most of these characters, at least one of them, and their offsets in it."""
        return max(self.pieces(start, end), key=lambda piece: piece[2] - piece[1])


class Document(NamedTuple):
    """The text of one record, in the fields in which it came; a field that was not given is empty."""

    title: str = ""
    lead: str = ""
    text: str = ""
    body: str = ""

    @classmethod
    def of(cls, record: str | Mapping[str, Any] | Document, *, text_column: str | None = None) -> Document:
        """Return the document of a text, or of a record with at least one of `FIELDS`.

        With `text_column` that field is read as `text`. Raises FieldError for anything else, where a field is no
        string, and where none has a word.
        """
        if isinstance(record, Document):
            return record
        if isinstance(record, str):
            return cls(text=record)
        if not isinstance(record, Mapping):
            kind, value = type(record).__name__, shorten(repr(record), 40)
            raise FieldError(
                "", f'a text must be a string or a record such as {{"title": ..., "text": ...}}, not {kind} {value}'
            )
        given: dict[str, str] = {}
        for name in (text_column,) if text_column else FIELDS:
            if (value := record.get(name)) is not None:
                given[name] = _checked(name, value)
        if not given:
            wanted = text_column or '"text", or "title", "lead" and "body"'
            null = next((name for name in ((text_column,) if text_column else FIELDS) if name in record), None)
            if null:
                raise FieldError(null, "is null: a text needs at least one word", code=EmptyText.code)
            there = f"there is {', '.join(map(str, record)) or 'nothing'}{_case_hint(record, text_column)}"
            raise FieldError(text_column or "text", f"is missing: give {wanted}; {there}")
        if not any(map(_has_a_word, given.values())):
            raise FieldError(next(iter(given)), "is empty: a text needs at least one word", code=EmptyText.code)
        return cls(text=given[text_column]) if text_column else cls(**given)

    @property
    def fields(self) -> dict[str, str]:
        """Return the fields that are not empty, in the order in which they are read."""
        return {name: value for name, value in zip(FIELDS, self, strict=True) if value.strip()}

    @property
    def is_teaser(self) -> bool:
        """Tell whether there is only a title, a lead or both."""
        return not self.text.strip() and not self.body.strip()

    @property
    def is_one_text(self) -> bool:
        """Tell whether there is nothing but `text`: it is read as it stands, without a look at other fields."""
        return not (self.title or self.lead or self.body)

    def read(self) -> Passage:
        """Return the text that is read: the fields one under the other, none that the next ones begin with."""
        if self.is_one_text:
            return Passage(self.text, (Part("text", 0, self.text),))
        parts: list[Part] = []
        start = 0
        for name, value in self._distinct():
            parts.append(Part(name, start, value))
            start += len(value) + 1
        return Passage("\n".join(part.text for part in parts), tuple(parts))

    def _distinct(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that the text of the fields behind them does not begin with."""
        given = list(self.fields.items())
        for n, (name, value) in enumerate(given):
            if not any(later.lstrip().startswith(value.strip()) for _, later in given[n + 1 :]):
                yield name, value


def shorten(text: str, n_chars: int) -> str:
    """Return the beginning of a text, with dots where it was cut."""
    return text if len(text) <= n_chars else f"{text[:n_chars]}..."


def _checked(name: str, value: object) -> str:
    """Return the value of a field. Raises FieldError where it is no string that can be read."""
    if not isinstance(value, str):
        raise FieldError(name, f"must be a string, not {type(value).__name__} {shorten(repr(value), 40)}")
    if not _is_whole(value):
        raise FieldError(name, "has half a character (a lone surrogate): export the file again")
    return value


def _case_hint(record: Mapping[str, Any], text_column: str | None) -> str:
    """Return a question where a field's name differs from one that is read in the case of its letters only."""
    wanted = (text_column,) if text_column else FIELDS
    for name in record:
        for meant in wanted:
            if isinstance(name, str) and name != meant and name.casefold() == meant.casefold():
                return f"; did you mean {meant} in place of {name}?"
    return ""


def _has_a_word(text: str) -> bool:
    return text != "" and not text.isspace()


def _is_whole(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode("utf-16"))  # a third of the time that UTF-8 takes
    except UnicodeEncodeError:
        return False
