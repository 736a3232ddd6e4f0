"""The article's own text out of the plain text of a crawled page.

Plain text has no tags to lean on, so lines are judged by their shape, their neighbours and their repetition:

- a section heading of news sites ("Tin liên quan", "Đọc thêm") opens a section of other articles. It lasts until two
  paragraphs follow each other that share proper names with the article so far, or that begin it, or to the end;
- a line that stands twice in a row is the headline of another article, a line that says how long ago is its date, and
  a paragraph alone behind either its teaser; so is a line that begins with the title stripped of its diacritics, the
  text of a picture or a link;
- a run of headlines at the end of the page, with at most single paragraphs between them, is a list of links;
- a line that has been there before is a second copy, of the body or of a link;
- "Xem thêm: ..." lines, dates, share buttons and copyright lines are dropped wherever they stand.

Everything else is kept: in doubt a line is the article's. What is left out is blanked, so that offsets stay as they
are. A text without any sign of a page is not looked at line by line.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from model.page_words import BUTTONS, NOISE, NOISE_STARTS, SECTIONS, SIGN, is_path
from model.text import normalise, without_diacritics

_PARAGRAPH, _HEADLINE, _SECTION, _NOISE = range(4)
_MAX_SHORT_CHARS = 60
_PARAGRAPH_CHARS = 130
_HEADLINE_CHARS = 160
_MIN_REPEATED_CHARS = 12
_LINK_WORDS = 5
_TAIL_LINKS = 4
_MIN_COMMON_NAMES = 0.25
_SHORT_LINES_CHARS = 75
_SEE_ALSO = re.compile(r"[>»\s]{0,4}(?:xem|đọc|mời xem|mời đọc|bài|tin) (?:thêm|tiếp|ngay|liên quan)\s?[:>»]|>>", re.I)
_AGO = re.compile(r"\d{1,3} (?:giây|phút|giờ|ngày|tuần|tháng) trước\b", re.I)
_PLAIN_CHARS = 20
_MAX_TITLE_CHARS = 300
_POINTERS = ("Xem ", "XEM ", "xem ", "Đọc ", "ĐỌC ", "đọc ", "Mời ", "mời ", "Bài ", "Tin ", "TIN ", ">", "»")
_STOPS = (".", "…", "!", "?")
_CUT = ("...", "…")
_QUOTES = "\"”’'»)"
_PUNCTUATION = ".,:;!?()\"“”'…"

SECTION_REASON = "section of other articles"
LINK_REASON = "headline or teaser of another article"
COPY_REASON = "copy of an earlier line"
NOISE_REASON = "button, date, copyright or other line of the page"
SEE_ALSO_REASON = "pointer to another article"


class LeftOut(NamedTuple):
    """A part of the page that is not the article's."""

    start: int
    """Offset of the first character in the text of the page."""
    end: int
    """Offset behind the last character."""
    reason: str


@dataclass(frozen=True)
class Article:
    """The article found in the text of a page."""

    text: str
    """As long as the page's text, spaces in place of what was left out."""
    left_out: tuple[LeftOut, ...] = ()
    """In order of the text."""

    @property
    def parts(self) -> tuple[str, str, str]:
        """Return title, lead and body: the first line, the second one, and the rest."""
        lines = [line.strip() for line in self.text.split("\n") if line.strip()]
        return "".join(lines[:1]), "".join(lines[1:2]), "\n".join(lines[2:])


def looks_like_a_page(text: str) -> bool:
    """Tell whether the text has any sign of a page around the article: a heading, a button, or mostly short lines."""
    breaks = text.count("\n")
    return breaks > 3 and (len(text) < breaks * _SHORT_LINES_CHARS or SIGN.search(text) is not None)


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
    pieces: list[str] = []
    done = 0
    for part in left_out:
        pieces += [text[done : part.start], " " * (part.end - part.start)]
        done = part.end
    return Article("".join(pieces) + text[done:], left_out)


class _Page:
    """The lines of a page that are not empty, with what is known of each."""

    def __init__(self, text: str) -> None:
        self.lines: list[str] = []
        self.starts: list[int] = []
        self.kinds: list[int] = []
        known: dict[str, int] = {}
        at = 0
        for raw in text.split("\n"):
            line = raw.strip()
            if line:
                kind = known.get(line)
                if kind is None:
                    kind = known[line] = _kind(line)
                self.lines.append(line)
                self.starts.append(at if raw[0] == line[0] else at + raw.index(line[0]))
                self.kinds.append(kind)
            at += len(raw) + 1
        self.reasons = [NOISE_REASON if kind == _NOISE else "" for kind in self.kinds]
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
                    self.kinds[n - 1] = self.kinds[n] = _HEADLINE
            before = line

    def _mark_links(self) -> None:
        """Mark pointers, picture texts, dated headlines, and the teasers alone behind links."""
        reasons, kinds = self.reasons, self.kinds
        kinds.append(_HEADLINE)  # behind the last line
        for n, line in enumerate(self.lines):
            if line.startswith(_POINTERS) and _SEE_ALSO.match(line):
                reasons[n] = SEE_ALSO_REASON
            elif kinds[n] == _NOISE:
                if n > 1 and kinds[n - 1] == _HEADLINE and _AGO.match(line):
                    reasons[n - 1] = reasons[n] = LINK_REASON
            elif n and line[:_PLAIN_CHARS].isascii() and self._repeats_title(line):
                reasons[n] = NOISE_REASON if len(line) <= len(self.lines[0]) else LINK_REASON
            if n and reasons[n - 1] == LINK_REASON and kinds[n] == _PARAGRAPH != kinds[n + 1]:
                reasons[n] = reasons[n] or LINK_REASON
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
                heading = kinds.index(_SECTION, end)
                end = self._end_of_section(heading)
                self.reasons[heading:end] = [reason or SECTION_REASON for reason in self.reasons[heading:end]]

    def _end_of_section(self, heading: int) -> int:
        """Return the first line behind the section: where two paragraphs of the article follow each other."""
        before = -1  # the last line with no reason to be left out, if it can be a paragraph of the article
        for n in range(heading + 1, len(self.lines)):
            if self.reasons[n]:
                continue
            if self.kinds[n] != _PARAGRAPH or self.lines[n].endswith(_CUT):
                before = -1
            elif before < 0:
                before = n
            else:
                self._learn_names(heading)
                names = _names(self.lines[before]) | _names(self.lines[n])
                if not self._has_body:
                    return before - (self.kinds[before - 1] == _HEADLINE)  # with the title of the article
                if len(names & self._known_names) >= _MIN_COMMON_NAMES * len(names):
                    return before
                before = n
        return len(self.lines)

    def _learn_names(self, end: int) -> None:
        """Take the names of the article's lines before `end` into account; each line once."""
        for n in range(self._n_learnt, end):
            if not self.reasons[n]:
                self._known_names |= _names(self.lines[n])
                self._has_body |= n > 0 and self.kinds[n] == _PARAGRAPH
        self._n_learnt = end

    def _mark_tail(self) -> None:
        """Mark a run of headlines, with at most single paragraphs between them, at the end of the page."""
        links = 0
        first = end = len(self.lines)
        for n in range(end - 1, 1, -1):
            if self.reasons[n]:
                continue
            if self.kinds[n] == _HEADLINE:
                if self.lines[n].count(" ") + 1 >= _LINK_WORDS:
                    links += 1
                    first = n
            elif n + 1 < end and self.kinds[n + 1] == _PARAGRAPH and not self.reasons[n + 1]:
                break
        if links >= _TAIL_LINKS:
            for n in range(first, end):
                self.reasons[n] = self.reasons[n] or LINK_REASON


def _kind(line: str) -> int:
    """Judge a line by its shape alone."""
    if len(line) <= _MAX_SHORT_CHARS:
        low = line.lower()
        name = low.strip(" :.»>|-–•*")
        if name in SECTIONS:
            return _SECTION
        if name in BUTTONS or (low[0] in NOISE_STARTS and NOISE.match(low)) or is_path(low):
            return _NOISE
    if len(line) > _PARAGRAPH_CHARS or line[-1] in _STOPS:
        return _PARAGRAPH
    return _PARAGRAPH if line[-1] in _QUOTES and line.rstrip(_QUOTES).endswith(_STOPS) else _HEADLINE


def _names(text: str) -> set[str]:
    """Return the words that begin with a capital, but not those that begin a sentence."""
    words = text.split()
    return {
        word.strip(_PUNCTUATION)
        for before, word in zip(words, words[1:], strict=False)
        if word[0].isupper() and before[-1] not in _STOPS
    }
