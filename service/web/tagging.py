"""Tags of documents, and what carried them, as the service answers them."""

from __future__ import annotations

from collections.abc import Iterable

from model import Tagging, TextError, TopicTagger
from model.document import Document
from model.tagger import Page


def explain_documents(
    tagger: TopicTagger, documents: Iterable[Document], page: Page = "auto"
) -> list[Tagging | TextError]:
    """Return the tags of each document with what carried them, at offsets of its fields, or its error."""
    outcomes: list[Tagging | TextError] = []
    for document in documents:
        try:
            outcomes.append(tagger.explain(document, page=page))
        except TextError as error:
            outcomes.append(error)
    return outcomes
