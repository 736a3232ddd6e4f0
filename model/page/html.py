"""The article out of an HTML page: trafilatura finds the main text, `model.page.article` takes the rest away."""

from __future__ import annotations

import re

from model.errors import NoArticle
from model.page.article import find_article

_HTML = re.compile(r"\s{0,100}(?:<!--.{0,2000}?-->\s{0,100})?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_MIN_PARAGRAPH_WORDS = 15
_MIN_WORDS = 30


def is_html(text: str) -> bool:
    """Tell whether the text is an HTML page."""
    return _HTML.match(text) is not None


def prepare() -> None:
    """Import what `read_html` needs, so that the first page does not wait for it."""
    import trafilatura  # noqa: F401


def read_html(html: str, *, source: str) -> str:
    """Return title and main text of an HTML page, without the page around them; `source` names it in messages.

    Raises NoArticle for a page that has none: links or a form, but no paragraph.
    """
    from trafilatura import bare_extraction

    document = bare_extraction(html, include_comments=False, include_tables=False, with_metadata=True)
    text = str(getattr(document, "text", None) or "").strip()
    article = find_article(text, force=True)
    kept = [line.split() for line in article.text.split("\n")]
    if sum(map(len, kept)) < _MIN_WORDS or max(map(len, kept)) < _MIN_PARAGRAPH_WORDS:
        raise NoArticle(f"{source}: no article in this page, only links or a form: give the page of one article")
    title = str(getattr(document, "title", None) or "").strip()
    return text if not title or text.startswith(title) else f"{title}\n{text}"
