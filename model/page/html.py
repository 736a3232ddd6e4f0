"""The text of HTML: of a page the article, which trafilatura finds, of a fragment all that a browser would show.

HTML is recognised by its markup alone: a page by how it begins, behind a byte order mark, an XML declaration, comments
and the elements of a head; a fragment by a well-formed tag of a known element. "nếu a < b" has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from model.page.extract import Extract, extract_article, join_lines
from model.page.leftout import LINK_REASON, Line
from model.page.source import blocks_of, parse_fragment, pieces_of
from model.scan.noise import BLOCKS, tag_pattern

_PROLOG = ("<?", "?>"), ("<!--", "-->")
_HEAD = re.compile(r"<(?:meta|link|base|title)\b", re.I)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.I)
_ALONE_IN_PROSE = frozenset(["html", "head", "body", "title", "script", "style"])
"""Elements that prose about the Web names; a fragment is not recognised by their tags."""
_HEADLINE_WORDS = 4


Extractor = Callable[[str], Extract]
"""What turns HTML into text: `extract_html`, or something around it. It raises as that does."""


class Markup(Enum):
    """What a text is, by its markup."""

    NONE = "plain text"
    FRAGMENT = "a fragment of HTML"
    PAGE = "a page of HTML"


def markup_of(text: str) -> Markup:
    """Tell what a text is by its markup. Takes time in proportion to the length."""
    if "<" not in text:
        return Markup.NONE
    start = _behind_prolog(text)
    if _PAGE.match(text, start) or _HEAD.match(text, start):
        return Markup.PAGE
    if all(match.group(1).lower() in _ALONE_IN_PROSE for match in tag_pattern().finditer(text)):
        return Markup.NONE
    return Markup.PAGE if _PAGE.search(text) else Markup.FRAGMENT


def _behind_prolog(text: str) -> int:
    """Return where a text begins behind space, declarations and comments."""
    start, moved = 0, True
    while moved:
        moved = False
        while start < len(text) and (text[start].isspace() or text[start] == "\ufeff"):
            start += 1
        for opening, closing in _PROLOG:
            if text.startswith(opening, start) and (end := text.find(closing, start)) >= 0:
                start, moved = end + len(closing), True
    return start


def extract_html(html: str) -> Extract:
    """Return the text of a page or a fragment, and which parts of it are not the article's.

    Raises NoArticle for a page without an article, and PageTooComplex.
    """
    if markup_of(html) is not Markup.PAGE:
        return _extract_fragment(html)
    start = _behind_prolog(html)
    if not _HEAD.match(html, start) and (page := _PAGE.search(html, start)):
        start = page.start()
    return extract_article(html[start:])


def _extract_fragment(html: str) -> Extract:
    """Return what is shown of a fragment, each block element on lines of its own.

    Where there are no block elements, the fragment's own line breaks are kept: it is typed text with some markup.
    Headlines that are links are left out, unless they are most of the fragment.
    """
    root = parse_fragment(html)
    if not any(element.tag in BLOCKS for element in root.iterdescendants()):
        return Extract("".join(piece.text for piece in pieces_of(root)))
    blocks = list(blocks_of(root))
    links = [block.is_link and block.n_words >= _HEADLINE_WORDS for block in blocks]
    n_link_words = sum(block.n_words for block, is_link in zip(blocks, links, strict=True) if is_link)
    if 2 * n_link_words >= sum(block.n_words for block in blocks):
        links = [False] * len(blocks)
    return join_lines(
        Line(block.text, LINK_REASON if is_link else "") for block, is_link in zip(blocks, links, strict=True)
    )
