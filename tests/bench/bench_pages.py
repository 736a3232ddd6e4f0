"""`make bench`, fifth part: the article out of real HTML, chude beside other extractors on the same pages with gold.

Precision, recall and F1 are those of words; what a page's gold marks as optional counts neither way. A page that a
system refuses or that makes it fail has an F1 of 0. Without ../shared, or without a peer, there is nothing to show.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from real_pages import Pages, score, unpack

SOURCE = Path(__file__).parents[3] / "shared" / "pages-real"
Read = Callable[[str], str]


def chude() -> Read:
    from page_text import read_html

    from model import TextError

    def read(html: str) -> str:
        try:
            return read_html(html)
        except TextError:
            return ""

    return read


def trafilatura() -> Read:
    from trafilatura import extract

    return lambda html: extract(html, include_comments=False, include_tables=False) or ""


def readability() -> Read:
    from lxml.html import fromstring
    from readability import Document

    def read(html: str) -> str:
        document = Document(html)
        return f"{document.short_title()}\n{fromstring(document.summary()).text_content()}"

    return read


def resiliparse() -> Read:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: extract_plain_text(html, main_content=True)


def newspaper() -> Read:
    from newspaper import Article

    def read(html: str) -> str:
        article = Article("https://example.org/", language="vi")
        article.download(input_html=html)
        article.parse()
        return f"{article.title}\n{article.text}"

    return read


SYSTEMS = (chude, trafilatura, readability, resiliparse, newspaper)


class Row(NamedTuple):
    """The figures of one system: means over the pages of articles."""

    precision: float
    recall: float
    f1: float
    worst_f1: float
    n_good: int
    """Pages with an F1 of at least .95."""
    n_listings: int
    """Front pages and sections taken for an article: more than 30 words."""
    ms_per_page: float


def measure(read: Read, pages: Pages) -> Row:
    articles = [(path.stem, path.read_text("utf-8", "replace")) for path in pages.html("article")]
    read(articles[0][1])
    began = time.process_time()
    texts = [_try(read, html) for _, html in articles]
    seconds = time.process_time() - began
    scores = [
        score(text, pages.gold(name, "TLB"), pages.gold(name, "O"))
        for (name, _), text in zip(articles, texts, strict=True)
    ]
    precision, recall, f1 = (statistics.mean(column) for column in zip(*scores, strict=True))
    all_f1 = [f1_of_page for _, _, f1_of_page in scores]
    listings = [_try(read, path.read_text("utf-8", "replace")) for path in pages.html("listing")]
    n_listings = sum(len(text.split()) > 30 for text in listings)
    n_good = sum(value >= 0.95 for value in all_f1)
    return Row(precision, recall, f1, min(all_f1), n_good, n_listings, seconds / len(articles) * 1000)


def _try(read: Read, html: str) -> str:
    try:
        return read(html)
    except Exception as error:  # a peer may raise anything
        print(f"  {type(error).__name__}: {error}"[:100])
        return ""


def main() -> None:
    if not SOURCE.is_dir():
        print("no real pages here: ../shared/pages-real is missing")
        return
    with tempfile.TemporaryDirectory() as folder:
        pages = unpack(SOURCE, Path(folder))
        names = ("system", "P", "R", "F1", "worst page", "F1 >= .95", "listings taken", "ms per page")
        print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")
        for system in SYSTEMS:
            package = "model" if system is chude else system.__name__
            if importlib.util.find_spec(package) is None:
                print(f"| {system.__name__} | not installed |")
                continue
            row = measure(system(), pages)
            figures = " | ".join(f"{value:.3f}" for value in row[:4])
            print(f"| {system.__name__} | {figures} | {row.n_good} | {row.n_listings} | {row.ms_per_page:.0f} |")


if __name__ == "__main__":
    main()
