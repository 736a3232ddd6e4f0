"""A template in the reader's language, under the page's policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response, render_template, request

from model.artifact import Tag
from model.errors import ChudeError
from service.web.page.catalogue import LANGUAGES, Catalogue, catalogue
from service.web.policy import PAGE_HEADERS
from service.web.problems import RequestError, status_of

PAGES = (("tag", "./"), ("correct", "correct"), ("learn", "learn"), ("watch", "watch"))
"""The pages with their addresses, which are relative."""
_COLOURS = 8
"""How many colours and patterns of lines the style sheet has for tags."""


class TagLook(NamedTuple):
    """A tag as the page shows it."""

    slug: str
    name: str
    colour: int
    """Number of its colour and of its pattern in the style sheet."""
    threshold: float


class Bar(NamedTuple):
    """A tag's probability for a text."""

    tag: TagLook
    probability: float
    is_given: bool


def language() -> str:
    """Return the language that the request asks for with `lang`, Vietnamese where it asks for none that there is."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else LANGUAGES[0]


def looks(tags: Sequence[Tag]) -> dict[str, TagLook]:
    """Return how the page shows each tag, by slug."""
    chosen = language()
    return {
        tag.slug: TagLook(tag.slug, tag.names.get(chosen) or tag.slug, n % _COLOURS, tag.threshold)
        for n, tag in enumerate(tags)
    }


def names(slugs: Iterable[str], tags: Mapping[str, TagLook]) -> str:
    """Return the names of tags, with commas between them (a filter of the templates)."""
    return ", ".join(tags[slug].name for slug in slugs)


def bars(scores: Mapping[str, float], given: Sequence[str], tags: Mapping[str, TagLook]) -> list[Bar]:
    """Return a bar for each tag, those that were given first, the likely ones before others."""
    found = [Bar(tags[slug], probability, slug in given) for slug, probability in scores.items()]
    return sorted(found, key=lambda bar: (not bar.is_given, -bar.probability))


def render(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a template as the answer; it is not kept in caches, and its scripts are the package's."""
    chosen = language()
    say = catalogue(chosen)
    body = render_template(
        template,
        say=say,
        language=chosen,
        other_language=next(other for other in LANGUAGES if other != chosen),
        pages=PAGES,
        query="" if chosen == LANGUAGES[0] else f"?lang={chosen}",
        **values,
    )
    return Response(
        body, status, {**PAGE_HEADERS, "Cache-Control": "no-store"}, content_type="text/html; charset=utf-8"
    )


def describe(error: ChudeError, say: Catalogue) -> str:
    """Return what is wrong in the reader's language: by the error's code, or else as the error says it."""
    key = f"error-{error.code}"
    return say(key, detail=say.translated(str(error))) if say.has(key) else say.translated(str(error))


def http_status(error: ChudeError) -> HTTPStatus:
    """Return the status of the answer that an error becomes."""
    return HTTPStatus(error.status if isinstance(error, RequestError) else status_of(error))
