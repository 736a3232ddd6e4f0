"""The real service under clients that are slow, greedy or broken, and workers that end: others are answered."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from load import HEAD
from serving import TIMEOUT_S, Service, answer_of, leftovers, running, wait_until
from texts import SYRIA

MOST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("faults")
    options = ("--workers", 1, "--threads", 2, "--max-body-bytes", MOST_BYTES, "--request-timeout", 600)
    with running(folder / "home", folder / "log", *options) as started:
        yield started


def code_of(answer: http.client.HTTPResponse) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.read())
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return answer.status, problem["code"]


@contextmanager
def others_are_answered(service: Service) -> Iterator[None]:
    """Ask all the while, and expect an answer to every request."""
    over, failures = threading.Event(), list[BaseException]()

    def ask() -> None:
        while not over.is_set():
            try:
                assert requests.get(f"{service.url}/healthz", timeout=TIMEOUT_S).status_code == 200
                assert service.tags(SYRIA) == ["syria"]
            except BaseException as error:
                failures.append(error)
                return

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(TIMEOUT_S)
    assert not failures


def send_until_refused(sock: socket.socket, data: bytes) -> int:
    """Send the same bytes again and again until the connection ends; return how many were taken."""
    n_bytes = 0
    try:
        while n_bytes < 1_000_000_000:
            sock.sendall(data)
            n_bytes += len(data)
    except OSError:
        return n_bytes
    raise AssertionError("a gigabyte was taken")


def test_a_sender_that_never_pauses_owns_nothing(service: Service) -> None:
    with others_are_answered(service), service.connect() as sock:
        sock.sendall(HEAD + b"Content-Length: 999999999999\r\n\r\n")
        assert send_until_refused(sock, b"x" * 1_000_000) <= 20 * MOST_BYTES


def test_chunks_of_one_byte_count_as_they_come(service: Service) -> None:
    with others_are_answered(service), service.connect() as sock:
        sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        assert send_until_refused(sock, b"1\r\nx\r\n" * 10_000) <= 20 * MOST_BYTES


@pytest.mark.parametrize("n_bytes", [MOST_BYTES + 1, 8 * MOST_BYTES])
def test_a_body_that_is_too_large_is_told_so(service: Service, n_bytes: int) -> None:
    for _ in range(5):
        body = urllib.request.Request(f"{service.url}/predict", b"x" * n_bytes, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError, match="413") as refused:
            urllib.request.urlopen(body, timeout=TIMEOUT_S)
        assert json.loads(refused.value.read())["code"] == "body-too-large"
        refused.value.close()


def test_who_asks_first_is_refused_or_told_to_go_on(service: Service) -> None:
    body = json.dumps({"text": SYRIA}).encode()
    with service.connect() as large, service.connect() as good:
        large.sendall(HEAD + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert code_of(answer_of(large)) == (413, "body-too-large")
        good.sendall(HEAD + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body))
        assert good.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        good.sendall(body)
        assert json.loads(answer_of(good).read())["tags"] == ["syria"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"\x16\x03\x01\x02hello\r\n\r\n", (400, "bad-request")),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", (400, "bad-request")),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n", (400, "bad-request")),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (431, "head-too-large")),
        (b"GET / HTTP/1.1\r\n" + b"X-Filler: abcdefgh\r\n" * 6000 + b"\r\n", (431, "head-too-large")),
    ],
)
def test_what_is_no_request_is_a_problem_too(service: Service, sent: bytes, expected: tuple[int, str]) -> None:
    with service.connect() as sock:
        sock.sendall(sent)
        assert code_of(answer_of(sock)) == expected
    metrics = service.get("/metrics").text
    assert f'chude_requests_total{{endpoint="refused",status="{expected[0]}"}}' in metrics


def test_whatever_a_proxy_says_of_the_scheme_is_no_error(service: Service) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Protocol": "http", "X-Forwarded-Ssl": "on"}
    assert requests.get(f"{service.url}/topics", headers=headers, timeout=TIMEOUT_S).status_code == 200


def test_slow_clients_of_every_kind_keep_nobody_waiting(service: Service) -> None:
    beginnings = [
        b"",
        HEAD,
        HEAD + b"Content-Length: 900000\r\n\r\n" + b" " * 100_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n    ",
    ]
    slow = [service.connect() for _ in range(200)]
    try:
        for n, sock in enumerate(slow):
            sock.sendall(beginnings[n % len(beginnings)])
        large = requests.post(f"{service.url}/predict", json={"text": f"{SYRIA} " * 3000}, timeout=TIMEOUT_S)
        assert "syria" in large.json()["tags"]
        assert service.get("/topics").status_code == 200
    finally:
        for sock in slow:
            sock.close()


@pytest.mark.parametrize(
    "text", ["a" + "\u0301" * 80_000, "a\u0323\u0302 " * 20_000, "\u200b" * 60_000, "a\n" * 30_000]
)
def test_texts_that_are_dear_to_read_keep_nobody_waiting(service: Service, text: str) -> None:
    with others_are_answered(service):
        for _ in range(6):
            answer = requests.post(f"{service.url}/predict", json={"text": text}, timeout=TIMEOUT_S)
            assert answer.status_code in (200, 422)


Act = Callable[[Service], None]


def to_worker(number: int) -> Act:
    return lambda service: os.kill(service.workers()[0], number)


def to_master(number: int) -> Act:
    return lambda service: os.kill(service.process.pid, number)


def test_however_a_worker_ends_the_service_goes_on(tmp_path: Path) -> None:
    ways = [to_worker(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT, signal.SIGKILL)]
    ways += [to_master(n) for n in (signal.SIGHUP, signal.SIGTTOU, signal.SIGTTIN)]
    with running(tmp_path / "home", tmp_path / "log", "--workers", 2) as service:
        for end in ways:
            before = set(service.workers())
            end(service)
            wait_until(lambda before=before: set(service.workers()) != before)  # type: ignore[misc]
            wait_until(lambda: len(service.workers()) >= 1 and answers(service))
            for path in ("/healthz", "/readyz", "/topics", "/metrics"):
                assert {service.get(path).status_code for _ in range(4)} == {200}
    assert not leftovers(service.process.pid)


def answers(service: Service) -> bool:
    try:
        return service.get("/metrics").status_code == 200
    except requests.ConnectionError:  # it came to a worker that was ending
        return False
