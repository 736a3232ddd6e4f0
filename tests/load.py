"""A load generator: many connections from one thread, each with one request under way at a time."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from serving import TIMEOUT_S

HEAD = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
"""The head of a request to /predict, without its length and without its end."""


def post(path: str, value: object) -> bytes:
    """A whole POST request with a JSON body."""
    body = json.dumps(value, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode()


def split_answer(data: bytes) -> tuple[int, bytes] | None:
    """Status and body of an HTTP answer with a Content-Length, or None while it is not whole."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return (int(head.split(b" ", 2)[1]), body) if len(body) >= length else None


@dataclass
class Load:
    """What came back."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    """Connections that ended before their answer was whole."""
    bodies: set[bytes] = field(default_factory=set)

    @property
    def rate(self) -> float:
        return len(self.latencies_s) / self.seconds

    def percentile_s(self, percent: float) -> float:
        return sorted(self.latencies_s)[int(len(self.latencies_s) * percent / 100)]


class _Clients:
    """The open connections of one run."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self.port, self.requests, self.sent = port, requests, 0
        self.selector = selectors.DefaultSelector()
        self.began: dict[socket.socket, float] = {}
        self.received: dict[socket.socket, bytes] = {}

    def send(self, sock: socket.socket) -> None:
        self.received[sock], self.began[sock] = b"", time.perf_counter()
        sock.sendall(self.requests[self.sent % len(self.requests)])
        self.sent += 1

    def connect(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(sock, selectors.EVENT_READ)
        self.send(sock)

    def close(self, sock: socket.socket) -> None:
        self.selector.unregister(sock)
        sock.close()
        del self.began[sock]

    def receive(self, sock: socket.socket, load: Load, key: Callable[[bytes], bytes]) -> bool | None:
        """Read what came: True for a whole answer, False when the connection is over, None for more to come."""
        try:
            data = sock.recv(1 << 20)
        except ConnectionError:
            data = b""
        self.received[sock] += data
        answer = split_answer(self.received[sock])
        if answer:
            load.latencies_s.append(time.perf_counter() - self.began[sock])
            load.statuses[answer[0]] = load.statuses.get(answer[0], 0) + 1
            load.bodies.add(key(answer[1]))
            return b"\r\nconnection: close\r\n" not in self.received[sock].lower()
        load.broken += not data
        return None if data else False


def run_load(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float = float("inf"),
    until: Callable[[], bool] = lambda: False,
    meanwhile: Callable[[float], None] = lambda elapsed: None,
    key: Callable[[bytes], bytes] = lambda body: b"",
) -> Load:
    """Send the requests in turn for some seconds, or until something is the case.

    `key` of each body is kept, `meanwhile` is called in between.
    """
    load, clients = Load(), _Clients(port, requests)
    for _ in range(connections):
        clients.connect()
    start = time.perf_counter()
    while clients.began:
        running = time.perf_counter() - start < seconds and not until()
        for event, _ in clients.selector.select(timeout=TIMEOUT_S):
            sock = event.fileobj
            assert isinstance(sock, socket.socket)
            outcome = clients.receive(sock, load, key)
            if outcome and running:
                clients.send(sock)
            elif outcome is not None:
                clients.close(sock)
                if running:
                    clients.connect()
        meanwhile(time.perf_counter() - start)
    load.seconds = time.perf_counter() - start
    return load
