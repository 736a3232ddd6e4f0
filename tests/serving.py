"""Starting the real service, and talking to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

_REPO = Path(__file__).parent.parent
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


def descendants(pid: int) -> list[int]:
    children = [int(n) for path in Path(f"/proc/{pid}/task").glob("*/children") for n in path.read_text().split()]
    return [one for child in children for one in (child, *descendants(child))]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def leftovers(pid: int) -> list[Path]:
    """Return the folders that a service with this process number counts in."""
    return list(Path(tempfile.gettempdir()).glob(f"chude-metrics-{pid}-*"))


class Service:
    """A running service."""

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.home, self.port, self.process, self.log = home, port, process, log
        self.url = f"http://127.0.0.1:{port}"

    def workers(self) -> list[int]:
        return [int(n) for n in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def logged(self) -> list[dict[str, object]]:
        lines = self.log.read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if "Traceback" in line]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=TIMEOUT_S)

    def tags(self, text: str) -> object:
        return requests.post(f"{self.url}/predict", json={"text": text}, timeout=TIMEOUT_S).json()["tags"]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)


def answer_of(sock: socket.socket) -> http.client.HTTPResponse:
    """The next answer on a connection, read up to its body."""
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    return answer


@contextmanager
def running(home: Path, log: Path, *options: object) -> Iterator[Service]:
    port = free_port()
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), "--stop-timeout", "5", *map(str, options)]
    environ = {**os.environ, "CHUDE_HOME": str(home), "PYTHONPATH": str(_REPO)}
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, env=environ, stderr=stderr, cwd=home.parent)
    try:
        wait_until_ready(port)
        yield Service(home, port, process, log)
    finally:
        process.terminate()
        assert process.wait(TIMEOUT_S) in (0, -signal.SIGKILL)


Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start services on one home, each with its own options and log; they end with the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(
            running(tmp_path / "home", tmp_path / f"log-{time.monotonic_ns()}", *options)
        )
