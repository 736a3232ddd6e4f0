"""`POST /predict`: texts in, tags out."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from flask import Blueprint, Response, g, request

from model import Tagging, TextError, TextTooLong, TopicTagger
from model.encoding import decode
from model.html import read_html
from service.settings import Settings
from service.web.body import content_type, convert, is_half, lone_surrogate, parse_json, read_body
from service.web.keys import reading
from service.web.operations import SWITCH, json_response, operation
from service.web.problems import RequestError
from service.web.schemas import Document, DocumentFailure, Documents, DocumentTagging, Results
from service.web.services import Services, services

blueprint = Blueprint("predict", __name__)
TAG = "chude.tag"
"""Key of the WSGI environment: what to tag one text with, if not the live tagger."""
_JSON, _TEXT, _HTML = "application/json", "text/plain", "text/html"


@blueprint.post("/predict")
@operation(
    "Tag one text, or several",
    DocumentTagging,
    Results,
    body={_JSON: (Document, Documents), _TEXT: (str,), _HTML: (str,)},
    parts=(DocumentFailure,),
    query={"explain": "1 adds the sentences and terms that carried each tag."},
    errors=(400, 401, 403, 408, 413, 415, 422, 503),
)
@reading
def predict() -> Response:
    """Tag the body."""
    chude = services()
    explain = _explain_asked() if request.query_string else False
    kind = content_type(request, (_JSON, _TEXT, _HTML))
    body = read_body(request, chude.settings)
    if kind == _JSON:
        value = parse_json(body, chude.settings)
        if isinstance(value, dict) and "documents" in value:
            return json_response(_tag_documents(chude, value, explain))
        return json_response(_tag_one(chude, _document(value, "", chude.settings), explain))
    text = _decode(body)
    if kind == _HTML:
        text = read_html(text, source="the body")
    result = _tag_one(chude, _checked(Document(text), chude.settings), explain)
    if kind == _HTML and explain:
        result["text"] = text
    return json_response(result)


def _explain_asked() -> bool:
    for name, value in request.args.items(multi=True):
        if name != "explain":
            advice = ": thresholds belong to the model; compare the scores yourself" if "threshold" in name else ""
            raise RequestError(422, "unknown-parameter", f"there is no parameter {name}, only explain=1{advice}")
        if value not in SWITCH:
            raise RequestError(422, "bad-parameter", f"explain must be 1 or 0, not {value!r}")
    return SWITCH[request.args.get("explain", "0")]


def _decode(body: bytes) -> str:
    charset = request.mimetype_params.get("charset")
    if charset is None:
        return decode(body, source="the body")[0]
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise RequestError(400, "wrong-charset", f"the body is no {charset} from byte {error.start}") from None


def _document(value: object, pointer: str, settings: Settings) -> Document:
    """Return the checked document. Raises RequestError or TextTooLong."""
    document = convert(value, Document, pointer)
    if any(map(is_half, (document.text, document.title, document.id))):
        half = lone_surrogate(value) or ""
        raise RequestError(
            422, "bad-field", f"{pointer}{half} has half a character (a lone surrogate)", pointer=pointer + half
        )
    return _checked(document, settings)


def _checked(document: Document, settings: Settings) -> Document:
    n_chars, limit = len(document.text) + len(document.title or ""), settings.max_text_chars
    if n_chars > limit:
        raise TextTooLong(
            f"the text has {n_chars:,} characters, and {limit:,} is the limit: send one article at a time"
        )
    return document


def _title_of(document: Document) -> str:
    """Return what is put before the text to tag both together, a line break at its end."""
    title = (document.title or "").strip()
    return f"{title}\n" if title and not document.text.lstrip().startswith(title) else ""


def _tag_one(chude: Services, document: Document, explain: bool) -> DocumentTagging:
    if explain:
        result = _explain(chude.live.tagger, document)
    else:
        tag = request.environ.get(TAG, chude.live.tagger.tag)
        result = tag(_title_of(document) + document.text)
    chude.metrics.count_documents([result], len(document.text))
    g.counts = {"documents": 1, "tags": dict.fromkeys(result["tags"], 1), "version": result["model"]}
    return _with_id(document, result)


def _with_id(document: Document, result: Tagging) -> DocumentTagging:
    tagging = cast(DocumentTagging, result)
    return {"id": document.id, **tagging} if document.id is not None else tagging


def _explain(tagger: TopicTagger, document: Document) -> Tagging:
    """Explain, with offsets that count in the field that they are in."""
    title = _title_of(document)
    result = tagger.explain(title + document.text)
    terms = [term for part in (*result["evidence"], *result["context"]) for term in part["terms"]]
    parts: list[Any] = [*result["evidence"], *result["left_out"], *terms]
    for part in parts:
        part["field"] = "title" if part["start"] < len(title) else "text"
        if part["field"] == "text":
            part["start"] -= len(title)
            part["end"] -= len(title)
    return result


def _tag_documents(chude: Services, value: dict[str, Any], explain: bool) -> Results:
    settings = chude.settings
    documents = convert(value, Documents).documents
    if len(documents) > settings.max_documents:
        raise RequestError(
            413,
            "too-many-documents",
            f"{len(documents):,} documents, and {settings.max_documents:,} is the limit: send them in several requests",
            pointer="/documents",
        )
    tagger = chude.live.tagger
    outcomes: list[Document | RequestError | TextError] = [
        _document_or_error(document, f"/documents/{n}", settings) for n, document in enumerate(value["documents"])
    ]
    found = iter(_tag_all(tagger, [document for document in outcomes if isinstance(document, Document)], explain))
    results = [next(found) if isinstance(outcome, Document) else outcome for outcome in outcomes]
    _count(
        chude,
        tagger.version,
        [outcome for outcome in results if not isinstance(outcome, RequestError)],
        value["documents"],
    )
    return {
        "model": tagger.version,
        "results": [_result(*entry) for entry in zip(value["documents"], outcomes, results, strict=True)],
    }


def _document_or_error(value: object, pointer: str, settings: Settings) -> Document | RequestError | TextError:
    try:
        return _document(value, pointer, settings)
    except (RequestError, TextError) as error:
        return error


def _tag_all(tagger: TopicTagger, documents: list[Document], explain: bool) -> list[Tagging | TextError]:
    if not explain:
        texts = [_title_of(document) + document.text for document in documents]
        return tagger.tag_many(texts, errors="return")
    results: list[Tagging | TextError] = []
    for document in documents:
        try:
            results.append(_explain(tagger, document))
        except TextError as error:
            results.append(error)
    return results


def _result(
    value: object, document: Document | RequestError | TextError, outcome: Tagging | RequestError | TextError
) -> DocumentTagging | DocumentFailure:
    if isinstance(document, Document) and isinstance(outcome, dict):
        return _with_id(document, outcome)
    assert isinstance(outcome, RequestError | TextError)
    failure: DocumentFailure = {"error": {"code": outcome.code, "message": str(outcome)}}
    if isinstance(outcome, RequestError) and outcome.pointer is not None:
        failure["error"]["pointer"] = outcome.pointer
    identity = value.get("id") if isinstance(value, dict) else None
    if isinstance(identity, str | int) and lone_surrogate(identity) is None:
        failure = {"id": identity, **failure}
    return failure


def _count(chude: Services, version: str, results: list[Tagging | TextError], documents: list[object]) -> None:
    texts = [document.get("text") for document in documents if isinstance(document, dict)]
    chude.metrics.count_documents(results, sum(len(text) for text in texts if isinstance(text, str)))
    tagged = [result for result in results if not isinstance(result, TextError)]
    g.counts = {
        "documents": len(documents),
        "failed": len(documents) - len(tagged),
        "tags": dict(Counter(tag for result in tagged for tag in result["tags"])),
        "version": version,
    }
