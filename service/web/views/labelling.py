"""`/labels`: labels in, and out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
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
from service.web.schemas import LabelExamples, LabelledRecord, LabelsKept, LabelsRemoved, Queue, Waiting
from service.web.services import services
from training.corpus.duplicates import text_digest
from training.corpus.examples import Columns, Example, parse_record, unknown_tags
from training.corpus.vocabulary import Vocabulary
from training.corpus.writers import json_lines
from training.labels.store import Labelling, LabelStore
from training.labels.suggestions import Suggestion, waiting
from training.labels.taken import TakenTags, as_field
from training.topics import Topics, vocabulary_of

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
    tagger, store = chude.live.tagger, chude.store()
    known = vocabulary_of(tagger.artifact.tags, Topics(chude.settings.home).all())
    columns = Columns(vocabulary=known, extract=cache(chude.extract))  # a page is read to be checked, and to be known
    examples = _examples(value, chude.settings.max_documents, columns)
    for example in examples:
        check_length(example.document, chude.settings)
    labelling = Labelling(who=check_key(), source="POST /labels", model=tagger.version)
    results = list(tagger.tag_many([example.document for example in examples], errors="return"))
    new = list(_new_tags(examples, known, store))
    changes = store.add(examples, labelling, _scores(examples, results))
    current_state().counts = Counts(examples=len(examples))
    taken = TakenTags()
    taken.count(examples, results)
    judged = store.judged_by_default(labelling) if taken.unsaid else frozenset()
    answer: LabelsKept = {"added": changes.added, "changed": changes.changed, "unchanged": changes.unchanged}
    if lost := taken.lost(judged):
        answer["lost"] = dict(sorted(lost.items()))
    if warnings := [*new, *taken.messages(judged, tagger.tags, as_field)]:
        answer["warnings"] = warnings
    return json_response(answer, 201)


def _new_tags(examples: Sequence[Example], known: Vocabulary, store: LabelStore) -> Iterator[str]:
    """Yield a line for each tag that no model, topic or label had until now."""
    unknown = {tag for example in examples for tag in unknown_tags(example, known)}
    for tag in sorted(unknown - store.stats().tags.keys() if unknown else ()):
        meant = known.suggest(tag)
        yield f"{tag} is a new tag" + (f": did you mean {meant}?" if meant else "")


def _examples(value: object, limit: int, columns: Columns) -> list[Example]:
    """Return the checked examples. Raises RequestError that names the first bad field."""
    if not isinstance(value, dict):
        raise RequestError(422, "bad-field", f"the body: must be {_ONE}, or {_SEVERAL}", pointer="")
    if "examples" not in value:
        return _checked(
            [_example(value, "", columns)], f"; several are sent as {_SEVERAL}" if not _has_text(value) else ""
        )
    records = value["examples"]
    if not isinstance(records, list):
        raise RequestError(422, "bad-field", f"/examples: must be an array, as in {_SEVERAL}", pointer="/examples")
    if len(records) > limit:
        message = f"{len(records):,} examples, and {limit:,} is the limit: send them in several requests"
        raise RequestError(413, "too-many-documents", message, pointer="/examples")
    return _checked([_example(record, f"/examples/{n}", columns) for n, record in enumerate(records)])


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


def _example(record: object, pointer: str, columns: Columns) -> Example | list[Problem]:
    """Return the example in a record, or what is wrong with it; one without an id has the digest of its text."""
    half = lone_surrogate(record)
    if half is not None:
        return [Problem(pointer, 0, half.removeprefix("/"), "has half a character (a lone surrogate)")]
    parsed = parse_record(record, pointer, 0, columns)
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


@blueprint.delete("/labels/<path:identity>")
@operation("Remove a text and every label that it ever had", LabelsRemoved, errors=(404, 409, 503, 507))
@needs_key
def remove(identity: str) -> Response:
    """Remove the text with an id or a digest."""
    if not services().store().delete([identity]):
        raise RequestError(404, "unknown-label", f"{identity}: no labelled text has this id or digest")
    answer: LabelsRemoved = {"removed": 1}
    return json_response(answer)
