"""`/correct`: a text with a switch for each tag, which a script saves over the HTTP API."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

from flask import Blueprint, Response, request

from model.artifact import read_manifest
from model.errors import ArtifactError, TextError
from model.page.content import prose_of
from model.versions import Versions
from service.web.authorization import check_key, needs_key
from service.web.body import read_body
from service.web.documents import Submission, read_submissions
from service.web.page.catalogue import catalogue
from service.web.page.layout import Bar, TagLook, bars, describe, http_status, language, looks, render
from service.web.page.marked_text import segment_fields
from service.web.problems import RequestError
from service.web.services import Services, services
from training.corpus.topics import Topic
from training.labels.activity import agreement, count_labelled, decisions, last_labelling
from training.topics import Topics

blueprint = Blueprint("correct", __name__)


@blueprint.get("/correct")
def page() -> Response:
    """Show the page, which has nothing in it until its script has a key."""
    return render("correct.html", view="correct")


@blueprint.post("/correct")
@needs_key
def text() -> Response:
    """Return a record, sent as for `/predict`, with its tags as switches and its sentences to be chosen."""
    chude, say = services(), catalogue(language())
    submission = read_submissions(read_body(request.environ, chude.settings), chude.settings)
    if not isinstance(submission, Submission):
        raise RequestError(422, "bad-field", "/documents: give one text", pointer="/documents")
    tagger = chude.live.tagger
    try:
        tagging, places = tagger.explain_with_sentences(submission.document)
        before = last_labelling(chude.store(), prose_of(submission.document, chude.extract))
    except TextError as error:
        return render("problem.html", status=http_status(error), problem=describe(error, say))
    tags = looks(tagger.artifact.tags)
    return render(
        "judgement.html",
        tagging=tagging,
        tags=tags,
        bars=_switches(bars(tagging["scores"], tagging["tags"], tags), tags),
        others=_others(chude, tags),
        before=before,
        fields=segment_fields(submission.document, tagging, places),
        warnings=[say.translated(warning) for warning in tagging.get("warnings", ())],
    )


def _switches(found: list[Bar], tags: Mapping[str, TagLook]) -> list[Bar]:
    """Return the bars in the order of the model's tags, so that a tag always has the same key."""
    order = list(tags)
    return sorted(found, key=lambda bar: order.index(bar.tag.slug))


def _others(chude: Services, tags: Mapping[str, TagLook]) -> dict[str, str]:
    """Return the topics that the model has not learnt, kept ones and those of labelled texts, with their names."""
    kept = Topics(chude.settings.home).all()
    found = sorted({*kept, *chude.store().stats().tags} - tags.keys())
    return {tag: kept.get(tag, Topic()).names.get(language(), tag) for tag in found}


@blueprint.get("/correct/today")
@needs_key
def today() -> Response:
    """Return what the owner of the key has labelled since `since`, in seconds since 1970: the reader's midnight."""
    chude, who = services(), check_key()
    try:
        since = float(request.args.get("since", "0"))
    except ValueError:
        since = math.nan
    if not math.isfinite(since):
        raise RequestError(422, "bad-parameter", "since must be a number of seconds since 1970")
    store = chude.store()
    found = agreement(decisions(store, since=since, who=who), lambda version: thresholds(chude.versions, version))
    return render("today.html", who=who, labelled=count_labelled(store, since, who), agreement=found)


@lru_cache(maxsize=64)
def thresholds(versions: Versions, version: str) -> Mapping[str, float]:
    """Return the thresholds of a version by tag; none where it is not there any more."""
    try:
        if not version:
            return {}
        return {tag.slug: tag.threshold for tag in read_manifest(versions.folder(version)).tags}
    except ArtifactError:
        return {}
