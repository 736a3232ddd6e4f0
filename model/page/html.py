"""The text of HTML: of a page the article, which trafilatura finds, of a fragment all that a browser would show.

HTML is recognised by its markup alone: a page by how it begins, behind a byte order mark, an XML declaration, comments
and the elements of a head; a fragment by a well-formed tag of a known element. "nếu a < b" has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from model.errors import NoArticle
from model.page.article import find_article
from model.scan.noise import BLOCKS, tag_pattern

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_PROLOG = ("<?", "?>"), ("<!--", "-->")
_HEAD = re.compile(r"<(?:meta|link|base|title)\b", re.I)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.I)
_ALONE_IN_PROSE = frozenset(["html", "head", "body", "title", "script", "style"])
"""Elements that prose about the Web names; a fragment is not recognised by their tags."""
_NOT_SHOWN = frozenset(
    ["script", "style", "template", "noscript", "title", "head", "iframe", "svg", "object", "select", "button"]
)
_MIN_PARAGRAPH_WORDS = 15
_MIN_WORDS = 30
_SPACE = re.compile(r"[ \t\r\n\f]+")
_SPACES = re.compile(" {2,}")
_LINE_ENDS = re.compile(r" ?\n[ \n]*")
_FEEDS = str.maketrans("\v\f", "\n\n")
_NOT_IN_XML = re.compile("[\0-\x08\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What lxml refuses."""


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


def read_html(html: str) -> str:
    """Return the text of a page or a fragment. Raises NoArticle for a page without an article."""
    start = _behind_prolog(html)
    is_page = markup_of(html) is Markup.PAGE
    if is_page and not _HEAD.match(html, start) and (page := _PAGE.search(html, start)):
        start = page.start()
    source = _NOT_IN_XML.sub("", html[start:].translate(_FEEDS))
    return _read_page(source) if is_page else _read_fragment(source)


def _read_page(html: str) -> str:
    """Return title and main text of a page, without the page around them.

    Raises NoArticle for a page that has none: links or a form, but no paragraph.
    """
    from trafilatura import bare_extraction

    found = bare_extraction(html, include_comments=False, include_tables=False, with_metadata=True) or {}
    fields = found if isinstance(found, dict) else found.as_dict()
    text = str(fields.get("text") or "").strip()
    article = find_article(text, force=True)
    kept = [line.split() for line in article.text.split("\n")]
    if sum(map(len, kept)) < _MIN_WORDS or max(map(len, kept)) < _MIN_PARAGRAPH_WORDS:
        raise NoArticle("no article in this page, only links or a form: give the page of one article")
    title = str(fields.get("title") or "").strip()
    return text if not title or text.startswith(title) else f"{title}\n{text}"


def _read_fragment(html: str) -> str:
    """Return what is shown of a fragment, each block element on lines of its own.

    Where there are no block elements, the fragment's own line breaks are kept: it is typed text with some markup.
    """
    from lxml.html import HTMLParser, fragment_fromstring

    root = fragment_fromstring(html, create_parent="div", parser=HTMLParser(huge_tree=True, encoding="utf-8"))
    has_blocks = any(element.tag in BLOCKS for element in root.iterdescendants())
    text = "".join(_shown(root, has_blocks))
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text)).strip() if has_blocks else text


def _shown(root: HtmlElement, has_blocks: bool) -> Iterator[str]:
    """Yield the pieces of text under an element, with a line break where a block element begins and ends."""
    from lxml.etree import iterwalk

    walker = iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walker:
        text = element.text if event == "start" else element.tail
        if event == "start" and element.tag in _NOT_SHOWN:
            walker.skip_subtree()
            text = None
        if event in ("start", "end") and element.tag in BLOCKS and element is not root:
            yield "\n"
        if text and not (event != "start" and element is root):
            yield _SPACE.sub(" ", text) if has_blocks else text
