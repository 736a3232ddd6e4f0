"""Sections of other articles in a page's plain text: from their heading to where the article goes on."""

from __future__ import annotations

import contextlib
import re

from model.page.leftout import SECTION_REASON
from model.page.lines import HEADLINE, PARAGRAPH, SECTION, names_in
from model.page.page_lines import PageLines

MIN_COMMON_NAMES = 0.25
"""A line belongs to the article where the article has at least this share of the line's proper names."""
_CUT = ("...", "…")
_SOURCE = re.compile(r"(?:^|[(/])\s{0,2}(?:theo|nguồn)[\s:]", re.I)
_SOURCE_CHARS = 60


def mark_sections(page: PageLines) -> None:
    """Mark what follows a section heading, until the article goes on."""
    sections = _Sections(page)
    end = page.first
    with contextlib.suppress(ValueError):  # no further heading
        while True:
            heading = page.kinds.index(SECTION, end)
            end = sections.end_of(heading)
            page.mark(heading, end, SECTION_REASON)


class _Sections:
    """The names of the article so far."""

    def __init__(self, page: PageLines) -> None:
        self._page = page
        self._names: set[str] = set()
        self._has_body = False
        self._n_learnt = page.first

    def end_of(self, heading: int) -> int:
        """Return the first line behind the section: where two paragraphs of the article follow each other."""
        lines, kinds, reasons = self._page.lines, self._page.kinds, self._page.reasons
        before = -1  # the last line with no reason to be left out, if it can be a paragraph of the article
        for n in range(heading + 1, len(kinds)):
            if reasons[n]:
                continue
            if kinds[n] != PARAGRAPH or lines[n].endswith(_CUT):
                before = -1
            elif before < 0:
                before = n
            else:
                self._learn_names(heading)
                names = names_in(lines[before]) | names_in(lines[n])
                if not self._has_body:
                    return before - (kinds[before - 1] == HEADLINE)  # with the title of the article
                if len(names & self._names) >= MIN_COMMON_NAMES * len(names):
                    return before
                before = n
        return self._before_sources()

    def _before_sources(self) -> int:
        """Return the number of lines without those at the end that name the article's source."""
        end = len(self._page.lines)
        while _SOURCE.search(self._page.lines[end - 1][:_SOURCE_CHARS]):
            end -= 1
        return end

    def _learn_names(self, end: int) -> None:
        """Take the names of the article's lines before `end` into account; each line once."""
        page = self._page
        for n in range(self._n_learnt, end):
            if not page.reasons[n]:
                self._names |= names_in(page.lines[n])
                self._has_body |= n > page.first and page.kinds[n] == PARAGRAPH
        self._n_learnt = end
