"""`/queue/lease` and `/labels/undo`: take a text that nobody else gets, and take one's own labels back."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, Response, request

from model.page.content import prose_of
from service.web.authorization import check_key, needs_key
from service.web.body import content_type, convert, parse_json, read_body
from service.web.documents import read_submissions
from service.web.editing_schemas import KeywordsAsked, Leased, LeaseRequest, QueueCounts, Undone
from service.web.operations import json_response, operation
from service.web.problems import RequestError
from service.web.schemas import Record
from service.web.services import services
from service.web.views.labelling import waiting_text
from training.labels.activity import take_back
from training.labels.keyword_hits import find_hits
from training.labels.leases import Lease, count_waiting, take_text
from training.labels.store import LabelStore

blueprint = Blueprint("editing", __name__)
T = TypeVar("T")
_JSON = "application/json"
_ERRORS = (400, 408, 413, 415, 422, 503, 507)


def _read(kind: type[T]) -> T:
    """Return the body of the request. Raises RequestError."""
    settings = services().settings
    content_type(request.environ, (_JSON,))
    return convert(parse_json(read_body(request.environ, settings), settings), kind)


@blueprint.post("/queue/lease")
@operation(
    "Take the next text of the queue, which nobody else gets meanwhile",
    Leased,
    body={_JSON: (LeaseRequest,)},
    errors=_ERRORS,
)
@needs_key
def lease() -> Response:
    """Return the text that the editor has already, or else the first that nobody has."""
    asked = _read(LeaseRequest)
    holder = f"{check_key()}/{asked.holder}"
    store = services().store()
    taken = _take(store, holder, asked)
    counts = count_waiting(store, holder)
    answer: Leased = {
        "text": waiting_text(taken.suggestion) if taken else None,
        "digest": taken.digest if taken else None,
        "waiting": counts.texts,
        "held_by_others": counts.held_by_others,
    }
    return json_response(answer)


def _take(store: LabelStore, holder: str, asked: LeaseRequest) -> Lease | None:
    """Return a text with key words, or without, as it was asked for, and any text where there is no such one."""
    if asked.keywords:
        hits = find_hits(store, asked.keywords, services().extract)
        lease = take_text(store, holder, asked.skip, among=hits.others if asked.without else hits.digests)
        if lease:
            return lease
    return take_text(store, holder, asked.skip)


@blueprint.post("/queue/hits")
@operation(
    "Count the texts of the queue that have key words", QueueCounts, body={_JSON: (KeywordsAsked,)}, errors=_ERRORS
)
@needs_key
def hits() -> Response:
    """Look for key words in every text that waits for a label."""
    asked, chude = _read(KeywordsAsked), services()
    found = find_hits(chude.store(), asked.keywords, chude.extract)
    answer: QueueCounts = {"texts": found.n_texts, "hits": len(found.digests), "by_keyword": found.by_keyword}
    return json_response(answer)


@blueprint.post("/labels/undo")
@operation(
    "Take back the latest labels of a text, if they are one's own", Undone, body={_JSON: (Record,)}, errors=_ERRORS
)
@needs_key
def undo() -> Response:
    """Remove the labelling that the owner of the key gave a text last; the one before it counts again."""
    chude = services()
    content_type(request.environ, (_JSON,))
    submission = read_submissions(read_body(request.environ, chude.settings), chude.settings)
    if isinstance(submission, list):
        raise RequestError(422, "bad-field", "/documents: give one text", pointer="/documents")
    text = prose_of(submission.document, chude.extract)
    answer: Undone = {"undone": take_back(chude.store(), text, check_key())}
    return json_response(answer)
