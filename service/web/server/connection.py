"""A client's connection: how long it may take to send a request, how much it may send, and how the connection ends."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.web.server.refusals import Refusal, Refusals

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing resets the connection (socket(7))."""


@dataclass(frozen=True)
class Limits:
    """What a connection may do. Sizes are counted as they come over the wire."""

    first_byte_s: float
    """Seconds from the connection to its first byte."""
    request_s: float
    """Seconds from the first byte of a request to its last one."""
    head_bytes: int
    """Longest request line with headers."""
    last_words_s: float
    """Seconds that an idle connection is kept when the service stops: a request may be on its way."""
    linger_s: float
    """Seconds that a refused client may go on sending, so that it reads the answer before the connection is closed."""
    linger_bytes: int
    """How much it may go on sending."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, ended when a client is too slow or sends too much.

    Deadlines are absolute: a client that sends a byte now and then gains nothing. The ASGI application finds the
    connection in `scope["state"]["connection"]`. Beyond asyncio's protocol methods and httptools' parser callbacks only
    `send_400_response` and `shutdown` of uvicorn's class are replaced.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        refusals: Refusals,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "connection": self}, _loop)
        self._limits, self._refusals = limits, refusals
        self.received_bytes = 0
        """Bytes that have come of the request under way, head and framing included."""
        self.is_stopping = False
        """Whether the service stops: the answer under way is the connection's last."""
        self.closed = asyncio.Event()
        self._began_s: float | None = None
        self._is_in_head = False
        self._is_lingering = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def deadline_s(self) -> float:
        """Return the time, by the loop's clock, by which the whole request under way must have come."""
        return (self._began_s or self.loop.time()) + self._limits.request_s

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first byte."""
        super().connection_made(transport)
        self._watch(self._limits.first_byte_s, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._watch(None)
        self.closed.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, or of one that was refused."""
        self.received_bytes += len(data)
        if self._is_lingering:
            if self.received_bytes > self._limits.linger_bytes:
                self.abort()
            return
        if self._began_s is None:
            self._began_s = self.loop.time()
            self._watch(self._limits.request_s, self._refuse_late_head)
        super().data_received(data)
        if self._is_in_head and not self._is_lingering and self.received_bytes > self._limits.head_bytes:
            self.refuse(head_too_large(self._limits.head_bytes))

    def eof_received(self) -> None:
        """Close the connection of a refused client that has ended its own side."""
        if self._is_lingering:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Note that a head is coming (httptools)."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is whole (httptools); from here on the front watches the time."""
        super().on_headers_complete()
        self._is_in_head = False
        self._watch(None)

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no HTTP, and a head that is longer than uvicorn's parser takes."""
        if self.received_bytes > self._limits.head_bytes and self._is_in_head:
            self.refuse(head_too_large(self._limits.head_bytes))
            return
        self.refuse(Refusal(HTTPStatus.BAD_REQUEST, "bad-request", "this is no HTTP/1.1 request that can be read"))

    def end_request(self) -> None:
        """Count the next bytes as a new request's; give up a client that does not read the rest of its answer."""
        self._began_s, self.received_bytes = None, 0
        self._watch(self._limits.request_s, self._abort_unread)
        if self.is_stopping:  # since its answer began: the client has not been told
            self._end_in_a_moment()

    def refuse(self, refusal: Refusal, request_id: str = "") -> None:
        """Answer, end our side, and read on for a while, so that the answer is not lost with what was sent before."""
        self._is_lingering, self.received_bytes = True, 0
        self.transport.write(self._refusals.render(refusal, request_id))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self._watch(self._limits.linger_s, self.abort)

    def abort(self) -> None:
        """End the connection at once; what the client has not read is dropped, and not kept for it by the kernel."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def shutdown(self) -> None:
        """End the connection after the answer to the request under way; an idle connection, after `last_words_s`."""
        self.is_stopping = True
        if self._began_s is None:
            self._end_in_a_moment()

    def _end_in_a_moment(self) -> None:
        self.loop.call_later(self._limits.last_words_s, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._began_s is None:
            self.transport.close()

    def _abort_unread(self) -> None:
        if self.transport.get_write_buffer_size():
            self.abort()

    def _refuse_late_head(self) -> None:
        self.refuse(
            Refusal(
                HTTPStatus.REQUEST_TIMEOUT,
                "request-timeout",
                f"the request line and headers took more than {self._limits.request_s:g} s",
            )
        )

    def _watch(self, seconds: float | None, then: Callable[[], None] | None = None) -> None:
        """Call `then` after so many seconds, in place of what was to be called before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then) if seconds is not None and then else None


def head_too_large(limit: int) -> Refusal:
    """Return the refusal of a request line with headers that have more than `limit` bytes."""
    message = f"the request line and headers have more than {limit:,} bytes: send less"
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", message)
