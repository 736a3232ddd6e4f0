"""Starting the real service, and talking to it."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Callable


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until(happened: Callable[[], bool], timeout_s: float = 20.0) -> None:
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < timeout_s, "it did not happen in time"
        time.sleep(0.02)


def wait_until_ready(port: int, path: str = "/readyz") -> None:
    wait_until(lambda: answers(f"http://127.0.0.1:{port}{path}"))


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:  # urllib's errors are, too
        return False
