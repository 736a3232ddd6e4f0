"""The article's own text out of the plain text of a crawled page.

Plain text has no tags to lean on, so lines are judged by their shape, their neighbours and their repetition:

- a run of short lines before the headline that stands above the first paragraphs is the menu of the page;
- headlines directly behind the lead, or a line with a date in brackets, are links to other articles;
- a section heading of news sites ("Tin liên quan", "Đọc thêm") opens a section of other articles. It lasts until two
  paragraphs follow each other that share proper names with the article so far, or that begin it, or to the end;
- a line that stands twice in a row is the headline of another article, unless it names a photographer; a line that says
  how long ago is its date, and a paragraph alone behind either its teaser; so is a line that begins with the title
  stripped of its diacritics, the text of a picture or a link;
- a run of headlines at the end of the page, with at most single short paragraphs between them, is a list of links,
  unless it is most of the text;
- a line that has been there before is a second copy, of the body or of a link;
- dates, share buttons and copyright lines are dropped wherever they stand, and so are "Xem thêm: ..." lines, unless a
  quarter of their names are the title's too.

Everything else is kept: in doubt a line is the article's. What is left out is blanked, so that offsets stay as they
are. A text without any sign of a page is not looked at line by line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from model.page.leftout import LINK_REASON, MENU_REASON, SEE_ALSO_REASON, LeftOut, blank
from model.page.lines import PARAGRAPH, POINTER, names_in
from model.page.page_lines import PageLines
from model.page.repeats import mark_copies, mark_links
from model.page.sections import MIN_COMMON_NAMES, mark_sections
from model.page.signs import looks_like_a_page
from model.page.top import MANY_LINES, TOP_LINES, Headline, find_headline, related_behind_lead

_LINK_WORDS = 5
_TAIL_LINKS = 4
_MAX_TAIL = 0.5
_TEASER_CHARS = 200
_MAX_KEPT_OF_LISTING = 0.67
_MIN_PROSE_CHARS = 60


@dataclass(frozen=True)
class Article:
    """The article found in the text of a page."""

    text: str
    """As long as the page's text, spaces in place of what was left out."""
    left_out: tuple[LeftOut, ...] = ()
    """In order of the text."""
    is_listing: bool = False
    """Whether the text is that of a front page or a section: headlines and teasers, and no article among them."""


def find_article(text: str, *, force: bool = False) -> Article:
    """Return the article in the text; all of it when it has no sign of a page, unless that is to be ignored (`force`).

    Takes time in proportion to the length. When nothing would be left, everything is kept.
    """
    if not force and not looks_like_a_page(text):
        return Article(text)
    page = PageLines(text)
    headline = find_headline(page.lines, page.kinds) if page.lines else Headline(0, False)
    if page.lines:
        _mark_menu(page, headline.n_menu_lines)
        mark_copies(page)
        mark_links(page)
        _mark_related(page)
        mark_sections(page)
        _mark_tail(page)
        _keep_fitting_pointers(page)
    left_out = tuple(page.left_out())
    if all(page.reasons):
        return Article(text)
    return Article(blank(text, left_out), left_out, not headline.is_title and _is_listing(page))


def _is_listing(page: PageLines) -> bool:
    """Tell whether much of a long page is left out, and of the rest no three paragraphs follow each other."""
    n_lines = len(page.lines)
    if n_lines < MANY_LINES:
        return False
    kept = [n for n in range(n_lines) if not page.reasons[n]]
    if len(kept) > _MAX_KEPT_OF_LISTING * n_lines:
        return False
    prose = [page.kinds[n] == PARAGRAPH and len(page.lines[n]) >= _MIN_PROSE_CHARS for n in kept]
    return not any(map(all, zip(prose, prose[1:], prose[2:], strict=False)))


def _mark_menu(page: PageLines, n_lines: int) -> None:
    """Mark what stands before the headline, where that is the menu of the page."""
    page.first = n_lines
    page.reasons[:n_lines] = [MENU_REASON] * n_lines


def _mark_related(page: PageLines) -> None:
    """Mark headlines of other articles that stand directly behind the lead."""
    kept = (n for n in range(page.first, len(page.lines)) if not page.reasons[n])
    numbers = list(islice(kept, TOP_LINES))
    is_page = page.first > 0 or numbers[-1:] >= [len(numbers)]
    start, end = related_behind_lead([page.lines[n] for n in numbers], is_page=is_page)
    for n in numbers[start:end]:
        page.reasons[n] = LINK_REASON


def _mark_tail(page: PageLines) -> None:
    """Mark a run of headlines, with at most single teasers between them, at the end of the page.

    A run that is most of the text is the article: a gallery, a list, an interview.
    """
    lines, kinds, reasons = page.lines, page.kinds, page.reasons
    links = 0
    first = end = len(lines)
    for n in range(end - 1, page.first + 1, -1):
        if reasons[n]:
            continue
        if kinds[n] != PARAGRAPH:
            if lines[n].count(" ") + 1 >= _LINK_WORDS:
                links += 1
                first = n
        elif len(lines[n]) > _TEASER_CHARS or kinds[n - 1] in (PARAGRAPH, POINTER):
            break
    if links >= _TAIL_LINKS and _n_kept_chars(page, first, end) <= _MAX_TAIL * _n_kept_chars(page, 0, end):
        page.mark(first, end, LINK_REASON)


def _n_kept_chars(page: PageLines, start: int, end: int) -> int:
    return sum(len(page.lines[n]) for n in range(start, end) if not page.reasons[n])


def _keep_fitting_pointers(page: PageLines) -> None:
    """Keep pointers in words that share names with the title: in doubt they are the article's own."""
    if SEE_ALSO_REASON not in page.reasons:
        return
    pointers = [n for n, reason in enumerate(page.reasons) if reason is SEE_ALSO_REASON]
    title = names_in(page.title)
    for n in pointers:
        names = names_in(page.lines[n])
        if names and page.lines[n][0].isalpha() and MIN_COMMON_NAMES * len(names) <= len(names & title):
            page.reasons[n] = ""
