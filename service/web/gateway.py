"""Between the loop and the application: reads a request's body, and chooses where the request is answered.

Requests that are quick are answered in the loop, their texts tagged together; all others in threads beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from io import BytesIO
from itertools import islice
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gevent.lock import BoundedSemaphore
from gevent.threadpool import ThreadPool
from gunicorn.http.errors import ParseException

from service.settings import Settings
from service.web.batching import Batcher
from service.web.body import body_length
from service.web.request_state import BodyFault, state_of

_QUICK = ("/predict", "/healthz", "/readyz")
_QUICK_BYTES = 65_536
"""Longest body that is answered in the loop: it takes 2 ms at most, one made up to be slow 20."""
_CHUNKS = 100
"""Pieces of a long answer that are fetched from a thread at a time."""


class Gateway:
    """The WSGI application that a worker's loop calls."""

    def __init__(self, application: WSGIApplication, settings: Settings, batcher: Batcher) -> None:
        self._application, self._batcher = application, batcher
        self._max_bytes = settings.max_body_bytes
        self._threads = ThreadPool(settings.threads)
        self._large = BoundedSemaphore(settings.threads)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        if "HTTP_TRANSFER_ENCODING" in environ or body_length(environ) > _QUICK_BYTES:
            return self._answer_large(environ, start_response)
        self._read_body(environ, body_length(environ))
        if _is_quick(environ):
            state_of(environ).tag_with_others = self._batcher.tag
            return self._application(environ, start_response)
        return self._answer_in_thread(environ, start_response)

    def _read_body(self, environ: WSGIEnvironment, n_bytes: int) -> None:
        """Put the body, up to `n_bytes` of it, in the place of the connection, and say what went wrong with it."""
        body = b""
        try:
            body = environ["wsgi.input"].read(n_bytes)
        except (OSError, ParseException):
            state_of(environ).body_fault = BodyFault.CUT_SHORT
        if environ["gunicorn.socket"].is_late:
            state_of(environ).body_fault = BodyFault.LATE
        environ["wsgi.input"] = BytesIO(body)

    def _answer_large(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        """Yield the answer; no more bodies are read at a time than there are threads, so that memory has a limit."""
        with self._large:
            environ["gunicorn.socket"].restart_clock()
            if body_length(environ) <= self._max_bytes:
                self._read_body(environ, self._max_bytes + 1)
            yield from self._answer_in_thread(environ, start_response)

    def _answer_in_thread(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        """Yield the answer. Each step may have another thread, but all have one context."""
        run, context = self._threads.apply, copy_context()
        answer = run(context.run, (self._application, environ, start_response))
        try:
            chunks = iter(answer)
            while part := run(context.run, (_some, chunks)):
                yield part
        finally:
            if hasattr(answer, "close"):
                run(context.run, (answer.close,))


def _is_quick(environ: WSGIEnvironment) -> bool:
    """Tell whether a request takes a few milliseconds at most: no HTML to read, nothing to explain, no file to open."""
    is_html = environ.get("CONTENT_TYPE", "").lower().startswith("text/html")
    return environ["PATH_INFO"] in _QUICK and not environ["QUERY_STRING"] and not is_html


def _some(chunks: Iterator[bytes]) -> bytes:
    return b"".join(islice(chunks, _CHUNKS))
