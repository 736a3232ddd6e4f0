"""Answers to requests that the application never sees: too large, too slow, no HTTP, or too many at a time."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from service.web.metrics import Metrics
from service.web.problems import ProblemDetails
from service.web.request_log import LOGGER, REQUEST_ID

_ENDPOINT = "refused"
"""What metrics and log call these requests: their path is not looked at."""


@dataclass
class Refusal(Exception):
    """Why a request is answered without the application."""

    status: HTTPStatus
    code: str
    message: str
    retry_after_s: int | None = None


class Refusals:
    """Makes the answers, counts them and logs them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def render(self, refusal: Refusal, given_id: str = "") -> bytes:
        """Return the whole HTTP answer, after which the connection ends; `given_id` is the client's X-Request-ID."""
        request_id = given_id if REQUEST_ID.match(given_id) else uuid.uuid4().hex
        status = refusal.status
        problem = ProblemDetails(
            type="about:blank",
            title=status.phrase,
            status=status.value,
            detail=refusal.message,
            code=refusal.code,
            request_id=request_id,
        )
        body = msgspec.json.encode(problem)
        headers = {
            "content-type": "application/problem+json",
            "content-length": str(len(body)),
            "x-content-type-options": "nosniff",
            "x-request-id": request_id,
            "connection": "close",
        }
        if refusal.retry_after_s is not None:
            headers["retry-after"] = str(refusal.retry_after_s)
        self._metrics.count_request(_ENDPOINT, status.value, 0.0, refusal.code)
        given = {"request_id": request_id, "endpoint": _ENDPOINT, "status": status.value, "error": refusal.code}
        logging.getLogger(LOGGER).info("%s: %s", _ENDPOINT, status.value, extra=given)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode() + body
