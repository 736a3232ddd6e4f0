"""`/topics`: what there is to tag, and what an editor decides of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, request
from msgspec import UNSET, structs

from service.web.authorization import check_key, needs_key, reading
from service.web.body import content_type, convert, parse_json, read_body
from service.web.operations import json_response, operation
from service.web.services import services
from service.web.topic_schemas import (
    NewTopic,
    Topic,
    TopicChange,
    TopicDetails,
    TopicEdit,
    TopicMerger,
    TopicName,
    Topics,
)
from training.corpus import topics as corpus
from training.topics import Topics as KeptTopics

if TYPE_CHECKING:
    from training.topic_edits import Edited, TopicDesk, TopicState

blueprint = Blueprint("topics", __name__)
_JSON = "application/json"


@blueprint.get("/topics")
@operation("The tags that the live model gives, and the topics that wait to be learnt", Topics, errors=(401, 403, 503))
@reading
def topics() -> Response:
    """Return the tags with what is known of each."""
    chude = services()
    artifact, kept = chude.live.tagger.artifact, KeptTopics(chude.settings.home).all()
    live: list[Topic] = [
        {
            "tag": tag.slug,
            "names": {**tag.names, **(topic := kept.get(tag.slug, corpus.Topic())).names},
            "threshold": tag.threshold,
            "support": tag.support,
            "f1": tag.told_f1,
            "description": topic.description,
            "keywords": topic.keywords,
        }
        for tag in artifact.tags
    ]
    waiting = sorted(kept.keys() - {tag.slug for tag in artifact.tags})
    answer: Topics = {
        "model": artifact.version,
        "topics": live,
        "not_learnt": [
            {
                "tag": tag,
                "names": kept[tag].names,
                "description": kept[tag].description,
                "keywords": kept[tag].keywords,
            }
            for tag in waiting
        ],
    }
    return json_response(answer)


def _desk() -> TopicDesk:
    # Imports scikit-learn, which a worker that edits no topic can do without.
    from training.topic_edits import TopicDesk

    chude = services()
    return TopicDesk(chude.versions, chude.store(), check_key())


def _read(kind: type[Any]) -> Any:
    """Return the body of the request as a `kind`. Raises RequestError."""
    settings = services().settings
    content_type(request.environ, (_JSON,))
    return convert(parse_json(read_body(request.environ, settings), settings), kind)


def _edited(edited: Edited) -> Response:
    if edited.version:
        services().live.refresh()
    answer: TopicEdit = {"version": edited.version, "labels_changed": edited.n_labellings}
    if edited.aimed:
        answer["threshold"] = edited.aimed.threshold
        answer["precision"] = edited.aimed.precision
        answer["recall"] = edited.aimed.recall
    return json_response(answer)


def _details(state: TopicState) -> Response:
    return json_response(cast(TopicDetails, state.as_record()))


_BODY_ERRORS = (400, 408, 413, 415, 422, 503, 507)


@blueprint.post("/topics")
@operation(
    "Add a topic that no model knows yet",
    TopicDetails,
    body={_JSON: (NewTopic,)},
    errors=(409, *_BODY_ERRORS),
    status=201,
)
@needs_key
def add() -> Response:
    """Keep a topic, for labels and for retraining."""
    new: NewTopic = _read(NewTopic)
    desk = _desk()
    desk.add(new.tag, corpus.Topic(**{name: value for name, value in structs.asdict(new).items() if name != "tag"}))
    response = _details(desk.state(new.tag))
    response.status_code = 201
    return response


@blueprint.get("/topics/<tag>")
@operation("All that is known of a topic, its labels in the store counted", TopicDetails, errors=(404, 503))
@needs_key
def look(tag: str) -> Response:
    """Return a topic."""
    return _details(_desk().state(tag))


@blueprint.patch("/topics/<tag>")
@operation(
    "Change a topic: a name or a threshold makes a new version live",
    TopicEdit,
    body={_JSON: (TopicChange,)},
    errors=(404, *_BODY_ERRORS),
)
@needs_key
def change(tag: str) -> Response:
    """Change the fields of a topic that are sent."""
    sent: TopicChange = _read(TopicChange)
    changes = {name: value for name, value in structs.asdict(sent).items() if value is not UNSET}
    return _edited(_desk().set(tag, **changes))


@blueprint.post("/topics/<tag>/rename")
@operation(
    "Give a topic another tag, in labels and model",
    TopicEdit,
    body={_JSON: (TopicName,)},
    errors=(404, 409, *_BODY_ERRORS),
)
@needs_key
def rename(tag: str) -> Response:
    """Rename a topic."""
    new: TopicName = _read(TopicName)
    return _edited(_desk().rename(tag, new.to))


@blueprint.post("/topics/<tag>/merge")
@operation("Make other topics one with this one", TopicEdit, body={_JSON: (TopicMerger,)}, errors=(404, *_BODY_ERRORS))
@needs_key
def merge(tag: str) -> Response:
    """Merge topics into one."""
    others: TopicMerger = _read(TopicMerger)
    return _edited(_desk().merge(others.tags, tag))


@blueprint.delete("/topics/<tag>")
@operation("Take a topic out of labels and model", TopicEdit, errors=(404, 422, 503, 507))
@needs_key
def remove(tag: str) -> Response:
    """Remove a topic."""
    return _edited(_desk().remove(tag))
