"""The shapes of what an editor's work takes and gives: texts of the queue, key words, taking labels back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from service.web.schemas import Waiting

KeywordList = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=200)]


class LeaseRequest(Struct, forbid_unknown_fields=True):
    """Who asks for a text of the queue, and which ones they pass over."""

    holder: Annotated[str, Meta(max_length=64, description="Tells editors apart who share a key.")] = ""
    skip: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=1000, description="Digests.")] = []
    keywords: KeywordList = []
    """The text must have one of these, unless no such text is left; with none, any text is given."""
    without: bool = False
    """True asks for a text with none of the key words."""


class KeywordsAsked(Struct, forbid_unknown_fields=True):
    """Key words to look for in the queue."""

    keywords: KeywordList


class QueueCounts(TypedDict):
    """How many texts of the queue have key words."""

    texts: int
    """Texts that wait for a label."""
    hits: int
    """How many of them have at least one key word."""
    by_keyword: Mapping[str, int]


class Leased(TypedDict):
    """A text of the queue that nobody else gets for ten minutes."""

    text: Waiting | None
    """None where others hold every text that waits."""
    digest: str | None
    """Stands for the text in `skip`."""
    waiting: int
    """Texts of the queue without a label."""
    held_by_others: int
    """How many of these others hold."""


class Undone(TypedDict):
    """Whether there was something to take back."""

    undone: bool
