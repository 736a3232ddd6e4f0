"""Errors as application/problem+json (RFC 9457): one table from errors to statuses, one handler for all of them."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from model.errors import (
    ArtifactError,
    ChudeError,
    FitError,
    NoArticle,
    StorageError,
    StorageFull,
    TextError,
    TextTooLong,
    VersionError,
)
from model.storage import storage_error
from service.web.extraction import ExtractionFailed, NoProcess
from service.web.faults import Fault
from service.web.key_store import KeyFileError
from service.web.request_state import current_state
from training.labels.errors import StoreBusy, StoreError, StoreFull
from training.labels.jobs import JobRunning, JobUnknown
from training.labels.store import LabelAmbiguous
from training.topics import TopicError, TopicTaken, TopicUnknown


class RequestError(ChudeError):
    """The request cannot be answered as it is."""

    def __init__(self, status: int, code: str, message: str, *, pointer: str | None = None) -> None:
        """Take the HTTP status, a stable name for machines, and for JSON the pointer (RFC 6901) of the field."""
        super().__init__(message)
        self.status, self.code, self.pointer = status, code, pointer
        self.headers: dict[str, str] = {}


class ProblemDetails(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is wrong, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """Stable name of the error, for machines."""
    request_id: str
    pointer: str | None = None
    """The field of the request that is meant, as a JSON pointer."""


STATUS_OF: dict[type[ChudeError], int] = {
    TextTooLong: 413,
    NoArticle: 422,
    TextError: 422,
    VersionError: 404,
    ArtifactError: 503,
    StorageError: 503,
    StorageFull: 507,
    KeyFileError: 503,
    StoreError: 503,
    StoreFull: 507,
    NoProcess: 503,
    JobUnknown: 404,
    JobRunning: 409,
    LabelAmbiguous: 409,
    TopicUnknown: 404,
    TopicTaken: 409,
    TopicError: 422,
    FitError: 422,
    ChudeError: 400,
}
"""HTTP status of each class of errors; the nearest base class counts."""


def status_of(error: ChudeError) -> int:
    """Return the HTTP status of an error."""
    return next(STATUS_OF[base] for base in type(error).__mro__ if base in STATUS_OF)


def problem_response(status: int, code: str, detail: str, pointer: str | None = None) -> Response:
    """Return the answer to a request that failed."""
    state = current_state()
    title = HTTPStatus(status).phrase
    problem = ProblemDetails(
        type="about:blank",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=state.id,
        pointer=pointer,
    )
    state.error_code = code
    return Response(msgspec.json.encode(problem), status, content_type="application/problem+json")


def register(app: Flask) -> None:
    """Answer every error in one form."""
    app.register_error_handler(ChudeError, _chude_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OSError, _file_error)
    app.register_error_handler(Exception, _internal_error)


def _chude_error(error: ChudeError) -> Response:
    if isinstance(error, RequestError):
        response = problem_response(error.status, error.code, str(error), error.pointer)
        response.headers.update(error.headers)
        return response
    response = problem_response(status_of(error), error.code, str(error))
    if isinstance(error, StoreBusy):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _file_error(error: OSError) -> Response:
    """Answer for a disk that is full or cannot be read; an error of a connection is no fault of the disk."""
    if isinstance(error, ConnectionError | TimeoutError):
        return _internal_error(error)
    return _chude_error(storage_error(error))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    if status == 404:
        detail = f"{request.path}: no such page; /openapi.json lists what there is"
    elif isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        detail = f"{request.method} is not for {request.path}: use {allowed}"
    else:
        detail = error.description or ""
    response = problem_response(status, HTTPStatus(status).phrase.lower().replace(" ", "-"), detail)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = allowed
    return response


def _internal_error(error: Exception) -> Response:
    fault = error.fault if isinstance(error, ExtractionFailed) else Fault.of(error)
    current_app.logger.error("internal error %s at %s, request %s", fault.kind, fault.place, current_state().id)
    return problem_response(500, "internal-error", "chude failed; its log has the place under this request_id")
