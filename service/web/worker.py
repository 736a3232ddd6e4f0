"""gunicorn's gevent worker: one loop reads and writes all connections, so that a slow client keeps nobody waiting.

Nothing is monkey-patched: only connections belong to the loop; files, locks and databases stay what they are, and are
used in threads (`service.web.gateway`).
"""

from __future__ import annotations

import socket
from typing import Any

import gevent
import gevent.socket
from gunicorn.workers.ggevent import GeventWorker

from service.settings import Settings
from service.web.batching import Batcher
from service.web.connection import Connection
from service.web.gateway import Gateway
from service.web.services import EXTENSION, Services

_LAST_WORDS_S = 0.5
"""How long a worker that stops keeps idle connections, on which a request may be coming."""


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
