"""`/queue/lease` and `/labels/undo`: a text of one's own to label, and taking back what one has labelled."""

from __future__ import annotations

from flask import Blueprint, Response, request

from service.web.authorization import check_key, needs_key
from service.web.body import content_type, convert, parse_json, read_body
from service.web.documents import read_submissions
from service.web.operations import json_response, operation
from service.web.problems import RequestError
from service.web.schemas import Leased, LeaseRequest, Record, Undone
from service.web.services import services
from service.web.views.labelling import waiting_text
from training.corpus.examples import Example
from training.labels.activity import take_back
from training.labels.leases import count_waiting, take_text

blueprint = Blueprint("editing", __name__)
_JSON = "application/json"
_ERRORS = (400, 408, 413, 415, 422, 503, 507)


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
    chude = services()
    content_type(request.environ, (_JSON,))
    asked = convert(parse_json(read_body(request.environ, chude.settings), chude.settings), LeaseRequest)
    holder = f"{check_key()}/{asked.holder}"
    store = chude.store()
    taken = take_text(store, holder, asked.skip)
    counts = count_waiting(store, holder)
    answer: Leased = {
        "text": waiting_text(taken.suggestion) if taken else None,
        "digest": taken.digest if taken else None,
        "waiting": counts.texts,
        "held_by_others": counts.held_by_others,
    }
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
    text = Example("", submission.document, frozenset()).text
    answer: Undone = {"undone": take_back(chude.store(), text, check_key())}
    return json_response(answer)
