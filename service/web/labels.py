"""`/labels`: labels in, and out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, request

from model import TextError, TopicTagger
from model.errors import Problem
from service.web.body import content_type, lone_surrogate, parse_json, read_body
from service.web.keys import check_key, needs_key
from service.web.operations import json_response, operation
from service.web.problems import RequestError
from service.web.schemas import LabelExamples, LabelledRecord, LabelsKept, Queue
from service.web.services import services
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example, parse_record
from training.corpus.records import place
from training.corpus.writers import json_lines
from training.labels.store import Labelling
from training.labels.suggestions import waiting

blueprint = Blueprint("labels", __name__)
_JSON = "application/json"
_QUEUE_LENGTH = 50


@blueprint.post("/labels")
@operation(
    "Keep the labels of one text, or of several: all or none",
    LabelsKept,
    body={_JSON: (LabelledRecord, LabelExamples)},
    errors=(400, 408, 413, 415, 422, 503),
    status=201,
)
@needs_key
def keep() -> Response:
    """Add labelled records to the store, with what the live model says of their texts."""
    chude = services()
    content_type(request.environ, (_JSON,))
    value = parse_json(read_body(request.environ, chude.settings), chude.settings)
    examples = _examples(value, chude.settings.max_documents)
    tagger = chude.live.tagger
    labelling = Labelling(who=check_key(), source="POST /labels", model=tagger.version)
    changes = chude.store().add(examples, labelling, _scores(tagger, examples))
    g.counts = {"examples": len(examples)}
    answer: LabelsKept = {"added": changes.added, "changed": changes.changed, "unchanged": changes.unchanged}
    return json_response(answer, 201)


def _examples(value: object, limit: int) -> list[Example]:
    """Return the checked examples. Raises RequestError that names the first bad field."""
    many = isinstance(value, dict) and "examples" in value
    records: Any = value["examples"] if many else [value]  # type: ignore[index]
    if not isinstance(records, list):
        raise RequestError(422, "bad-field", "/examples: must be a list of labelled records", pointer="/examples")
    if len(records) > limit:
        raise RequestError(413, "too-many-documents", f"more than {limit:,} examples: send several requests")
    parsed = [_example(record, f"/examples/{n}" if many else "") for n, record in enumerate(records)]
    problems = [problem for problems in parsed if isinstance(problems, list) for problem in problems]
    if problems:
        pointer = f"{problems[0].file}/{problems[0].field}" if problems[0].field else problems[0].file
        others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RequestError(
            422, "bad-field", f"{pointer}: {problems[0].message}; nothing was kept{others}", pointer=pointer
        )
    return [example for example in parsed if isinstance(example, Example)]


def _example(record: object, pointer: str) -> Example | list[Problem]:
    half = lone_surrogate(record)
    if half is not None:
        return [Problem(pointer, 0, half.removeprefix("/"), "has half a character (a lone surrogate)")]
    parsed = parse_record(record, pointer, 0)
    if isinstance(parsed, Example) and parsed.id == place(pointer, 0):
        return replace(parsed, id=text_digest(parsed.text)[:16])
    return parsed


def _scores(tagger: TopicTagger, examples: list[Example]) -> Mapping[str, Mapping[str, float]]:
    results = tagger.tag_many([example.text for example in examples], errors="return")
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
    answer: Queue = {"texts": [{"id": s.id, "text": s.text, "why": s.why, "scores": s.scores} for s in found]}
    return json_response(answer)


@blueprint.get("/labels")
@operation("Every text with its latest labels, as JSON Lines", text="application/x-ndjson", errors=(503,))
@needs_key
def export() -> Response:
    """Stream the store."""
    return Response(json_lines(services().store().examples()), content_type="application/x-ndjson")
