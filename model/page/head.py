"""What the head of a page says of its article: title, description, body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from model.page.main_text import words_of
from model.page.source import Block

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SITE = re.compile(r"\s+[|\-–—»]\s+[^|–—»]{2,40}$")
"""What stands behind the title of the article in that of the page."""
_MIN_FIT = 0.8
_H1_DEPTH = 3
_ARTICLE_TYPES = frozenset(["NewsArticle", "Article", "ReportageNewsArticle", "AnalysisNewsArticle", "BlogPosting"])
_JSON_LD = './/script[@type="application/ld+json"]'


class Head(NamedTuple):
    """What the head and the main heading of a page say."""

    title: str
    """The main heading if it fits the page's title, else the page's title without the site's name."""
    heading: int | None
    """Number of the block with the main heading that fits the page's title."""
    description: str
    body: str
    """The article's text as the page's JSON-LD has it, or nothing."""
    is_article: bool
    """Whether the metadata name an article, or the time when one was published."""


def head_of(root: HtmlElement, blocks: Sequence[Block]) -> Head:
    """Return what the head of a page says of its article."""
    titles = [*_metas(root, "og:title"), *map(_text_of, root.iterfind(".//head/title"))]
    heading = _heading(blocks, titles)
    title = blocks[heading].text if heading is not None else next((_without_site(t) for t in titles if t), "")
    descriptions = [*_metas(root, "description"), *_metas(root, "og:description")]
    articles = list(_articles(root))
    bodies = [str(article["articleBody"]) for article in articles if isinstance(article.get("articleBody"), str)]
    is_article = bool(articles) or any(_metas(root, "article:published_time"))
    return Head(title, heading, next(iter(descriptions), ""), max(bodies, key=len, default=""), is_article)


def _text_of(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())


def _metas(root: HtmlElement, name: str) -> Iterator[str]:
    for meta in root.iter("meta"):
        if name in (meta.get("name"), meta.get("property"), meta.get("itemprop")) and meta.get("content", "").strip():
            yield " ".join(meta.get("content").split())


def _heading(blocks: Sequence[Block], titles: Sequence[str]) -> int | None:
    """Return the number of the longest `h1` whose words are in a title of the page."""
    fitting = [n for n, block in enumerate(blocks) if _is_h1(block.element) and _fits(block.text, titles)]
    return max(fitting, key=lambda n: blocks[n].n_words, default=None)


def _is_h1(element: HtmlElement) -> bool:
    for _ in range(_H1_DEPTH):
        if element is None or element.tag == "h1":
            return element is not None
        element = element.getparent()
    return False


def _fits(heading: str, titles: Sequence[str]) -> bool:
    words = set(words_of(heading))
    return any(len(words & set(words_of(title))) >= _MIN_FIT * len(words) > 0 for title in titles)


def _without_site(title: str) -> str:
    short = _SITE.sub("", title)
    return short if short.count(" ") >= 2 else title


def _articles(root: HtmlElement) -> Iterator[dict[str, Any]]:
    """Yield the articles that the page's JSON-LD describes."""
    for script in root.iterfind(_JSON_LD):
        try:
            data = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for item in _items(data):
            types = item.get("@type")
            if _ARTICLE_TYPES.intersection(types if isinstance(types, list) else [types]):
                yield item


def _items(data: object) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON-LD: one, those of a list, or those of a graph."""
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            yield from (part for part in graph if isinstance(part, dict)) if isinstance(graph, list) else ()
