"""What is known of one request while it is answered: made by whoever sees it first, found by everyone behind.

The server around the application reads bodies and tags texts of several requests together; the application counts and
logs. Both sides use this one object, which travels in the WSGI environment.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import cast
from wsgiref.types import WSGIEnvironment

from flask import request

from model import Tagging
from model.document import Document

_KEY = "chude.request"


class BodyFault(Enum):
    """Why the body of a request is not whole."""

    LATE = "it did not come in time"
    CUT_SHORT = "the connection ended before it"


@dataclass
class Counts:
    """How much a request was about, for its line in the log."""

    documents: int = 0
    failed: int = 0
    examples: int = 0
    tags: Mapping[str, int] = field(default_factory=dict)
    """How many documents got each tag."""
    version: str = ""
    """Version of the model that tagged them."""


@dataclass
class RequestState:
    """One request."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    began: float = field(default_factory=time.perf_counter)
    body_fault: BodyFault | None = None
    tag_with_others: Callable[[Document], Tagging] | None = None
    """Tags a document together with those of other requests, and counts it; None where requests are answered alone."""
    counts: Counts = field(default_factory=Counts)
    error_code: str = ""
    """Code of the error that is the answer."""


def state_of(environ: WSGIEnvironment) -> RequestState:
    """Return the state of the request with this WSGI environment, made at the first call."""
    if _KEY not in environ:
        environ[_KEY] = RequestState()
    return cast(RequestState, environ[_KEY])


def current_state() -> RequestState:
    """Return the state of the request that Flask answers in this context."""
    return state_of(request.environ)
