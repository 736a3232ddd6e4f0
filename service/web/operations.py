"""What each view takes and returns: described beside the view, and made into the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ParamSpec, TypeVar

import msgspec
from flask import Flask, Response
from werkzeug.datastructures import MultiDict

from service.web.problems import ProblemDetails, RequestError

P = ParamSpec("P")
R = TypeVar("R")
_PARAMETER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
Schemas = Mapping[type, dict[str, Any]]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query."""

    meaning: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    summary: str
    answers: tuple[type, ...] = ()
    """Types of the JSON that can come back."""
    text: str = ""
    """Media type of what comes back when it is no JSON."""
    body: Mapping[str, tuple[type, ...]] = field(default_factory=dict)
    """Types of the body by media type; `str` for plain text."""
    parts: tuple[type, ...] = ()
    """Further types that these refer to."""
    query: Mapping[str, Parameter] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    status: int = 200


def operation(summary: str, *answers: type, **details: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Describe a view; `details` are the further fields of `Operation`."""

    def describe(view: Callable[P, R]) -> Callable[P, R]:
        view.__dict__["operation"] = Operation(summary, answers, **details)
        return view

    return describe


def json_response(value: object, status: int = 200) -> Response:
    """Return a value as JSON."""
    return Response(msgspec.json.encode(value), status, content_type="application/json")


def begin_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return an iterator over the chunks, the first one read at once: an error there is still answered as an error."""
    first = list(islice(chunks, 1))

    def stream() -> Iterator[bytes]:
        yield from first
        yield from chunks

    return stream()


def read_parameters(given: MultiDict[str, str], allowed: Mapping[str, Parameter]) -> dict[str, str]:
    """Return the values of the query's parameters. Raises RequestError 422 for any but those `allowed`, each once."""
    for name, values in given.lists():
        if name not in allowed:
            advice = ": thresholds belong to the model; compare the scores yourself" if "threshold" in name else ""
            message = f"there is no parameter {name}, only {' and '.join(allowed)}{advice}"
            raise RequestError(422, "unknown-parameter", message)
        for value in values:
            if value not in allowed[name].values:
                choice = ", ".join(allowed[name].values)
                raise RequestError(422, "bad-parameter", f"{name} must be one of {choice}, not {value!r}")
        if len(set(values)) > 1:
            raise RequestError(422, "bad-parameter", f"{name} is both {' and '.join(values)}: give it once")
    return given.to_dict()


def openapi(app: Flask, version: str, prefix: str = "") -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of all views that are described, their paths below `prefix`."""
    described = [
        (rule, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if "operation" in app.view_functions[rule.endpoint].__dict__
    ]
    types: set[type] = {ProblemDetails}
    for _, view in described:
        of: Operation = view.__dict__["operation"]
        types |= {kind for kinds in (of.answers, of.parts, *of.body.values()) for kind in kinds if kind is not str}
    ordered = sorted(types, key=lambda kind: kind.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    schema_of: dict[type, dict[str, Any]] = {str: {"type": "string"}}
    schema_of |= dict(zip(ordered, schemas, strict=True))
    paths: dict[str, Any] = {}
    for rule, view in sorted(described, key=lambda item: item[0].rule):
        method = next(m for m in ("POST", "PATCH", "DELETE", "GET") if m in (rule.methods or ()))
        names = _PARAMETER.findall(rule.rule)
        entry = _entry(view.__dict__["operation"], schema_of, names, "needs_key" in view.__dict__)
        path = paths.setdefault(_PARAMETER.sub(r"{\1}", rule.rule), {})
        path[method.lower()] = {"operationId": rule.endpoint.replace(".", "_"), **entry}
    return {
        "openapi": "3.1.0",
        "info": {"title": "chude", "version": version, "description": "Topic tags for Vietnamese news."},
        "servers": [{"url": prefix or "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _any_of(kinds: tuple[type, ...], schema_of: Schemas) -> dict[str, Any]:
    return schema_of[kinds[0]] if len(kinds) == 1 else {"anyOf": [schema_of[kind] for kind in kinds]}


def _answer(of: Operation, schema_of: Schemas) -> dict[str, Any]:
    if of.text:
        return {"description": "Done.", "content": {of.text: {"schema": {"type": "string"}}}}
    return {"description": "Done.", "content": {"application/json": {"schema": _any_of(of.answers, schema_of)}}}


def _entry(of: Operation, schema_of: Schemas, names: list[str], needs_key: bool) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": schema_of[ProblemDetails]}}
    errors = sorted({*of.errors, *((401, 403) if needs_key else ())})
    responses = {str(status): {"description": "See `detail`.", "content": problem} for status in errors}
    entry: dict[str, Any] = {
        "summary": of.summary,
        "responses": {str(of.status): _answer(of, schema_of), **responses},
    }
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    parameters += [
        {"name": name, "in": "query", "description": of_query.meaning, "schema": {"enum": list(of_query.values)}}
        for name, of_query in of.query.items()
    ]
    if parameters:
        entry["parameters"] = parameters
    if of.body:
        content = {media: {"schema": _any_of(kinds, schema_of)} for media, kinds in of.body.items()}
        entry["requestBody"] = {"required": True, "content": content}
    if needs_key:
        entry["security"] = [{"key": []}]
    return entry
