"""`/labels`: labels in, and out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from flask import Blueprint, Response, request

from model import Tagging, TextError
from model.document import FIELDS
from model.errors import Problem
from service.web.authorization import check_key, needs_key
from service.web.body import content_type, lone_surrogate, parse_json, read_body
from service.web.documents import check_length
from service.web.operations import begin_stream, json_response, operation
from service.web.problems import RequestError
from service.web.request_state import Counts, current_state
from service.web.schemas import LabelExamples, LabelledRecord, LabelsKept, Queue, Waiting
from service.web.services import services
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example, parse_record
from training.corpus.writers import json_lines
from training.labels.store import Labelling
from training.labels.suggestions import Suggestion, waiting
from training.labels.taken import TakenTags, as_field

blueprint = Blueprint("labels", __name__)
_JSON = "application/json"
_QUEUE_LENGTH = 50
_ONE = '{"text": "...", "tags": ["..."]}'
_SEVERAL = f'{{"examples": [{_ONE}, ...]}}'


@blueprint.post("/labels")
@operation(
    "Keep the labels of one text, or of several: all or none",
    LabelsKept,
    body={_JSON: (LabelledRecord, LabelExamples)},
    errors=(400, 408, 413, 415, 422, 503, 507),
    status=201,
)
@needs_key
def keep() -> Response:
    """Add labelled records to the store, with what the live model says of their texts."""
    chude = services()
    content_type(request.environ, (_JSON,))
    value = parse_json(read_body(request.environ, chude.settings), chude.settings)
    examples = _examples(value, chude.settings.max_documents)
    for example in examples:
        check_length(example.document, chude.settings)
    tagger, store = chude.live.tagger, chude.store()
    labelling = Labelling(who=check_key(), source="POST /labels", model=tagger.version)
    results = list(tagger.tag_many([example.document for example in examples], errors="return"))
    changes = store.add(examples, labelling, _scores(examples, results))
    current_state().counts = Counts(examples=len(examples))
    taken = TakenTags()
    taken.count(examples, results)
    judged = store.judged_by_default(labelling)
    answer: LabelsKept = {
        "added": changes.added,
        "changed": changes.changed,
        "unchanged": changes.unchanged,
        "lost": dict(sorted(taken.lost(judged).items())),
        "warnings": list(taken.messages(judged, tagger.tags, as_field)),
    }
    return json_response(answer, 201)


def _examples(value: object, limit: int) -> list[Example]:
    """Return the checked examples. Raises RequestError that names the first bad field."""
    if not isinstance(value, dict):
        raise RequestError(422, "bad-field", f"the body: must be {_ONE}, or {_SEVERAL}", pointer="")
    if "examples" not in value:
        return _checked([_example(value, "")], f"; several are sent as {_SEVERAL}" if not _has_text(value) else "")
    records = value["examples"]
    if not isinstance(records, list):
        raise RequestError(422, "bad-field", f"/examples: must be an array, as in {_SEVERAL}", pointer="/examples")
    if len(records) > limit:
        message = f"{len(records):,} examples, and {limit:,} is the limit: send them in several requests"
        raise RequestError(413, "too-many-documents", message, pointer="/examples")
    return _checked([_example(record, f"/examples/{n}") for n, record in enumerate(records)])


def _has_text(record: dict[str, object]) -> bool:
    return any(field in record for field in FIELDS)


def _checked(parsed: list[Example | list[Problem]], advice: str = "") -> list[Example]:
    """Return the examples. Raises RequestError with the first of the problems, and their number."""
    problems = [problem for problems in parsed if isinstance(problems, list) for problem in problems]
    if problems:
        pointer = f"{problems[0].file}/{problems[0].field}" if problems[0].field else problems[0].file
        others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        message = f"{pointer}: {problems[0].message}{advice}; nothing was kept{others}"
        raise RequestError(422, "bad-field", message, pointer=pointer)
    return [example for example in parsed if isinstance(example, Example)]


def _example(record: object, pointer: str) -> Example | list[Problem]:
    """Return the example in a record, or what is wrong with it; one without an id has the digest of its text."""
    half = lone_surrogate(record)
    if half is not None:
        return [Problem(pointer, 0, half.removeprefix("/"), "has half a character (a lone surrogate)")]
    parsed = parse_record(record, pointer, 0)
    if isinstance(parsed, Example) and isinstance(record, dict) and record.get("id") in (None, ""):
        return replace(parsed, id=text_digest(parsed.text)[:16])
    return parsed


def _scores(examples: Sequence[Example], results: Sequence[Tagging | TextError]) -> Mapping[str, Mapping[str, float]]:
    return {
        example.text: result["scores"]
        for example, result in zip(examples, results, strict=True)
        if not isinstance(result, TextError)
    }


@blueprint.get("/queue")
@operation("The texts to label next, as `chude labels suggest --queue` found them", Queue, errors=(503,))
@needs_key
def queue() -> Response:
    """Return up to 50 suggestions that have no label yet."""
    found = waiting(services().store(), _QUEUE_LENGTH)
    answer: Queue = {"texts": [waiting_text(s) for s in found]}
    return json_response(answer)


def waiting_text(suggestion: Suggestion) -> Waiting:
    """Return a suggestion with the fields that it came with, so that nothing is lost of what is posted back."""
    fields = cast(Waiting, suggestion.document.fields)
    return {**fields, "id": suggestion.id, "why": suggestion.why, "scores": suggestion.scores}


@blueprint.get("/labels")
@operation("Every text with its latest labels, as JSON Lines", text="application/x-ndjson", errors=(503,))
@needs_key
def export() -> Response:
    """Stream the store."""
    lines = begin_stream(json_lines(services().store().exported_examples()))
    return Response(lines, content_type="application/x-ndjson")
