"""The prose of a document's fields: HTML turned into text, mojibake repaired; plain text stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Literal, NamedTuple

from model.disguise import mend
from model.document import Document
from model.page.article import Article, find_article
from model.page.html import Markup, markup_of, read_html

Page = Literal["auto", "always", "never", "html"]
"""How a text is read.

- "auto": HTML is recognised by its markup, and the article is cut out of what looks like a page;
- "always": the same, but the article is cut out even where there is no sign of a page;
- "never": as it stands: it is no HTML, and nothing is cut out (tags and addresses are no evidence all the same);
- "html": it is HTML, even without a sign of it, and the rest as in "auto".
"""
PAGES: tuple[Page, ...] = ("auto", "always", "never", "html")


class Content(NamedTuple):
    """What is read of a document."""

    document: Document
    """The prose of each field."""
    extracted: Mapping[str, str]
    """The fields whose prose is not what was given, with the prose that offsets count in."""
    warnings: tuple[str, ...]
    """What was repaired."""


def prepare() -> None:
    """Import what HTML and mojibake need, so that the first text with any does not wait for it."""
    for name in ("ftfy", "lxml.html", "trafilatura"):
        import_module(name)


def content_of(document: Document, page: Page) -> Content:
    """Return the prose of a document's fields. Raises NoArticle for a page of HTML that has no article.

    A text without a character of `model.scan.alphabet.NOTICED` comes back as it is, unless `page` is "html".
    """
    extracted: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    for name, given in document.fields.items():
        prose, mended = mend(given)
        warnings = tuple(dict.fromkeys((*warnings, *mended)))
        if page == "html" or (page != "never" and markup_of(prose) is not Markup.NONE):
            prose = read_html(prose)
        if prose != given:
            extracted[name] = prose
    return Content(document._replace(**extracted), extracted, warnings)


def article_in(text: str, page: Page) -> Article:
    """Return the article in a text that is no HTML."""
    return Article(text) if page == "never" else find_article(text, force=page == "always")
