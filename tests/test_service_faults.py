"""The real service under clients that are slow, greedy or broken, and workers that end: the others are answered."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from load import post
from serving import TIMEOUT_S, Service, answer_of, descendants, is_alive, running, wait_until

from model import TopicTagger
from model.activation import activate
from model.versions import Versions
from service.web.daily_counts import DailyCounts

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
HEAD = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
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


def leftovers(pid: int) -> list[Path]:
    import tempfile

    return list(Path(tempfile.gettempdir()).glob(f"chude-metrics-{pid}-*"))


def test_what_a_killed_service_left_is_swept(tmp_path: Path) -> None:
    """Its workers end by themselves, and so do the processes that read HTML; the next service removes its folder."""
    with running(tmp_path / "home", tmp_path / "log", "--workers", 1) as killed:
        page = f"<!doctype html><body><article>{f'<p>{SYRIA} {SYRIA}</p>' * 60}</article>"
        assert killed.tags(page) == ["syria"]
        (worker,) = killed.workers()
        helpers = descendants(worker)
        assert helpers
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.process.wait(TIMEOUT_S)
        wait_until(lambda: not any(map(is_alive, [worker, *helpers])))
        assert leftovers(killed.process.pid)
    with running(tmp_path / "home", tmp_path / "log2", "--workers", 1):
        assert not leftovers(killed.process.pid)


def test_no_request_is_lost_when_the_service_stops(tmp_path: Path) -> None:
    """Each client asks on one connection until it is told that this is closed; none is cut off in an answer."""
    whole = post("/predict", {"text": SYRIA})
    with running(tmp_path / "home", tmp_path / "log", "--workers", 2) as service:
        broken, answered, stopping = list[str](), list[int](), threading.Event()

        def ask() -> None:
            with service.connect() as sock:
                while True:
                    try:
                        sock.sendall(whole)
                        answer = answer_of(sock)
                        answer.read()
                    except (OSError, http.client.HTTPException) as error:
                        broken.append(repr(error))
                        return
                    answered.append(answer.status)
                    if answer.headers.get("Connection") == "close":
                        return

        clients = [threading.Thread(target=ask) for _ in range(16)]
        for client in clients:
            client.start()
        wait_until(lambda: len(answered) > 200)
        stopping.set()
        service.process.terminate()
        for client in clients:
            client.join(TIMEOUT_S)
        assert (broken, set(answered)) == ([], {200})
        began = time.monotonic()
        assert service.process.wait(TIMEOUT_S) == 0
        print(f"stopped after {time.monotonic() - began:.1f} s")


def test_a_worker_that_stops_gives_up_what_takes_too_long(tmp_path: Path) -> None:
    """Another one takes its place only when it has ended: a client that sends half a body must not prevent that."""
    options = ("--workers", 1, "--stop-timeout", 1, "--request-timeout", 600)
    with running(tmp_path / "home", tmp_path / "log", *options) as service, service.connect() as half_sent:
        half_sent.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert service.get("/healthz").status_code == 200
        (worker,) = service.workers()
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: service.workers() not in ([], [worker]))
        with suppress(ConnectionResetError):
            assert half_sent.recv(1) == b""
        assert service.tags(SYRIA) == ["syria"]
        assert not [line for line in service.logged() if "ASGI" in str(line["message"])]


def test_what_a_worker_has_counted_is_written_when_it_stops(tmp_path: Path) -> None:
    with running(tmp_path / "home", tmp_path / "log", "--workers", 1) as service:
        assert service.tags(SYRIA) == ["syria"]
    assert [(day.documents, day.tags) for day in DailyCounts(tmp_path / "home").days(2).values()] == [(1, {"syria": 1})]


def test_a_worker_that_still_starts_ends_when_it_is_told_to(tmp_path: Path, shipped: TopicTagger) -> None:
    """While it loads a version that was not live when the service began, it is told once, as at a stop."""
    home = tmp_path / "home"
    with running(home, tmp_path / "log", "--workers", 1) as service:
        version = Versions(home).add(replace(shipped.artifact, training={}))
        activate(Versions(home), version)
        (first,) = service.workers()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: service.workers() not in ([], [first]), every_s=0.001)
        (second,) = service.workers()
        wait_until(lambda: not catches(second, signal.SIGTERM), every_s=0.001)
        os.kill(second, signal.SIGTERM)
        wait_until(lambda: not is_alive(second))
        assert not [line for line in service.logged() if line["message"] == f"version {version} is live"]


def catches(pid: int, number: int) -> bool:
    """Tell whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)
