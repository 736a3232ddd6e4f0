"""A parsed document of HTML: its blocks of text as a browser would show them, and what its head says of the article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from model.errors import PageTooComplex
from model.scan.noise import BLOCKS

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_TAGS = 20_000
"""Opening tags of a document. News pages have some hundreds to a few thousand; this many take two seconds."""
MAX_ATTRIBUTES = 100_000
"""Equals signs in the tags of a document; news pages have about two per tag."""
MAX_ATTRIBUTES_PER_TAG = 10_000
"""libxml2 compares each attribute with all before it in the tag, which takes a tenth of a second for so many.

"<" in a script can look like a tag with hundreds of attributes, so the limit is not lower.
"""
MAX_DEPTH = 150
"""Elements inside each other; news pages reach forty. trafilatura's time grows with it."""

_NOT_SHOWN = frozenset(
    ["script", "style", "template", "noscript", "title", "head", "iframe", "svg", "object", "select", "button"]
)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_FEEDS = str.maketrans("\v\f", "\n\n")
_NOT_IN_XML = re.compile("[\0-\x08\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What lxml refuses."""
_ATTRIBUTE = r"""=?[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>]*+))?|/|="""
_TAG = re.compile(rf"<[a-zA-Z][^\s/>]*+(?:\s++|{_ATTRIBUTE})*+")
_ATTRIBUTES = re.compile(_ATTRIBUTE)


class Piece(NamedTuple):
    """A piece of text, or the beginning or end of a block element, where `text` is empty."""

    text: str
    is_link: bool
    block: HtmlElement
    """The innermost block element."""


class Block(NamedTuple):
    """The text between two beginnings or ends of block elements."""

    text: str
    """Without white space around it, one space for each run of white space in it."""
    n_words: int
    n_link_words: int
    """Words in links."""
    element: HtmlElement
    """The innermost block element that the text begins in."""

    @property
    def is_link(self) -> bool:
        """Tell whether at least four fifths of the words of the block are links."""
        return self.n_link_words >= 0.8 * self.n_words > 0


def check_complexity(html: str) -> None:
    """Raise PageTooComplex for more tags or attributes than any page of one article has.

    Takes about 20 ms for a million characters of tags. Reads tags as the HTML standard does, also those in scripts.
    """
    n_attributes = 0
    for n_tags, match in enumerate(_TAG.finditer(html), start=1):
        start, end = match.span()
        if end - start > 2 * MAX_ATTRIBUTES_PER_TAG:
            n_in_tag = sum(1 for _ in _ATTRIBUTES.finditer(html, start, end))
            _check("attributes in one tag", n_in_tag, MAX_ATTRIBUTES_PER_TAG)
        n_attributes += html.count("=", start, end)
        if n_tags > MAX_TAGS or n_attributes > MAX_ATTRIBUTES:
            _check("tags", n_tags, MAX_TAGS)
            _check("attributes", n_attributes, MAX_ATTRIBUTES)


def _check(name: str, count: int, limit: int) -> None:
    if count > limit:
        raise PageTooComplex(f"the HTML has more than {limit:,} {name}: give the page of one article, or its text")


def parse(html: str) -> HtmlElement:
    """Return the root element of a document. Raises PageTooComplex."""
    from lxml.html import HTMLParser, document_fromstring

    check_complexity(html)
    source = _NOT_IN_XML.sub("", html.translate(_FEEDS))
    root = document_fromstring(source.encode(), parser=HTMLParser(huge_tree=True, encoding="utf-8"))
    _check_depth(root)
    return root


def parse_fragment(html: str) -> HtmlElement:
    """Return a `div` with the elements and the text of a fragment. Raises PageTooComplex."""
    from lxml.html import HTMLParser, fragment_fromstring

    check_complexity(html)
    source = _NOT_IN_XML.sub("", html.translate(_FEEDS))
    root = fragment_fromstring(source, create_parent="div", parser=HTMLParser(huge_tree=True, encoding="utf-8"))
    _check_depth(root)
    return root


def _check_depth(root: HtmlElement) -> None:
    from lxml.etree import iterwalk

    depth = 0
    for event, _ in iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        _check("elements inside each other", depth, MAX_DEPTH)


def pieces_of(root: HtmlElement) -> Iterator[Piece]:
    """Yield what is shown of an element and its descendants, in order."""
    from lxml.etree import iterwalk

    walker = iterwalk(root, events=("start", "end", "comment", "pi"))
    blocks, n_links = [root], 0
    for event, element in walker:
        is_block = event in ("start", "end") and element.tag in BLOCKS and element is not root
        text = element.text if event == "start" else element.tail
        if event == "start" and element.tag in _NOT_SHOWN:
            walker.skip_subtree()
            text = None
        if event in ("start", "end") and element.tag == "a":
            n_links += 1 if event == "start" else -1
        if is_block:
            blocks.append(element) if event == "start" else blocks.pop()
            yield Piece("", False, blocks[-1])
        if text and not (event != "start" and element is root):
            yield Piece(text, n_links > 0, blocks[-1])


def blocks_of(root: HtmlElement) -> Iterator[Block]:
    """Yield the blocks of an element that are not empty, in order."""
    pieces: list[Piece] = []
    for piece in pieces_of(root):
        if piece.text:
            pieces.append(piece)
        elif pieces:
            yield from _join(pieces)
            pieces = []
    yield from _join(pieces)


def _join(pieces: list[Piece]) -> Iterator[Block]:
    text = _SPACE.sub(" ", "".join(piece.text for piece in pieces)).strip()
    if text:
        n_link_words = sum(len(piece.text.split()) for piece in pieces if piece.is_link)
        first = next(piece for piece in pieces if piece.text.strip())
        n_words = text.count(" ") + 1
        yield Block(text, n_words, min(n_words, n_link_words), first.block)
