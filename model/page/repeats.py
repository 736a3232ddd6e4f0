"""What a page's plain text says twice: copies of the body, links with the text of their picture, photo lines."""

from __future__ import annotations

from functools import cached_property
from unicodedata import normalize

from model.page.leftout import COPY_REASON, LINK_REASON, NOISE_REASON
from model.page.lines import AGE, HEADLINE, PARAGRAPH, credits_a_picture
from model.page.page_lines import PageLines
from model.scan.spelling import normalise, without_diacritics

_HEADLINE_CHARS = 160
_MIN_REPEATED_CHARS = 12
_MIN_TITLE_WORDS = 6
_PLAIN_CHARS = 20
_MAX_TITLE_CHARS = 300
_MAX_NUMBER_CHARS = 3


def mark_copies(page: PageLines) -> None:
    """Mark headlines that stand twice in a row, and lines that were there before.

    Of a photo line that stands twice in a row only the second is left out.
    """
    seen: set[str] = set()
    before = ""
    for n in range(page.first, len(page.lines)):
        line = page.lines[n]
        if line not in seen:
            seen.add(line)
        elif len(line) >= _MIN_REPEATED_CHARS and not page.reasons[n]:
            page.reasons[n] = COPY_REASON
            is_double = line == before and n > page.first + 1
            if is_double and len(line) <= _HEADLINE_CHARS and not credits_a_picture(line):
                page.reasons[n - 1] = page.reasons[n] = LINK_REASON
                page.kinds[n - 1] = page.kinds[n] = HEADLINE
        before = line


def mark_links(page: PageLines) -> None:
    """Mark the titles of pictures, dated headlines, and the teasers alone behind links."""
    lines, reasons, kinds, first = page.lines, page.reasons, page.kinds, page.first
    if LINK_REASON in reasons or AGE in kinds:
        _mark_teasers(page)
    title = _Title(page.title)
    starts = {page.title[0].lower(), normalize("NFD", page.title[0].lower().replace("đ", "d"))[0]}
    for n in [n for n in range(first + 1, len(lines)) if lines[n][0].lower() in starts]:
        if lines[n][:_PLAIN_CHARS].isascii() and title.is_repeated(lines[n]):
            reasons[n] = NOISE_REASON if len(lines[n]) <= len(page.title) else LINK_REASON
        elif title.is_numbered(lines[n]):
            reasons[n] = NOISE_REASON


def _mark_teasers(page: PageLines) -> None:
    """Mark dated headlines, and paragraphs that stand alone behind links."""
    reasons, kinds = page.reasons, [*page.kinds, HEADLINE]
    for n in range(page.first + 1, len(page.lines)):
        if kinds[n] == PARAGRAPH and reasons[n - 1] == LINK_REASON and kinds[n + 1] != PARAGRAPH:
            reasons[n] = reasons[n] or LINK_REASON
        elif kinds[n] == AGE and n > page.first + 1 and kinds[n - 1] == HEADLINE:
            reasons[n - 1] = reasons[n] = LINK_REASON


class _Title:
    """The title, in the forms in which links and pictures repeat it."""

    def __init__(self, title: str) -> None:
        self._title = title

    @cached_property
    def _plain(self) -> str:
        if len(self._title) > _MAX_TITLE_CHARS:
            return ""
        plain = without_diacritics(normalise(self._title))
        return plain if plain.count(" ") + 1 >= _MIN_TITLE_WORDS and not self._title.isascii() else ""

    def is_repeated(self, line: str) -> bool:
        """Tell whether the line begins with the title stripped of its diacritics."""
        return bool(self._plain) and normalise(line[: len(self._plain) + 10]).startswith(self._plain)

    def is_numbered(self, line: str) -> bool:
        """Tell whether the line is the title with a number behind it, as sites name the pictures of an article."""
        if not line[-1].isdigit() or abs(len(line) - len(self._title)) > 10:
            return False
        letters, title = _letters(line), _letters(self._title)
        number = letters.removeprefix(title)
        return number != letters and len(number) <= _MAX_NUMBER_CHARS and number.isdigit()


def _letters(line: str) -> str:
    return "".join(filter(str.isalnum, line)).lower()
