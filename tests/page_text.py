"""What is read of HTML, as one text."""

from __future__ import annotations

from model.page.html import extract_html
from model.page.leftout import blank


def read_html(html: str) -> str:
    """Return the text of a page or a fragment, with spaces in place of what is not the article's."""
    extract = extract_html(html)
    return blank(extract.text, extract.left_out)
