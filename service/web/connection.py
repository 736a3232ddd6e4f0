"""A client's connection in the loop, on which requests and answers have deadlines that gunicorn has not."""

from __future__ import annotations

import contextlib
import errno
import socket
import time

import gevent.socket


class Connection(gevent.socket.socket):
    """Reads a request, however it is dealt out, for `limit_s` seconds; writes each part of an answer for as long."""

    def __init__(self, accepted: gevent.socket.socket, limit_s: float) -> None:
        """Take over the connection of an accepted socket."""
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._limit_s = limit_s
        self._began: float | None = None
        self.is_late = False
        """Whether a request did not come in time; nothing more is read then."""
        self._hung_up = False

    @property
    def is_idle(self) -> bool:
        """Tell whether no part of a request is here."""
        return self._began is None

    def end_request(self) -> None:
        """Let the next bytes be a new request's."""
        self._began = None

    def restart_clock(self) -> None:
        """Count the time for the rest of a request from now, as it was us who let the client wait."""
        self._began = time.monotonic()

    def hang_up(self) -> None:
        """Read nothing any more."""
        self._hung_up = True
        with contextlib.suppress(OSError):  # the client was first
            self.shutdown(socket.SHUT_RD)

    def recv(self, *args: int) -> bytes:
        """Return what came, or nothing when it is too late or we hung up."""
        began = self._began
        self.settimeout(None if began is None else max(began + self._limit_s - time.monotonic(), 0.001))
        try:
            data: bytes = b"" if self.is_late else super().recv(*args)
        except TimeoutError:
            self.is_late = True
            return b""
        except OSError:
            if self._hung_up:
                return b""
            raise
        if began is None:
            self._began = time.monotonic()
        return data

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """Write. Raises BrokenPipeError when the client does not take it in time."""
        self.settimeout(self._limit_s)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the answer was not taken in time") from None
