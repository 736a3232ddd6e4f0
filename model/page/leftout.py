"""What is left out of a page, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SECTION_REASON = "section of other articles"
LINK_REASON = "headline or teaser of another article"
COPY_REASON = "copy of an earlier line"
NOISE_REASON = "button, date, copyright or other line of the page"
SEE_ALSO_REASON = "pointer to another article"
MENU_REASON = "menu of the page"
OTHER_REASON = "not of the main text of the page"


class LeftOut(NamedTuple):
    """A part of the page that is not the article's."""

    start: int
    """Offset of the first character in the text of the page."""
    end: int
    """Offset behind the last character."""
    reason: str


class Line(NamedTuple):
    """A line of an extracted text."""

    text: str
    reason: str = ""
    """Why it is left out, or nothing."""


def blank(text: str, left_out: Iterable[LeftOut]) -> str:
    """Return the text with a space for each character of the parts, which are in order of the text."""
    pieces: list[str] = []
    done = 0
    for part in left_out:
        pieces += [text[done : part.start], " " * (part.end - part.start)]
        done = part.end
    return "".join(pieces) + text[done:]
