"""gunicorn's gevent worker: one loop reads and writes all connections, so that a slow client keeps nobody waiting.

Requests that are quick are answered in the loop, their texts tagged together; all others in threads beside it. Nothing
is monkey-patched: only connections belong to the loop; files, locks and databases stay what they are.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from io import BytesIO
from itertools import islice
from typing import Any

import gevent
import gevent.socket
from gevent.threadpool import ThreadPool
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker

from service.settings import Settings
from service.web.batching import Batcher
from service.web.body import FAULT
from service.web.connection import Connection
from service.web.predict import TAG
from service.web.services import EXTENSION, Services

_QUICK = ("/predict", "/healthz", "/readyz")
_QUICK_BYTES = 65_536
"""Longest body that is answered in the loop: tagging it takes a millisecond or two."""
_CHUNKS = 100
"""Pieces of a long answer that are fetched from a thread at a time."""
_LAST_WORDS_S = 1.0
"""How long a worker that stops keeps idle connections, on which a request may be coming."""

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., object]], Iterable[bytes]]


class LoopWorker(GeventWorker):
    """A worker whose loop holds the connections."""

    sockets: list[Any]
    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings: Settings = self.app.settings
        self._connections: set[Connection] = set()

    def patch(self) -> None:
        """Hand the listening sockets to the loop; gunicorn's worker would patch the whole standard library."""
        self.sockets = [
            gevent.socket.socket(s.FAMILY, socket.SOCK_STREAM, fileno=s.sock.detach()) for s in self.sockets
        ]

    def load_wsgi(self) -> None:
        """Put the gateway before the application."""
        super().load_wsgi()
        chude: Services = self.wsgi.extensions[EXTENSION]
        self.wsgi = Gateway(self.wsgi, self._settings, Batcher(lambda: chude.live.tagger, chude.metrics))
        chude.live.watch()

    def run(self) -> None:
        """Serve until told to stop."""
        gevent.spawn(self._hang_up)
        super().run()

    def handle(self, listener: object, client: gevent.socket.socket, addr: object) -> None:
        """Answer the requests of one connection."""
        connection = Connection(client, self._settings.request_timeout_s)
        self._connections.add(connection)
        try:
            super().handle(listener, connection, addr)
        finally:
            self._connections.discard(connection)

    def handle_request(self, listener_name: object, req: object, sock: Connection, addr: object) -> None:
        """Answer one request."""
        super().handle_request(listener_name, req, sock, addr)
        sock.end_request()
        gevent.sleep(0)  # a client with its next request at hand lets the others go first

    def _hang_up(self) -> None:
        """End the idle connections of a worker that was told to stop."""
        while self.alive:
            gevent.sleep(0.1)
        gevent.sleep(_LAST_WORDS_S)
        for connection in self._connections:
            if connection.is_idle:
                connection.hang_up()


class Gateway:
    """Stands between the loop and the application: reads the body, and chooses where the request is answered."""

    def __init__(self, application: Application, settings: Settings, batcher: Batcher) -> None:
        self._application, self._batcher = application, batcher
        self._max_bytes = settings.max_body_bytes
        self._threads = ThreadPool(settings.threads)

    def __call__(self, environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        body = self._read_body(environ)
        environ["wsgi.input"] = BytesIO(body)
        if _is_quick(environ, len(body)):
            environ[TAG] = self._batcher.tag
            return self._application(environ, start_response)
        return self._answer_in_thread(environ, start_response)

    def _read_body(self, environ: Environ) -> bytes:
        """Return the body, or its beginning if it was cut off or is too large; says in `environ` what went wrong."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not length and "HTTP_TRANSFER_ENCODING" in environ:
            length = self._max_bytes + 1
        elif length > self._max_bytes:
            return b""
        body = b""
        try:
            body = environ["wsgi.input"].read(length)
        except (OSError, ParseException):
            environ[FAULT] = "cut short"
        if environ["gunicorn.socket"].is_late:
            environ[FAULT] = "late"
        return body

    def _answer_in_thread(self, environ: Environ, start_response: Callable[..., object]) -> Iterator[bytes]:
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


def _is_quick(environ: Environ, n_bytes: int) -> bool:
    """Tell whether a request takes a few milliseconds at most: no HTML to read, nothing to explain, no file to open."""
    is_html = environ.get("CONTENT_TYPE", "").lower().startswith("text/html")
    return environ["PATH_INFO"] in _QUICK and n_bytes <= _QUICK_BYTES and not environ["QUERY_STRING"] and not is_html


def _some(chunks: Iterator[bytes]) -> bytes:
    return b"".join(islice(chunks, _CHUNKS))
