"""A long field under a name that is not read is named."""

from __future__ import annotations

from typing import Any

import pytest

from model.document import Document
from model.unread import find_unread

WORDS = "từ " * 25


@pytest.mark.parametrize(
    ("record", "column"),
    [
        ({"title": "Bầu cử", "content": WORDS}, "content"),
        ({"title": "Bầu cử", "content": WORDS, "raw": WORDS * 2}, "raw"),
        ({"title": "Bầu cử", "lead": WORDS, "content": WORDS * 2}, "content"),
        ({"text": "Bầu cử", "content": WORDS}, "content"),
        ({"title": "Bầu cử", "lead": WORDS * 2, "content": WORDS}, None),
        ({"text": WORDS, "html": WORDS * 9}, None),
        ({"title": "Bầu cử", "body": WORDS, "html": WORDS * 9}, None),
        ({"title": "Bầu cử", "tags": ["x"] * 99, "n": 5, "url": "a" * 999, "note": "vài từ"}, None),
        ({"title": "Bầu cử"}, None),
    ],
)
def test_what_looks_like_the_text(record: dict[str, Any], column: str | None) -> None:
    unread = find_unread(record, Document.of(record))
    assert (unread and unread.column) == column


def test_what_it_says() -> None:
    record = {"title": "Bầu cử", "content": WORDS * 50}
    assert str(find_unread(record, Document.of(record))) == (
        "only title was read, 2 words; the 1,250 words of content look like the text and were not read"
    )
