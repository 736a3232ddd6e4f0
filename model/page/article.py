"""The article's own text out of the plain text of a crawled page.

Plain text has no tags to lean on, so lines are judged by their shape, their neighbours and their repetition:

- a section heading of news sites ("Tin liên quan", "Đọc thêm") opens a section of other articles. It lasts until two
  paragraphs follow each other that share proper names with the article so far, or that begin it, or to the end;
- a line that stands twice in a row is the headline of another article, a line that says how long ago is its date, and
  a paragraph alone behind either its teaser; so is a line that begins with the title stripped of its diacritics, the
  text of a picture or a link;
- a run of headlines at the end of the page, with at most single paragraphs between them, is a list of links;
- a line that has been there before is a second copy, of the body or of a link;
- dates, share buttons and copyright lines are dropped wherever they stand, and so are "Xem thêm: ..." lines, unless a
  quarter of their names are the title's too.

Everything else is kept: in doubt a line is the article's. What is left out is blanked, so that offsets stay as they
are. A text without any sign of a page is not looked at line by line.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from model.page.leftout import (
    COPY_REASON,
    LINK_REASON,
    NOISE_REASON,
    SECTION_REASON,
    SEE_ALSO_REASON,
    LeftOut,
    blank,
)
from model.page.lines import (
    AGE,
    HEADLINE,
    NOISE,
    PARAGRAPH,
    POINTER,
    SECTION,
    kind_of,
    looks_like_a_page,
    names_in,
)
from model.scan.spelling import normalise, without_diacritics

_HEADLINE_CHARS = 160
_MIN_REPEATED_CHARS = 12
_LINK_WORDS = 5
_TAIL_LINKS = 4
_MIN_COMMON_NAMES = 0.25
_PLAIN_CHARS = 20
_MAX_TITLE_CHARS = 300
_CUT = ("...", "…")

_REASON_OF = {
    PARAGRAPH: "",
    HEADLINE: "",
    SECTION: "",
    NOISE: NOISE_REASON,
    AGE: NOISE_REASON,
    POINTER: SEE_ALSO_REASON,
}


@dataclass(frozen=True)
class Article:
    """The article found in the text of a page."""

    text: str
    """As long as the page's text, spaces in place of what was left out."""
    left_out: tuple[LeftOut, ...] = ()
    """In order of the text."""


def find_article(text: str, *, force: bool = False) -> Article:
    """Return the article in the text; all of it when it has no sign of a page, unless that is to be ignored (`force`).

    Takes time in proportion to the length. When nothing would be left, everything is kept.
    """
    if not force and not looks_like_a_page(text):
        return Article(text)
    page = _Page(text)
    left_out = tuple(page.left_out())
    if all(page.reasons):
        return Article(text)
    return Article(blank(text, left_out), left_out)


class _Page:
    """The lines of a page that are not empty, with what is known of each."""

    def __init__(self, text: str) -> None:
        lines: list[str] = []
        starts: list[int] = []
        kinds: list[int] = []
        plain: set[str] = set()
        known: dict[str, int] = {}
        at = 0
        for raw in text.split("\n"):
            line = raw.strip() if raw else raw
            if line:
                kind = known.get(line)
                if kind is None:
                    kind = known[line] = kind_of(line)
                    if line[:_PLAIN_CHARS].isascii():
                        plain.add(line)
                lines.append(line)
                starts.append(at if raw[0] == line[0] else at + raw.index(line[0]))
                kinds.append(kind)
            at += len(raw) + 1
        self.lines, self.starts, self.kinds, self._plain = lines, starts, kinds, plain
        self.reasons = [_REASON_OF[kind] for kind in self.kinds]
        self._known_names: set[str] = set()
        self._has_body = False
        self._n_learnt = 0
        self._plain_title: str | None = None

    def left_out(self) -> Iterator[LeftOut]:
        """Yield what is not the article's, neighbouring lines with one reason as one part."""
        if self.lines:
            self._mark_copies()
            self._mark_links()
            self._mark_sections()
            self._mark_tail()
            self._keep_fitting_pointers()
        first, current = 0, ""
        for n, reason in enumerate([*self.reasons, ""]):
            if reason is not current:
                if current:
                    yield LeftOut(self.starts[first], self.starts[n - 1] + len(self.lines[n - 1]), current)
                first, current = n, reason

    def _mark_copies(self) -> None:
        """Mark headlines that stand twice in a row, and lines that were there before."""
        seen: set[str] = set()
        before = ""
        for n, line in enumerate(self.lines):
            if line not in seen:
                seen.add(line)
            elif len(line) >= _MIN_REPEATED_CHARS and not self.reasons[n]:
                self.reasons[n] = COPY_REASON
                if line == before and n > 1 and len(line) <= _HEADLINE_CHARS:
                    self.reasons[n - 1] = self.reasons[n] = LINK_REASON
                    self.kinds[n - 1] = self.kinds[n] = HEADLINE
            before = line

    def _mark_links(self) -> None:
        """Mark picture texts, dated headlines, and the teasers alone behind links."""
        reasons, kinds = self.reasons, self.kinds
        kinds.append(HEADLINE)  # behind the last line
        for n, line in enumerate(self.lines):
            kind = kinds[n]
            if kind == PARAGRAPH and n and reasons[n - 1] == LINK_REASON and kinds[n + 1] != PARAGRAPH:
                reasons[n] = reasons[n] or LINK_REASON
            elif kind == AGE and n > 1 and kinds[n - 1] == HEADLINE:
                reasons[n - 1] = reasons[n] = LINK_REASON
            if line in self._plain and n and self._repeats_title(line):
                reasons[n] = NOISE_REASON if len(line) <= len(self.lines[0]) else LINK_REASON
        kinds.pop()

    def _repeats_title(self, line: str) -> bool:
        """Tell whether the line begins with the title stripped of its diacritics."""
        if self._plain_title is None:
            title = normalise(self.lines[0]) if len(self.lines[0]) <= _MAX_TITLE_CHARS else ""
            self._plain_title = without_diacritics(title) if title.count(" ") >= _LINK_WORDS else ""
        title = self._plain_title
        return title != "" and not self.lines[0].isascii() and normalise(line[: len(title) + 10]).startswith(title)

    def _mark_sections(self) -> None:
        """Mark what follows a section heading, until the article goes on."""
        kinds, end = self.kinds, 0
        with contextlib.suppress(ValueError):  # no further heading
            while True:
                heading = kinds.index(SECTION, end)
                end = self._end_of_section(heading)
                self.reasons[heading:end] = [reason or SECTION_REASON for reason in self.reasons[heading:end]]

    def _end_of_section(self, heading: int) -> int:
        """Return the first line behind the section: where two paragraphs of the article follow each other."""
        kinds, reasons = self.kinds, self.reasons
        before = -1  # the last line with no reason to be left out, if it can be a paragraph of the article
        for n in range(heading + 1, len(kinds)):
            if reasons[n]:
                continue
            if kinds[n] != PARAGRAPH or self.lines[n].endswith(_CUT):
                before = -1
            elif before < 0:
                before = n
            else:
                self._learn_names(heading)
                names = names_in(self.lines[before]) | names_in(self.lines[n])
                if not self._has_body:
                    return before - (kinds[before - 1] == HEADLINE)  # with the title of the article
                if len(names & self._known_names) >= _MIN_COMMON_NAMES * len(names):
                    return before
                before = n
        return len(self.lines)

    def _learn_names(self, end: int) -> None:
        """Take the names of the article's lines before `end` into account; each line once."""
        for n in range(self._n_learnt, end):
            if not self.reasons[n]:
                self._known_names |= names_in(self.lines[n])
                self._has_body |= n > 0 and self.kinds[n] == PARAGRAPH
        self._n_learnt = end

    def _keep_fitting_pointers(self) -> None:
        """Keep pointers that share names with the title: in doubt they are the article's own."""
        pointers = [n for n, reason in enumerate(self.reasons) if reason is SEE_ALSO_REASON]
        title = names_in(self.lines[0]) if pointers else set()
        for n in pointers:
            names = names_in(self.lines[n])
            if names and _MIN_COMMON_NAMES * len(names) <= len(names & title):
                self.reasons[n] = ""

    def _mark_tail(self) -> None:
        """Mark a run of headlines, with at most single paragraphs between them, at the end of the page."""
        links = 0
        first = end = len(self.lines)
        for n in range(end - 1, 1, -1):
            if self.reasons[n]:
                continue
            if self.kinds[n] == HEADLINE:
                if self.lines[n].count(" ") + 1 >= _LINK_WORDS:
                    links += 1
                    first = n
            elif n + 1 < end and self.kinds[n + 1] == PARAGRAPH and not self.reasons[n + 1]:
                break
        if links >= _TAIL_LINKS:
            for n in range(first, end):
                self.reasons[n] = self.reasons[n] or LINK_REASON
