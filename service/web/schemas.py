"""The shapes of requests and answers: what is checked, and what /openapi.json is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta, Struct

from model import Tagging

Identity = Annotated[str | int | float, Meta(description="Comes back with the result.")]
Part = Annotated[str | None, Meta(description="A part of the article, or HTML with it.")]


class Record(TypedDict, total=False):
    """One document to tag: its text, or any of title, lead and body; title and lead may stand beside text, too.

    Further fields are the record's own and are not read.
    """

    text: Annotated[str | None, Meta(description="The article, or a crawled page with the article in it.")]
    title: Part
    lead: Part
    body: Part
    id: Identity | None


_REF = "#/components/schemas/"
RecordOrAnything = Annotated[
    Any,
    Meta(
        description="A Record; anything else has an error of its own in the results.",
        extra_json_schema={"anyOf": [{"$ref": f"{_REF}Record"}, {}]},
    ),
]


class Documents(Struct, forbid_unknown_fields=True):
    """Several texts to tag, 1,000 at most unless the service was started with another limit."""

    documents: list[RecordOrAnything]


class DocumentTagging(Tagging):
    """The tags of a document."""

    id: NotRequired[Identity]


class TextProblem(TypedDict):
    """Why a document could not be tagged."""

    code: str
    message: str
    pointer: NotRequired[str]


class DocumentFailure(TypedDict):
    """A document that could not be tagged."""

    id: NotRequired[Identity]
    error: TextProblem


Result = Annotated[
    Any, Meta(extra_json_schema={"anyOf": [{"$ref": f"{_REF}DocumentTagging"}, {"$ref": f"{_REF}DocumentFailure"}]})
]


class Results(TypedDict):
    """One result for each document, in their order."""

    model: str
    results: list[Result]


Slugs = Annotated[
    list[str] | str, Meta(description="Tags such as arms-control, or one string of them; empty for a text without any.")
]


class LabelledRecord(TypedDict):
    """A text, whole or in parts, with the tags that it has."""

    tags: Slugs
    borderline: NotRequired[Slugs | None]
    id: NotRequired[Identity | None]
    text: NotRequired[str | None]
    title: NotRequired[str | None]
    lead: NotRequired[str | None]
    body: NotRequired[str | None]
    evidence: NotRequired[Mapping[str, list[str]] | None]
    """Sentences of the text that show each tag."""
    judged: NotRequired[Slugs | None]
    """The tags that were decided on, or "*" for all: the text is no example against any other tag."""
    note: NotRequired[str | None]
    """What the labeller has to say."""


class LabelExamples(TypedDict):
    """Several labelled records."""

    examples: list[LabelledRecord]


class LabelsKept(TypedDict):
    """How many texts were new, how many got other labels, and how many had these already."""

    added: int
    changed: int
    unchanged: int
    lost: NotRequired[Mapping[str, int]]
    """How many of the texts have each tag by the live model, and are now labelled not to have it."""
    warnings: NotRequired[list[str]]
    """What the sender should know of such tags, and of new ones, a line each."""


class LabelsRemoved(TypedDict):
    """What was removed."""

    removed: int


class Waiting(TypedDict):
    """A text that is worth a label, in the fields in which it came."""

    id: str | int | float
    title: NotRequired[str]
    lead: NotRequired[str]
    text: NotRequired[str]
    body: NotRequired[str]
    why: str
    """The tag that is least sure, or "random"."""
    scores: Mapping[str, float]


class Queue(TypedDict):
    """What to label next, the most telling first."""

    texts: list[Waiting]


class Version(TypedDict):
    """One version of the model."""

    version: str
    live: bool
    shipped: bool
    tags: list[str]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]


class VersionList(TypedDict):
    """The versions that there are, the oldest first."""

    live: str
    before: str | None
    versions: list[Version]


class JobBegun(TypedDict):
    """A job that was begun."""

    job: str


class Activated(TypedDict):
    """What is live now."""

    live: str
    before: str | None


class Health(TypedDict):
    """Whether the service is alive or ready."""

    status: str
    """"alive", "ready", or "degraded": another version answers than the live one."""
    model: NotRequired[str]
    """The version that answers."""
    refused: NotRequired[str]
    """The live version, where it is refused."""
    reason: NotRequired[str]
    """Why it is refused."""
