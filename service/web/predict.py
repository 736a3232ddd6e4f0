"""`POST /predict`: texts in, tags out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import cast

from flask import Blueprint, Response, g, request

from model import Tagging, TextError, TopicTagger
from model.encoding import decode
from model.tagger import Page
from service.web.body import content_type, read_body
from service.web.documents import check_length, failure, read_documents
from service.web.keys import reading
from service.web.operations import SWITCH, json_response, operation
from service.web.problems import RequestError
from service.web.schemas import Document, DocumentFailure, Documents, DocumentTagging, Results
from service.web.services import Services, services

blueprint = Blueprint("predict", __name__)
TAG = "chude.tag"
"""Key of the WSGI environment: what tags a text together with those of other requests, and counts it."""
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
    chude, environ = services(), request.environ
    explain = _explain_asked() if environ.get("QUERY_STRING") else False
    kind = content_type(environ, (_JSON, _TEXT, _HTML))
    body = read_body(environ, chude.settings)
    if kind == _JSON:
        found = read_documents(body, chude.settings)
        if isinstance(found, list):
            return json_response(_tag_documents(chude, found, explain))
        return json_response(_tag_one(chude, found, explain, environ.get(TAG)))
    document = check_length(Document(_decode(body)), chude.settings)
    return json_response(_tag_one(chude, document, explain, environ.get(TAG), "html" if kind == _HTML else "auto"))


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
        return decode(body, source="the body").text
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise RequestError(400, "wrong-charset", f"the body is no {charset} from byte {error.start}") from None


def _title_of(document: Document) -> str:
    """Return what is put before the text to tag both together, a line break at its end."""
    title = (document.title or "").strip()
    return f"{title}\n" if title and not document.text.lstrip().startswith(title) else ""


def _whole(document: Document) -> str:
    return _title_of(document) + document.text


def _tag_one(
    chude: Services,
    document: Document,
    explain: bool,
    tag_with_others: Callable[[str], Tagging] | None,
    page: Page = "auto",
) -> DocumentTagging:
    if tag_with_others and not explain and page == "auto":
        result = tag_with_others(_whole(document))
    else:
        tagger = chude.live.tagger
        result = (tagger.explain if explain else tagger.tag)(_record(document), page=page)
        chude.metrics.count_documents([result], len(_whole(document)))
    g.counts = {"documents": 1, "tags": dict.fromkeys(result["tags"], 1), "version": result["model"]}
    return _with_id(document, result)


def _with_id(document: Document, result: Tagging) -> DocumentTagging:
    tagging = cast(DocumentTagging, result)
    return {"id": document.id, **tagging} if document.id is not None else tagging


def _record(document: Document) -> dict[str, str | None]:
    return {"title": document.title, "text": document.text}


def _tag_documents(chude: Services, checked: list[Document | DocumentFailure], explain: bool) -> Results:
    tagger = chude.live.tagger
    documents = [document for document in checked if isinstance(document, Document)]
    outcomes = _tag_all(tagger, documents, explain)
    taggings = [outcome for outcome in outcomes if not isinstance(outcome, TextError)]
    answers = map(_result, documents, outcomes)
    results = [next(answers) if isinstance(document, Document) else document for document in checked]
    chude.metrics.count_documents(taggings, sum(map(len, map(_whole, documents))))
    failures = [cast(DocumentFailure, result) for result in results if "error" in result]
    chude.metrics.count_errors(one["error"]["code"] for one in failures)
    g.counts = {
        "documents": len(results),
        "failed": len(results) - len(taggings),
        "tags": dict(Counter(tag for tagging in taggings for tag in tagging["tags"])),
        "version": tagger.version,
    }
    return {"model": tagger.version, "results": results}


def _tag_all(tagger: TopicTagger, documents: list[Document], explain: bool) -> list[Tagging | TextError]:
    if not explain:
        return tagger.tag_many(map(_whole, documents), errors="return")
    results: list[Tagging | TextError] = []
    for document in documents:
        try:
            results.append(tagger.explain(_record(document)))
        except TextError as error:
            results.append(error)
    return results


def _result(document: Document, outcome: Tagging | TextError) -> DocumentTagging | DocumentFailure:
    return failure(outcome, document.id) if isinstance(outcome, TextError) else _with_id(document, outcome)
