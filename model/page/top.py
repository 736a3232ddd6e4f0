"""The top of a page's plain text: the menu before the headline, and headlines of other articles behind the lead.

Both are known by their place and their shape alone:

- the menu is a run of short lines before the headline that stands above the first paragraphs;
- a line or a few behind the lead, or behind the title where there is no lead, that have the length of a headline and no
  end mark, are links to other articles. Captions end with a stop or name a photographer; subheadings stand later, and
  most have fewer words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from model.page.lines import HEADLINE, PARAGRAPH, credits_a_picture, kind_of, names_in

TOP_LINES = 9
"""Lines in which headlines behind the lead are looked for."""
MIN_RELATED_CHARS = 36
_MAX_RELATED_CHARS = 130
MIN_RELATED_WORDS = 9
_MIN_PART_WORDS = 4
_MAX_RUN = 5
_MIN_COMMON_NAMES = 0.5
_MIN_LEAD_CHARS = 60
_MIN_BODY_CHARS = 90
_MAX_BEHIND_TITLE_CHARS = 80
_SLASH = re.compile(r"(?<=\s)/(?=\s)")
NOT_BEHIND = frozenset(".!?…:;,-–)")
"""End marks of lines that are no headlines."""
OPENING = frozenset("\"'“‘«")
"""What a headline may begin with instead of a capital or a digit."""
_CLOSING = frozenset("\"'”’»")
_NUMBERED = re.compile(r"\d{1,2}\s?[./)\]]\s")

MANY_LINES = 50
"""Articles have fewer; whole pages have more."""
_MIN_MENU_LINES = 5
_MENU_LINE_CHARS = 40
_MIN_SHORT = 0.7
_MIN_SHORT_ABOVE_TITLE = 0.5
_MIN_PARAGRAPH_CHARS = 60
_NEAR = 4
_MIN_HEADLINE_WORDS = 5
_MAX_SITE_WORDS = 4
_MAX_TITLE_CHARS = 300
_FIRST_CHARS = 4
_MIN_SECTIONS = 3
_SITE_SECTIONS = frozenset(
    """
    thời sự|chính trị|xã hội|thế giới|quốc tế|kinh doanh|kinh tế|thể thao|bóng đá|giải trí|văn hóa|pháp luật|giáo dục
    sức khỏe|y tế|đời sống|du lịch|khoa học|công nghệ|xe|ô tô|bất động sản|chứng khoán|bạn đọc|video|podcast|ảnh|tâm sự
    """.replace("\n", "|")
    .replace("    ", "")
    .split("|")
)
"""Names of the sections that news sites have in their menus."""


class Headline(NamedTuple):
    """Where the article begins in the lines of a page."""

    n_menu_lines: int
    """How many lines before the headline are the menu of the page; 0 where there is none."""
    is_title: bool
    """Whether the headline is what the first line, the title of the page, begins with."""


def find_headline(lines: Sequence[str], kinds: Sequence[int]) -> Headline:
    """Return where the article begins: the headline that stands above the first paragraphs.

    Takes time in proportion to the length of the lines.
    """
    body = _first_paragraphs(lines, kinds)
    if body <= _MIN_MENU_LINES and len(lines) < MANY_LINES:
        return Headline(0, False)
    copies = (n for n in _copies(lines) if _is_above_paragraph(n, lines, kinds))
    copy = next(copies, 0)
    headline = copy or _nearest_headline(body, lines, kinds)
    above = range(1, headline)
    n_short = sum(len(lines[n]) <= _MENU_LINE_CHARS and kinds[n] != PARAGRAPH for n in above)
    least = _MIN_SHORT_ABOVE_TITLE if copy else _MIN_SHORT
    is_menu = n_short >= max(_MIN_MENU_LINES, least * len(above)) and (copy > 0 or _is_menu(lines[:headline]))
    return Headline(headline if is_menu else 0, copy > 0)


def _nearest_headline(body: int, lines: Sequence[str], kinds: Sequence[int]) -> int:
    """Return the number of the last headline above the body, or that of the body where none is near."""
    near = range(body - 1, max(body - _NEAR, 1) - 1, -1)
    titles = (n for n in near if kinds[n] == HEADLINE and lines[n].count(" ") + 1 >= _MIN_HEADLINE_WORDS)
    return next(titles, body)


def _is_above_paragraph(n: int, lines: Sequence[str], kinds: Sequence[int]) -> bool:
    behind = range(n + 1, min(n + 1 + _NEAR, len(lines)))
    return any(kinds[m] == PARAGRAPH and len(lines[m]) >= _MIN_PARAGRAPH_CHARS for m in behind)


def _first_paragraphs(lines: Sequence[str], kinds: Sequence[int]) -> int:
    """Return the number of the first paragraph that another one soon follows; 0 if there is none."""
    before = -_NEAR - 1
    for n, line in enumerate(lines):
        if kinds[n] == PARAGRAPH and len(line) >= _MIN_PARAGRAPH_CHARS:
            if n - before <= _NEAR:
                return before
            before = n
    return 0


def _letters(line: str) -> str:
    """Return the letters and digits of a line in lower case."""
    return "".join(filter(str.isalnum, line[:_MAX_TITLE_CHARS])).lower()


def _copies(lines: Sequence[str]) -> Iterator[int]:
    """Yield the numbers of the lines with which the first line begins; punctuation does not count."""
    first = lines[0][:_FIRST_CHARS].lower()
    title = _letters(lines[0])
    for n in range(1, len(lines)):
        line = lines[n]
        is_long = line[:_FIRST_CHARS].lower() == first and line.count(" ") + 1 >= _MIN_HEADLINE_WORDS
        if is_long and len(line) <= _MAX_TITLE_CHARS and title.startswith(_letters(line)):
            yield n


def _is_menu(lines: Sequence[str]) -> bool:
    """Tell whether lines are a menu by what they say: a site's name above them, or names of sections among them."""
    names = [line.lower().strip(" #›>»•-") for line in lines]
    return lines[0].count(" ") < _MAX_SITE_WORDS or sum(name in _SITE_SECTIONS for name in names) >= _MIN_SECTIONS


def related_behind_lead(lines: Sequence[str], *, is_page: bool) -> tuple[int, int]:
    """Return the first line of the links behind the lead, and the one behind the last; twice 0 where there are none.

    `lines` are the first of the article, the title one of them if it has one; `TOP_LINES` of them are looked at.
    Where nothing else says that they are of a page (`is_page`), a single line that shares half its names with the lines
    around it is kept: captions and subheadings do.
    """
    for start in range(1, min(TOP_LINES, len(lines)) - 1):
        if is_related(lines[start]) and _opens(lines, start):
            end = start + 1
            while end < len(lines) and end - start < _MAX_RUN and is_related(lines[end]):
                end += 1
            if end < len(lines) and _continues(lines[end]):
                return (start, end) if is_page or end > start + 1 or not _fits_in(lines, start) else (0, 0)
    return 0, 0


def _fits_in(lines: Sequence[str], n: int) -> bool:
    """Tell whether a single line behind the lead shares names with the lines around it."""
    if n == 1 or _SLASH.search(lines[n]):
        return False
    names = names_in(f"- {lines[n]}")
    around = {name for line in lines[: n + 2] if line is not lines[n] for name in names_in(f"- {line}")}
    return len(names & around) >= _MIN_COMMON_NAMES * len(names) > 0


def is_related(line: str) -> bool:
    """Tell whether a line has the shape of one or several headlines of other articles."""
    if len(line) < MIN_RELATED_CHARS or line[-1] in NOT_BEHIND:
        return False
    parts = [part.strip() for part in _SLASH.split(line)] if "/" in line else [line]
    least = _MIN_PART_WORDS if len(parts) > 1 else MIN_RELATED_WORDS
    return all(_is_headline(part, least) for part in parts) and not credits_a_picture(line)


def _is_headline(part: str, least: int) -> bool:
    return (
        part.count(" ") + 1 >= least
        and not (part[0] in OPENING and part[-1] in _CLOSING)
        and len(part) <= _MAX_RELATED_CHARS
        and (part[0].isupper() or part[0].isdigit() or part[0] in OPENING)
        and not part.isupper()
        and not _NUMBERED.match(part)
    )


def _opens(lines: Sequence[str], start: int) -> bool:
    """Tell whether links can stand here: behind the lead, or behind the title if the line is short enough."""
    if start == 1:
        return (
            len(lines[0]) <= _MAX_RELATED_CHARS
            and lines[0][-1] != "!"
            and (len(lines[1]) <= _MAX_BEHIND_TITLE_CHARS or _SLASH.search(lines[1]) is not None)
        )
    return _is_lead(lines, start - 1)


def _is_lead(lines: Sequence[str], n: int) -> bool:
    """Tell whether a line is the first paragraph."""
    return _is_paragraph(lines[n]) and not any(_is_paragraph(line) for line in lines[1:n])


def _is_paragraph(line: str) -> bool:
    return len(line) >= _MIN_LEAD_CHARS and kind_of(line) == PARAGRAPH


def _continues(line: str) -> bool:
    """Tell whether the article goes on with this line: a paragraph, or a caption that names its photographer."""
    return (len(line) >= _MIN_BODY_CHARS and _is_paragraph(line)) or credits_a_picture(line)
