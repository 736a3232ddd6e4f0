"""A whole request to a WSGI application, and its answer in pieces."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

PIECE_BYTES = 1 << 18
"""How much of a long answer is made at a time."""


def make_environ(scope: Mapping[str, Any], body: bytes) -> WSGIEnvironment:
    """Return the WSGI environment (PEP 3333) of an ASGI request whose body is all here."""
    host, port = scope["server"] or ("localhost", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if name in (b"content-length", b"transfer-encoding") or b"_" in name:
            continue  # the body is whole here; a name with "_" could pass for another one
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


@dataclass
class Answer:
    """The beginning of an answer, and where its rest comes from."""

    status: int
    headers: list[tuple[bytes, bytes]]
    first: bytes
    rest: Rest | None
    """None where `first` is all."""

    def close(self) -> None:
        """Tell the application that nobody reads on."""
        if self.rest:
            self.rest.close()


class Rest:
    """The rest of a long answer. Each piece may be made in another thread, but all have one context."""

    def __init__(self, body: Iterable[bytes], chunks: Iterator[bytes], context: Context) -> None:
        self._body, self._chunks, self._context = body, chunks, context

    def next_piece(self) -> bytes:
        """Return the next piece, empty at the end."""
        return self._context.run(_piece, self._chunks)

    def close(self) -> None:
        """Tell the application that nobody reads on."""
        close = getattr(self._body, "close", None)
        if close:
            self._context.run(close)


def call(application: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Return the answer of a WSGI application to a request, as far as one piece goes."""
    context = copy_context()
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        started.append((status, headers))

    body = context.run(application, environ, start_response)
    chunks = iter(body)
    rest = Rest(body, chunks, context)
    first = rest.next_piece()
    status, headers = started[-1]
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if len(first) >= PIECE_BYTES:
        return Answer(int(status[:3]), encoded, first, rest)
    rest.close()
    return Answer(int(status[:3]), encoded, first, None)


def _piece(chunks: Iterator[bytes]) -> bytes:
    """Join chunks until they are a piece, or all."""
    piece: list[bytes] = []
    size = 0
    for chunk in chunks:
        piece.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            break
    return b"".join(piece)
