"""The third step of a new topic: texts of the queue, each with it or without it, until there are enough to learn."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from flask import Blueprint, Response, request

from model.errors import TextError
from model.page.content import content_of
from service.web.authorization import needs_key
from service.web.body import read_body
from service.web.documents import Submission, read_submissions
from service.web.page.catalogue import catalogue
from service.web.page.layout import describe, http_status, language, render
from service.web.problems import RequestError
from service.web.services import services
from training.corpus.topics import Topic
from training.labels.activity import count_judged
from training.topics import Topics

blueprint = Blueprint("new_topic", __name__)
NEEDED = 10
"""So many texts with a tag, and so many without it, are needed to learn it."""


@blueprint.get("/learn/topic/<tag>")
@needs_key
def progress(tag: str) -> Response:
    """Return how many texts were judged to have a topic, and not to have it."""
    topic = _topics().get(tag, Topic())
    name = topic.names.get(language()) or tag
    counts = count_judged(services().store(), tag)
    return render("topic_progress.html", tag=tag, name=name, topic=topic, counts=counts, needed=NEEDED)


@blueprint.post("/learn/topic/<tag>/text")
@needs_key
def text(tag: str) -> Response:
    """Return a record, sent as for `/predict`, with the key words of a topic marked in it."""
    chude = services()
    submission = read_submissions(read_body(request.environ, chude.settings), chude.settings)
    if not isinstance(submission, Submission):
        raise RequestError(422, "bad-field", "/documents: give one text", pointer="/documents")
    try:
        document = content_of(submission.document, "auto", chude.extract).document
    except TextError as error:
        return render("problem.html", status=http_status(error), problem=describe(error, catalogue(language())))
    keywords = _topics().get(tag, Topic()).keywords
    fields = [(name, list(_parts(value, keywords))) for name, value in document.fields.items()]
    return render("topic_text.html", fields=fields)


def _topics() -> dict[str, Topic]:
    return Topics(services().settings.home).all()


def _parts(value: str, keywords: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield a text in parts, and whether each is a key word; other spellings of one are counted, but not marked."""
    text = unicodedata.normalize("NFC", value)
    words = "|".join(re.escape(unicodedata.normalize("NFC", word)) for word in keywords)
    if not words:
        yield text, False
        return
    spans = [match.span() for match in re.finditer(rf"(?<!\w)(?:{words})(?!\w)", text, re.IGNORECASE)]
    cuts = sorted({0, len(text), *(offset for span in spans for offset in span)})
    yield from ((text[start:end], (start, end) in spans) for start, end in pairwise(cuts))
