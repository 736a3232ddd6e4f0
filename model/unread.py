"""A record's field that looks like its text, but has a name that is not read.

>>> record = {"title": "Bầu cử", "content": "Cử tri đi bỏ phiếu. " * 9}
>>> print(find_unread(record, Document.of(record)))
only title was read, 2 words; the 45 words of content look like the text and were not read
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from model.document import FIELDS, Document

_MIN_WORDS = 20
"""A title or lead of Vietnamese news has fewer words than this or little more; a text has more."""


class Unread(NamedTuple):
    """What was read, and what looks like the text in its place."""

    fields: tuple[str, ...]
    """The fields that were read."""
    n_words_read: int
    column: str
    n_words: int
    """Words in `column`."""

    def __str__(self) -> str:
        read = " and ".join(self.fields)
        verb = "were" if len(self.fields) > 1 else "was"
        return (
            f"only {read} {verb} read, {self.n_words_read:,} words; "
            f"the {self.n_words:,} words of {self.column} look like the text and were not read"
        )


def find_unread(record: Mapping[str, Any], document: Document) -> Unread | None:
    """Return the longest field of `record` that is not in `document` but looks like its text, if there is one.

    It does when it has twenty words or more, and more than all that was read, which is a title, a lead, or as short.
    """
    others = [(len(value.split()), name) for name, value in record.items() if _may_be_text(name, value)]
    n_words, column = max(others, default=(0, ""))
    if n_words < _MIN_WORDS:
        return None
    fields = document.fields
    n_words_read = sum(len(value.split()) for value in fields.values())
    is_short = document.is_teaser or n_words_read < _MIN_WORDS
    return Unread(tuple(fields), n_words_read, column, n_words) if is_short and n_words > n_words_read else None


def _may_be_text(name: str, value: object) -> bool:
    return name not in FIELDS and isinstance(value, str) and value.count(" ") >= _MIN_WORDS - 1
