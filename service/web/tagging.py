"""Tags of documents, and what carried them, as the service answers them.

UNTIL BRANCH `document` IS MERGED: then `TopicTagger.tag_many` and `explain` take a Document and page="html", return
fields and offsets by themselves, and `_plain`, `_explain_passage` and `AnyPage` go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from model import Tagging, TextError, TopicTagger
from model.document import Document, Passage
from model.page.html import read_html
from model.tagger import Page

AnyPage = Page | Literal["html"]


def tag_documents(
    tagger: TopicTagger, documents: Iterable[Document], page: AnyPage = "auto"
) -> list[Tagging | TextError]:
    """Return the tags of each document, or its error."""
    texts: list[str] = []
    failed: dict[int, TextError] = {}
    for n, document in enumerate(documents):
        try:
            texts.append(_plain(document, page).read().text)
        except TextError as error:
            texts.append("")
            failed[n] = error
    outcomes = tagger.tag_many(texts, page="auto" if page == "html" else page, errors="return")
    return [failed.get(n, outcome) for n, outcome in enumerate(outcomes)]


def explain_documents(
    tagger: TopicTagger, documents: Iterable[Document], page: AnyPage = "auto"
) -> list[Tagging | TextError]:
    """Return the tags of each document with what carried them, at offsets of its fields, or its error."""
    outcomes: list[Tagging | TextError] = []
    for document in documents:
        try:
            outcomes.append(_explain(tagger, document, page))
        except TextError as error:
            outcomes.append(error)
    return outcomes


def _explain(tagger: TopicTagger, document: Document, page: AnyPage) -> Tagging:
    plain = _plain(document, page)
    result = _explain_passage(tagger, plain.read(), "auto" if page == "html" else page)
    if plain is not document:
        result["text"] = plain.text  # type: ignore[typeddict-unknown-key]
    return result


def _plain(document: Document, page: AnyPage) -> Document:
    return document._replace(text=read_html(document.text, source="the body")) if page == "html" else document


def _explain_passage(tagger: TopicTagger, passage: Passage, page: Page) -> Tagging:
    result = tagger.explain(passage.text, page=page)
    terms = [term for part in (*result["evidence"], *result["context"]) for term in part["terms"]]
    parts: list[Any] = [*result["evidence"], *result["left_out"], *terms]
    for part in parts:
        part["field"], part["start"], part["end"] = passage.locate(part["start"], part["end"])
    return result
