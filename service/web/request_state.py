"""What is known of one request while it is answered: its id, when it began, and what its line in the log will say.

The one object travels in the WSGI environment.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from wsgiref.types import WSGIEnvironment

from flask import request

_KEY = "chude.request"


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
