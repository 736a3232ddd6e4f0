"""The article of a page of HTML, by the structure of the page.

trafilatura says which text of the page is the main one. The blocks of the source that this text is made of are then
judged by what they are made of themselves:

- a block of links is the headline of another article, and so is a pointer ("Xem thêm: ...");
- where most of the words are links and the teasers beside them, the page is a list of articles and is refused;
- the lead is the block behind the main heading that says what the page's description says; many sites have it outside
  the element of the body;
- where the body is not in the page (a paywall, a script that loads it), it is taken from the page's JSON-LD, and if it
  is not there either, only title and lead are read, with a warning.

White space in HTML means nothing, so a line of the text is a block of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from model.errors import NoArticle
from model.page.head import Head, head_of
from model.page.leftout import LINK_REASON, NOISE_REASON, OTHER_REASON, SECTION_REASON, SEE_ALSO_REASON, LeftOut, Line
from model.page.lines import NOISE, POINTER, SECTION, kind_of
from model.page.main_text import N_GRAM, MainText, words_of
from model.page.source import Block, blocks_of, parse

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ONLY_TITLE_AND_LEAD = "only-title-and-lead: the article's body is not in the page, so only its title and lead are read"
"""A warning."""
_MIN_IN_CONTAINER = 0.85
_MIN_PARAGRAPH_WORDS = 15
_MIN_WORDS = 30
_HEADLINE_WORDS = 4
_MAX_LISTED = 0.5
_MAX_LISTED_WITHOUT_HEADING = 0.25
_MAX_HEADLINES_BEFORE_BODY = 8
_MIN_HEADING_WORDS = 5
_LEAD_BLOCKS = 20
_MIN_DESCRIPTION_WORDS = 6
_MIN_LEAD_WORDS = 12
_LEAD_BLOCKS_UNDESCRIBED = 4
_MAX_BLOCKS_BEFORE_BODY = 10
_NO_PROSE = "no article in this page, only links, forms or short lines: give the page of one article"
_TOO_SHORT = "no article in this page, only {} words, too few for one: page=never (--text) reads them as they stand"
_CAPTIONS = ("figcaption", "figure")


class Extract(NamedTuple):
    """The text of the article in a page."""

    text: str
    """The article, with those parts of the page that stand between its own."""
    left_out: tuple[LeftOut, ...] = ()
    """The parts that are not the article's, in order of the text."""
    warnings: tuple[str, ...] = ()


def extract_article(html: str) -> Extract:
    """Return title and text of the article in a page. Raises NoArticle, and PageTooComplex."""
    from trafilatura import bare_extraction

    root = parse(html)
    blocks = list(blocks_of(root))
    head = head_of(root, blocks)
    found = bare_extraction(root, include_comments=False, include_tables=False, with_metadata=False) or {}
    fields = found if isinstance(found, dict) else found.as_dict()
    page = _Page(blocks, head, str(fields.get("text") or ""))
    lines = [Line(head.title), *page.lines()] if head.title else page.lines()
    return join_lines(lines, page.warnings)


class _Page:
    """The blocks of a page, with what is known of each."""

    def __init__(self, blocks: Sequence[Block], head: Head, main_text: str) -> None:
        self._blocks, self._head = blocks, head
        self._main = MainText(main_text)
        self._in_main = [self._main.covers(words_of(block.text)) for block in blocks]
        self._inside = _inside(_container(blocks, self._in_main))
        self._first, self._end = self._region()
        self._lead = self._find_lead()
        self._start = self._first
        above = self._lead if self._lead is not None else head.heading
        if above is not None and 0 < self._first - above <= _MAX_BLOCKS_BEFORE_BODY:
            self._start = above + 1
        self.warnings: tuple[str, ...] = ()

    def lines(self) -> list[Line]:
        """Return the lines under the title. Raises NoArticle."""
        lines = list(self._found_lines())
        kept = [words_of(line.text) for line in lines if not line.reason]
        n_words = sum(map(len, kept))
        is_long = n_words >= _MIN_WORDS and max(map(len, kept)) >= _MIN_PARAGRAPH_WORDS
        is_found = is_long and not self._is_listing() and not self._is_elsewhere()
        body = [Line(line) for line in map(" ".join, map(str.split, self._head.body.split("\n"))) if line]
        if sum(len(words_of(line.text)) for line in body) >= _MIN_WORDS and not (
            is_found and MainText("\n".join(map(" ".join, kept))).covers(words_of(self._head.body), 0.5)
        ):
            return body
        if is_found:
            return lines
        if not self._is_of_an_article():
            raise NoArticle(_TOO_SHORT.format(n_words) if 0 < n_words < _MIN_WORDS else _NO_PROSE)
        self.warnings = (ONLY_TITLE_AND_LEAD,)
        lead = self._blocks[self._lead].text if self._lead is not None else self._head.description
        return [Line(lead)] if lead else []

    def _region(self) -> tuple[int, int]:
        """Return the first block of the main text in its container, and the one behind the last."""
        inside = [n for n in range(len(self._blocks)) if self._is_inside(n) and self._is_prose(n)]
        own = [n for n in inside if self._in_main[n]]
        if not own:
            return 0, 0
        end = own[-1] + 1
        while end < len(self._blocks) and self._is_inside(end) and self._is_caption(end):
            end += 1
        return own[0], end

    def _is_inside(self, n: int) -> bool:
        return self._blocks[n].element in self._inside

    def _is_prose(self, n: int) -> bool:
        return not self._blocks[n].is_link and n != self._head.heading

    def _is_caption(self, n: int) -> bool:
        element = self._blocks[n].element
        parents = (element, element.getparent(), *element.iterancestors("figure"))
        return self._is_prose(n) and any(parent is not None and parent.tag in _CAPTIONS for parent in parents)

    def _found_lines(self) -> Iterator[Line]:
        """Yield the lead, the main text, and what stands between its blocks."""
        if self._lead is not None:
            yield Line(self._blocks[self._lead].text)
        title = words_of(self._head.title)
        seen: set[str] = set()
        for n, block in enumerate(self._blocks):
            words = words_of(block.text)
            if words == title or n == self._lead:
                continue
            if self._start <= n < self._end and self._is_inside(n):
                yield Line(block.text, self._reason(n))
            elif self._in_main[n] and self._is_prose(n) and self._main.has_line(words) and block.text not in seen:
                yield Line(block.text)
            seen.add(block.text)

    def _reason(self, n: int) -> str:
        """Return why a block between those of the main text is left out, or nothing."""
        block = self._blocks[n]
        kind = kind_of(block.text)
        if kind == POINTER:
            return SEE_ALSO_REASON
        if block.is_link:
            return LINK_REASON
        if kind == NOISE:
            return NOISE_REASON
        if kind == SECTION and self._is_headline(n + 1):
            return SECTION_REASON
        return "" if (self._in_main[n] and n >= self._first) or self._is_caption(n) else OTHER_REASON

    def _is_headline(self, n: int) -> bool:
        """Tell whether a block, if there is one of this number, is a link with the words of a headline."""
        return 0 <= n < len(self._blocks) and self._blocks[n].is_link and self._blocks[n].n_words >= _HEADLINE_WORDS

    def _is_listing(self) -> bool:
        """Tell whether most words of the main text are links or teasers behind them."""
        numbers = [n for n in range(len(self._blocks)) if self._in_main[n] and self._is_inside(n)]
        words = sum(self._blocks[n].n_words for n in numbers)
        listed = sum(self._blocks[n].n_words for n in numbers if self._blocks[n].is_link or self._is_headline(n - 1))
        limit = _MAX_LISTED_WITHOUT_HEADING if self._head.heading is None else _MAX_LISTED
        return listed > limit * words

    def _is_elsewhere(self) -> bool:
        """Tell whether many headlines of others stand between the main heading and the main text."""
        if self._head.heading is None:
            return False
        between = range(self._head.heading + 1, self._first)
        return sum(map(self._is_headline, between)) > _MAX_HEADLINES_BEFORE_BODY or self._end <= self._head.heading

    def _is_of_an_article(self) -> bool:
        """Tell whether the page is that of an article, whatever text it has."""
        heading = self._head.heading
        if heading is None or self._blocks[heading].n_words < _MIN_HEADING_WORDS:
            return False
        return self._head.is_article or self._lead is not None

    def _find_lead(self) -> int | None:
        """Return the number of the lead: the block behind the heading that says what the description says.

        Where none does, it is a paragraph directly behind the heading, but not behind the headline of another article.
        """
        if self._head.heading is None:
            return None
        description = words_of(self._head.description)
        described = MainText(self._head.description)
        for n in self._paragraphs_behind_heading(_LEAD_BLOCKS):
            words = words_of(self._blocks[n].text)[: len(description)]
            if len(words) >= _MIN_DESCRIPTION_WORDS and described.covers(words, 0.5):
                return n
        nearest = next(self._paragraphs_behind_heading(_LEAD_BLOCKS_UNDESCRIBED), None)
        is_teaser = nearest is not None and any(map(self._is_headline, range(self._head.heading + 1, nearest)))
        return None if is_teaser else nearest

    def _paragraphs_behind_heading(self, n_blocks: int) -> Iterator[int]:
        """Yield the numbers of the paragraphs from the heading to the main text, at most so many blocks on."""
        heading = self._head.heading or 0
        for n in range(heading + 1, min(heading + 1 + n_blocks, self._first + 1, len(self._blocks))):
            block = self._blocks[n]
            if block.n_words >= _MIN_LEAD_WORDS and self._is_prose(n) and not self._is_caption(n):
                yield n


def _container(blocks: Sequence[Block], in_main: Sequence[bool]) -> HtmlElement | None:
    """Return the innermost element with nearly all of the main text."""
    n_words: Counter[HtmlElement] = Counter()
    total = 0
    for block, is_main in zip(blocks, in_main, strict=True):
        if is_main and block.n_words > N_GRAM:
            total += block.n_words
            n_words[block.element] += block.n_words
            for ancestor in block.element.iterancestors():
                n_words[ancestor] += block.n_words
    holding = [element for element, n in n_words.items() if n >= _MIN_IN_CONTAINER * total]
    return max(holding, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)


def _inside(container: HtmlElement | None) -> frozenset[HtmlElement]:
    return frozenset() if container is None else frozenset(container.iter())


def join_lines(lines: Iterable[Line], warnings: tuple[str, ...] = ()) -> Extract:
    """Return the lines as one text, neighbours that are left out for one reason as one part."""
    texts: list[str] = []
    left_out: list[LeftOut] = []
    start = 0
    before = ""
    for text, reason in lines:
        texts.append(text)
        end = start + len(text)
        if reason and reason == before:
            left_out[-1] = left_out[-1]._replace(end=end)
        elif reason:
            left_out.append(LeftOut(start, end, reason))
        start, before = end + 1, reason
    return Extract("\n".join(texts), tuple(left_out), warnings)
