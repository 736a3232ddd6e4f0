"""Starting the real service, and talking to it."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Callable

TIMEOUT_S = 120.0
"""Ends a test that hangs; however busy the machine is, what is waited for happens sooner."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until(happened: Callable[[], bool], timeout_s: float = TIMEOUT_S, every_s: float = 0.02) -> None:
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < timeout_s, "it did not happen in time"
        time.sleep(every_s)


def wait_until_ready(port: int, path: str = "/readyz") -> None:
    wait_until(lambda: answers(f"http://127.0.0.1:{port}{path}"))


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S):
            return True
    except OSError:  # urllib's errors are, too
        return False
