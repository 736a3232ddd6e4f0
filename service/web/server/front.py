"""The ASGI application: it reads a request whole, within limits, has it answered in a lane, and sends the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIApplication

from model.memory import give_back_memory
from service.settings import Settings
from service.web.server.connection import Connection, head_too_large
from service.web.server.refusals import Refusal
from service.web.server.routing import Lanes
from service.web.server.wsgi import Answer, call, make_environ

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEAD_BYTES = 65_536
"""Longest request line with headers."""
_FRAMING = 4
"""A chunked body may take so many times the largest body over the wire, its framing included."""
_SMALL_BYTES = 65_536
"""Bodies up to this size are never refused because the budget is used up."""
_BODIES_AT_ONCE = 16
"""How many bodies of the largest size may be in memory together."""
_RETRY_AFTER_S = 2
_LARGE_BYTES, _TIDY_AFTER_S = 1_000_000, 1.0
"""A moment after bodies of that size were answered, memory is given back."""


class Disconnected(Exception):
    """The client is gone, or does not read its answer."""


class Account:
    """How much of a budget one request holds."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.n_bytes = 0

    def add(self, n_bytes: int) -> None:
        """Hold more bytes. Raises Refusal 503 where the budget is used up, unless the request is a small one."""
        self.n_bytes += n_bytes
        self._budget.held_bytes += n_bytes
        if self.n_bytes > _SMALL_BYTES and self._budget.held_bytes > self._budget.most_bytes:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "overloaded",
                "too many large bodies are under way: send it again in a moment",
                _RETRY_AFTER_S,
            )


class Budget:
    """How many bytes of bodies a process holds at a time, from their first byte until they are answered."""

    def __init__(self, most_bytes: int) -> None:
        self.held_bytes, self.most_bytes = 0, most_bytes
        self._trim: asyncio.TimerHandle | None = None

    @contextmanager
    def account(self) -> Iterator[Account]:
        """Yield an account, whose bytes are given back at the end."""
        account = Account(self)
        try:
            yield account
        finally:
            self.held_bytes -= account.n_bytes
            if account.n_bytes > _LARGE_BYTES:
                self._tidy_up()

    def _tidy_up(self) -> None:
        """Give memory back a moment after the last large body."""
        if self._trim:
            self._trim.cancel()
        self._trim = asyncio.get_running_loop().call_later(_TIDY_AFTER_S, give_back_memory)


class Front:
    """Calls a WSGI application with whole requests (ASGI)."""

    def __init__(
        self, application: WSGIApplication, lanes: Lanes, settings: Settings, at_end: Callable[[], None]
    ) -> None:
        """Call the application in the lanes; `at_end` is called when the server has answered its last request."""
        self._application, self._lanes, self._at_end = application, lanes, at_end
        self._max_body_bytes, self._answer_s = settings.max_body_bytes, settings.request_timeout_s
        self._budget = Budget(_BODIES_AT_ONCE * settings.max_body_bytes)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; or, in the one call with a scope of that type, follow the life of the server."""
        if scope["type"] == "lifespan":
            await self._follow_lifespan(receive, send)
            return
        connection: Connection = scope["state"]["connection"]
        try:
            answer = await self._answer(scope, receive, connection)
            await self._send(answer, send, connection)
        except (Disconnected, asyncio.CancelledError):  # a server that stops cancels what takes too long
            connection.abort()
            await connection.closed.wait()
        except Refusal as refusal:
            connection.refuse(refusal, _header(scope, b"x-request-id"))
            await connection.closed.wait()
        else:
            connection.end_request()

    async def _follow_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._at_end()  # uvicorn ends its process by the signal that stopped it, which skips what `atexit` would do
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, connection: Connection) -> Answer:
        """Return the application's answer, or its beginning. Raises Refusal or Disconnected."""
        if _head_bytes(scope) > HEAD_BYTES:
            raise head_too_large(HEAD_BYTES)
        if int(_header(scope, b"content-length") or 0) > self._max_body_bytes:
            raise self._too_large()
        with self._budget.account() as account:
            body = await self._read(receive, connection, account)
            environ = make_environ(scope, body)
            lane = self._lanes.choose(environ, body)
            if lane is None:
                return call(self._application, environ)
            return await _unless_gone(lane.run(lambda: call(self._application, environ), Answer.close), receive)

    async def _read(self, receive: Receive, connection: Connection, account: Account) -> bytes:
        """Return the body. Raises Refusal when it is too large or too slow, Disconnected when the client is gone."""
        parts: list[bytes] = []
        try:
            async with asyncio.timeout_at(connection.deadline_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Disconnected
                    parts.append(message["body"])
                    account.add(len(message["body"]))
                    most = self._max_body_bytes
                    if account.n_bytes > most or connection.received_bytes > _FRAMING * most:
                        raise self._too_large()
                    if not message["more_body"]:
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(
                HTTPStatus.REQUEST_TIMEOUT, "request-timeout", f"the body took more than {self._answer_s} s"
            ) from None

    def _too_large(self) -> Refusal:
        limit = f"the body has more than {self._max_body_bytes:,} bytes: send fewer documents"
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", limit)

    async def _send(self, answer: Answer, send: Send, connection: Connection) -> None:
        """Send an answer, piece by piece. Raises Disconnected where a piece is not read in time."""
        headers = answer.headers + ([(b"connection", b"close")] if connection.is_stopping else [])
        head = {"type": "http.response.start", "status": answer.status, "headers": headers}
        loop, rest = asyncio.get_running_loop(), answer.rest
        try:
            await self._in_time(send(head))
            body = {"type": "http.response.body", "body": answer.first, "more_body": rest is not None}
            await self._in_time(send(body))
            while rest and (piece := await loop.run_in_executor(None, rest.next_piece)):
                body = {"type": "http.response.body", "body": piece, "more_body": True}
                await self._in_time(send(body))
            if rest:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if rest:
                await loop.run_in_executor(None, answer.close)

    async def _in_time(self, sending: Awaitable[None]) -> None:
        """Wait until there is room for what is sent. Raises Disconnected where that takes too long."""
        try:
            async with asyncio.timeout(self._answer_s):
                await sending
        except TimeoutError:
            raise Disconnected from None


def _head_bytes(scope: Message) -> int:
    """Return about how many bytes the request line and the headers have."""
    fields = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    return fields + len(scope["raw_path"]) + len(scope["query_string"])


def _header(scope: Message, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _unless_gone(work: Awaitable[Answer], receive: Receive) -> Answer:
    """Return what the work returns; cancel what has not begun when the client goes away. Raises Disconnected."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        raise Disconnected
    finally:
        gone.cancel()
