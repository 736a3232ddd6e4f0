"""The prose of a document's fields: HTML turned into text, mojibake repaired; plain text stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Literal, NamedTuple

from model.disguise import mend
from model.document import Document
from model.errors import NoArticle
from model.page.article import Article, find_article
from model.page.html import Extractor, Markup, extract_html, markup_of
from model.page.leftout import LeftOut, blank

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
    """The prose of each field; of a page of HTML the article, with spaces in place of what is left out."""
    extracted: Mapping[str, str]
    """The fields whose prose is not what was given, with the prose that offsets count in, nothing left out."""
    left_out: Mapping[str, tuple[LeftOut, ...]]
    """By the name of a field of HTML, what of its prose is not the article's."""
    is_page: bool
    """Whether a field is a page of HTML: what is not the article's is left out already, by the page's structure."""
    warnings: tuple[str, ...]
    """What was repaired, or is missing."""


def prepare() -> None:
    """Import what HTML and mojibake need, so that the first text with any does not wait for it."""
    for name in ("ftfy", "lxml.html", "trafilatura"):
        import_module(name)


def content_of(document: Document, page: Page, extract: Extractor = extract_html) -> Content:
    """Return the prose of a document's fields. Raises NoArticle for a page of HTML that has none, and PageTooComplex.

    `extract` turns HTML into text. A text without a character of `model.scan.alphabet.NOTICED` comes back as it is,
    unless `page` is "html".
    """
    extracted: dict[str, str] = {}
    left_out: dict[str, tuple[LeftOut, ...]] = {}
    warnings: dict[str, None] = {}
    is_page = False
    for name, given in document.fields.items():
        prose, mended = mend(given)
        warnings |= dict.fromkeys(mended)
        markup = Markup.NONE if page == "never" else markup_of(prose)
        if page == "html" or markup is not Markup.NONE:
            prose, left_out[name], found = extract(prose)
            warnings |= dict.fromkeys(found)
            is_page |= markup is Markup.PAGE
        if prose != given:
            extracted[name] = prose
    read = {name: blank(prose, left_out.get(name, ())) for name, prose in extracted.items()}
    return Content(document._replace(**read), extracted, left_out, is_page, tuple(warnings))


def prose_of(document: Document, extract: Extractor = extract_html) -> str:
    """Return the text that is read of a document: of HTML the prose, mojibake repaired. Raises as `content_of`."""
    return content_of(document, "auto", extract).document.read().text


def article_in(text: str, page: Page) -> Article:
    """Return the article in a text that is no HTML. Raises NoArticle for a front page or a section."""
    if page == "never":
        return Article(text)
    article = find_article(text, force=page == "always")
    if article.is_listing:
        raise NoArticle("no article in this text, only headlines and teasers: give the text of one article")
    return article
