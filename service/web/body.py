"""The body of a request, checked before anything reads it: type, charset, size, and JSON without double keys."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

import msgspec
from werkzeug.http import parse_options_header

from service.settings import Settings
from service.web.problems import RequestError

T = TypeVar("T")
_PLACE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_FIELD = re.compile(r"(?:missing required|unknown) field `(.*?)`")


class _Refused:
    """Takes the place, in a parsed body, of a value that is refused, although JSON or Python's reader allows it."""

    def __init__(self, what: str) -> None:
        self.what = what


def content_type(environ: WSGIEnvironment, allowed: tuple[str, ...]) -> str:
    """Return the media type of a request's body. Raises RequestError 415 for any other than `allowed`."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise RequestError(
            415, "unsupported-encoding", "compressed bodies are not read: send it without Content-Encoding"
        )
    given = environ.get("CONTENT_TYPE", "")
    if given == allowed[0]:
        return allowed[0]
    kind, options = parse_options_header(given.lower())
    if kind not in allowed:
        said = f"Content-Type is {kind}" if kind else "there is no Content-Type"
        raise RequestError(415, "unsupported-media-type", f"{said}: send {' or '.join(allowed)}")
    charset = options.get("charset")
    try:
        name = codecs.lookup(charset).name if charset else "utf-8"
    except LookupError:
        name = ""
    if name not in ("utf-8", "ascii") and not (name in ("utf-16", "cp1258") and kind != "application/json"):
        raise RequestError(415, "unsupported-charset", f"charset {charset} is not read: send UTF-8")
    return kind


def body_length(environ: WSGIEnvironment) -> int:
    """Return how many bytes the body has, 0 if that is not said."""
    return int(environ.get("CONTENT_LENGTH") or 0)


def read_body(environ: WSGIEnvironment, settings: Settings) -> bytes:
    """Return the body of a request, which the server has read whole. Raises RequestError 413 when it is too large."""
    limit = settings.max_body_bytes
    body: bytes = environ["wsgi.input"].read(min(body_length(environ), limit + 1))
    if max(body_length(environ), len(body)) > limit:
        raise RequestError(413, "body-too-large", f"the body has more than {limit:,} bytes: send fewer documents")
    return body


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; a key that stands twice is refused."""
    found = dict(items)
    if len(found) < len(items):
        twice, count = Counter(key for key, _ in items).most_common(1)[0]
        found[twice] = _Refused("the key stands twice" if count == 2 else f"the key stands {count} times")
    return found


def _constant(name: str) -> _Refused:
    """Refuse NaN and the infinities, which Python adds to JSON."""
    return _Refused(f"{name} is no JSON: write a number or null")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


def parse_json(body: bytes, settings: Settings) -> Any:
    """Return the JSON value in `body`, in which no key stands twice. Raises RequestError 400.

    The error has the pointer of the field where there is one.
    """
    try:
        value = _DECODER.decode(body.decode("utf-8").removeprefix("\ufeff"))
        refused = _look_through(value, settings.max_json_depth)
    except UnicodeDecodeError as error:
        raise RequestError(400, "not-utf-8", f"the body is not UTF-8 from byte {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise RequestError(400, "bad-json", f"the body is no JSON: {error.msg} at {place}") from None
    except RecursionError:
        limit = settings.max_json_depth
        raise RequestError(
            400, "json-too-deep", f"arrays and objects are nested more than {limit} levels deep"
        ) from None
    except ValueError:
        raise RequestError(400, "bad-json", "a number in the body has too many digits") from None
    if refused:
        pointer = next(_find(value, lambda part: part is refused))
        raise RequestError(400, "bad-json", f"{pointer}: {refused.what}", pointer=pointer)
    return value


def lone_surrogate(value: object) -> str | None:
    """Return the pointer of the first string that has half a character, if any."""
    return next(_find(value, is_half), None)


def is_half(value: object) -> bool:
    """Tell whether the value is a string with half a character in it."""
    try:
        return isinstance(value, str) and not value.isascii() and not value.encode("utf-16-le")
    except UnicodeEncodeError:
        return True


def convert(value: object, kind: type[T], pointer: str = "") -> T:
    """Return the JSON value as a `kind`. Raises RequestError 422 that names the field."""
    try:
        converted: T = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        place = _PLACE.search(message)
        steps = _STEP.findall(place.group(1)) if place else []
        pointer += "".join(f"/{_escape(name or index)}" for name, index in steps)
        if field := _FIELD.search(message):
            pointer += f"/{_escape(field.group(1))}"
        detail = message[: place.start()] if place else message
        raise RequestError(422, "bad-field", f"{pointer or 'the body'}: {detail}", pointer=pointer) from None
    return converted


def _escape(key: str) -> str:
    return key.encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(_escape(key), part) for key, part in value.items()]
    return [(str(n), part) for n, part in enumerate(value)] if isinstance(value, list) else []


def _find(value: object, wanted: Callable[[object], bool], pointer: str = "") -> Iterator[str]:
    if wanted(value):
        yield pointer
    for key, part in _children(value):
        yield from _find(part, wanted, f"{pointer}/{key}")


def _look_through(value: object, max_depth: int) -> _Refused | None:
    """Return what is refused in a value, if anything. Raises RecursionError where it is nested too deeply."""
    refused, level = None, [value]
    for _ in range(max_depth + 1):
        containers = [part for part in level if isinstance(part, dict | list)]
        refused = refused or next((part for part in level if isinstance(part, _Refused)), None)
        if not containers:
            return refused
        level = [part for inner in containers for part in (inner.values() if isinstance(inner, dict) else inner)]
    raise RecursionError
