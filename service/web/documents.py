"""The documents in the JSON body of /predict, each checked by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from model import TextError, TextTooLong
from model.document import Document, FieldError
from service.settings import Settings
from service.web.body import convert, is_half, parse_json
from service.web.problems import RequestError
from service.web.schemas import DocumentFailure, Documents, Identity
from training.corpus.records import read_fields, unread_text_column

_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1
"""Integers that come back as they came."""


class Submission(NamedTuple):
    """One document that was sent to be tagged."""

    document: Document
    id: Identity | None = None
    warnings: tuple[str, ...] = ()
    """What the sender should know, whatever its tags are."""


def read_submissions(body: bytes, settings: Settings) -> Submission | list[Submission | DocumentFailure]:
    """Return the one document of a JSON body, or each of its `documents` with what is wrong with it.

    Raises RequestError, and TextTooLong for one document.
    """
    value = parse_json(body, settings)
    if not isinstance(value, dict) or "documents" not in value:
        return _submission(value, "", settings)
    records = convert(value, Documents).documents
    if len(records) > settings.max_documents:
        raise RequestError(
            413,
            "too-many-documents",
            f"{len(records):,} documents, and {settings.max_documents:,} is the limit: send them in several requests",
            pointer="/documents",
        )
    return [_submission_or_failure(record, f"/documents/{n}", settings) for n, record in enumerate(records)]


def check_length(document: Document, settings: Settings) -> Document:
    """Return the document. Raises TextTooLong."""
    n_chars, limit = sum(map(len, document)), settings.max_text_chars
    if n_chars > limit:
        raise TextTooLong(
            f"the text has {n_chars:,} characters, and {limit:,} is the limit: send one article at a time"
        )
    return document


def failure(error: RequestError | TextError, identity: object) -> DocumentFailure:
    """Return an error as the result of the document that has this id, if it is one."""
    result: DocumentFailure = {"error": {"code": error.code, "message": str(error)}}
    if isinstance(error, RequestError) and error.pointer is not None:
        result["error"]["pointer"] = error.pointer
    if isinstance(identity, str | int | float) and _is_identity(identity):
        return {"id": identity, **result}
    return result


def _submission(record: object, pointer: str, settings: Settings) -> Submission:
    """Return the checked document of a record. Raises RequestError and TextTooLong."""
    if not isinstance(record, dict):
        several = "" if pointer else '; several are sent as {"documents": [...]}'
        place = pointer or "the body"
        message = f'{place}: must be an object such as {{"text": "..."}}, not {_kind(record)}{several}'
        raise RequestError(422, "bad-field", message, pointer=pointer)
    try:
        document = check_length(Document.of(record), settings)
    except FieldError as error:
        pointer += f"/{error.field}"
        raise RequestError(422, "bad-field", f"{pointer}: {error.message}", pointer=pointer) from None
    identity = record.get("id")
    if identity is not None and not _is_identity(identity):
        pointer += "/id"
        raise RequestError(
            422, "bad-field", f"{pointer}: must be a string or a number, not {_kind(identity)}", pointer=pointer
        )
    return Submission(document, identity, tuple(_warnings(record)))


def _warnings(record: dict[str, object]) -> Iterator[str]:
    """Yield what the sender of a record should know."""
    column = unread_text_column(record)
    if column is not None:
        read, n_chars = ", ".join(read_fields(record)), len(str(record[column]))
        yield f'read: {read}; not read: {column} ({n_chars:,} characters): send it as "text"'


def _submission_or_failure(record: object, pointer: str, settings: Settings) -> Submission | DocumentFailure:
    try:
        return _submission(record, pointer, settings)
    except (RequestError, TextError) as error:
        return failure(error, record.get("id") if isinstance(record, dict) else None)


def _is_identity(value: object) -> bool:
    """Tell whether a value of JSON is an id that comes back as it came."""
    if isinstance(value, str):
        return not is_half(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and _MIN_INTEGER <= value <= _MAX_INTEGER


def _kind(value: object) -> str:
    """Return what JSON calls a value."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    kinds = {dict: "an object", list: "an array", str: "a string with half a character", float: "a number out of range"}
    return kinds.get(type(value), "a number out of range")
