"""`POST /predict`: texts in, tags out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from flask import Blueprint, Response, request

from model import Tagging, TextError, TopicTagger, UnreadableText
from model.document import Document
from model.encoding import decode
from model.page.content import PAGES, Page
from service.web.authorization import reading
from service.web.body import content_type, read_body
from service.web.documents import Submission, check_length, failure, read_submissions
from service.web.operations import Parameter, json_response, operation, read_parameters
from service.web.problems import RequestError
from service.web.request_state import Counts, current_state
from service.web.schemas import DocumentFailure, Documents, DocumentTagging, Record, Results
from service.web.services import Services, services

blueprint = Blueprint("predict", __name__)
_JSON, _TEXT, _HTML = "application/json", "text/plain", "text/html"
_SWITCH = {"1": True, "true": True, "0": False, "false": False}
_PARAMETERS = {
    "explain": Parameter("1 adds the sentences and terms that carried each tag.", tuple(_SWITCH)),
    "page": Parameter(
        "auto recognises HTML and cuts the article out of what looks like a page; html takes the text for HTML; always "
        "cuts the article out; never reads the text as it stands. The default is html for text/html, and else auto.",
        PAGES,
    ),
}


@dataclass(frozen=True)
class _Query:
    """What the parameters ask for."""

    explain: bool = False
    page: Page | None = None


@blueprint.post("/predict")
@operation(
    "Tag one text, or several",
    DocumentTagging,
    Results,
    body={_JSON: (Record, Documents), _TEXT: (str,), _HTML: (str,)},
    parts=(DocumentFailure,),
    query=_PARAMETERS,
    errors=(400, 401, 403, 408, 413, 415, 422, 503),
)
@reading
def predict() -> Response:
    """Tag the body."""
    chude, environ = services(), request.environ
    query = _query() if environ.get("QUERY_STRING") else _Query()
    kind = content_type(environ, (_JSON, _TEXT, _HTML))
    body = read_body(environ, chude.settings)
    page = query.page or ("html" if kind == _HTML else "auto")
    submitted = read_submissions(body, chude.settings) if kind == _JSON else _read_text(body, chude)
    if isinstance(submitted, list):
        return json_response(_tag_several(chude, submitted, query.explain, page))
    return json_response(_tag_one(chude, submitted, query.explain, page))


def _query() -> _Query:
    """Return what the parameters ask for. Raises RequestError 422."""
    given = read_parameters(request.args, _PARAMETERS)
    page = next((page for page in PAGES if page == given.get("page")), None)
    return _Query(_SWITCH[given.get("explain", "0")], page)


def _read_text(body: bytes, chude: Services) -> Submission:
    """Return the document in a body that is no JSON."""
    charset = request.mimetype_params.get("charset")
    warnings: tuple[str, ...] = ()
    if charset is None:
        try:
            decoded = decode(body, source="the body")
        except UnreadableText as error:
            raise RequestError(415, error.code, str(error)) from None
        text, warnings = decoded.text, decoded.warnings
    else:
        try:
            text = body.decode(charset)
        except UnicodeDecodeError as error:
            raise RequestError(400, "wrong-charset", f"the body is no {charset} from byte {error.start}") from None
    return Submission(check_length(Document(text=text), chude.settings), warnings=warnings)


def _tag_one(chude: Services, submission: Submission, explain: bool, page: Page) -> DocumentTagging:
    (tagging,) = _tag_all(chude, chude.live.tagger, [submission], explain, page)
    if isinstance(tagging, TextError):
        raise tagging
    tags = dict.fromkeys(tagging["tags"], 1)
    current_state().counts = Counts(documents=1, tags=tags, version=tagging["model"])
    return _answer(submission, tagging)


def _tag_several(
    chude: Services, checked: Sequence[Submission | DocumentFailure], explain: bool, page: Page
) -> Results:
    tagger = chude.live.tagger
    submissions = [one for one in checked if isinstance(one, Submission)]
    outcomes = _tag_all(chude, tagger, submissions, explain, page)
    answers = map(_result, submissions, outcomes)
    results = [next(answers) if isinstance(one, Submission) else one for one in checked]
    failures = [cast(DocumentFailure, result) for result in results if "error" in result]
    chude.metrics.count_errors(one["error"]["code"] for one in failures)
    taggings = [outcome for outcome in outcomes if not isinstance(outcome, TextError)]
    tags = Counter(tag for tagging in taggings for tag in tagging["tags"])
    current_state().counts = Counts(documents=len(results), failed=len(failures), tags=tags, version=tagger.version)
    return {"model": tagger.version, "results": results}


def _tag_all(
    chude: Services, tagger: TopicTagger, submissions: Sequence[Submission], explain: bool, page: Page
) -> list[Tagging | TextError]:
    """Return what each document got, and count them."""
    documents = [submission.document for submission in submissions]
    if explain:
        outcomes = [_explain(tagger, document, page) for document in documents]
    else:
        outcomes = tagger.tag_many(documents, page=page, errors="return")
    taggings = [outcome for outcome in outcomes if not isinstance(outcome, TextError)]
    chude.metrics.count_documents(taggings, sum(map(len, chain.from_iterable(documents))))
    return outcomes


def _explain(tagger: TopicTagger, document: Document, page: Page) -> Tagging | TextError:
    try:
        return tagger.explain(document, page=page)
    except TextError as error:
        return error


def _result(submission: Submission, outcome: Tagging | TextError) -> DocumentTagging | DocumentFailure:
    return failure(outcome, submission.id) if isinstance(outcome, TextError) else _answer(submission, outcome)


def _answer(submission: Submission, tagging: Tagging) -> DocumentTagging:
    """Return the tags of a document with its id and everything its sender should know."""
    answer = cast(DocumentTagging, tagging)
    if submission.warnings:
        answer["warnings"] = [*answer.get("warnings", ()), *submission.warnings]
    return {"id": submission.id, **answer} if submission.id is not None else answer
