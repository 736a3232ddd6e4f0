"""A service that stops or was killed: no request is lost, and nothing is left behind."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from load import HEAD, post
from serving import TIMEOUT_S, answer_of, descendants, is_alive, leftovers, running, wait_until
from texts import SYRIA

from model import TopicTagger
from model.activation import activate
from model.versions import Versions
from service.web.daily_counts import DailyCounts


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


def test_sigint_to_the_supervisor_alone_stops_the_service(tmp_path: Path) -> None:
    """As `kill -INT PID` does, where Ctrl-C would reach the workers too: none has to be killed for not listening."""
    with running(tmp_path / "home", tmp_path / "log", "--workers", 2) as service:
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(TIMEOUT_S) == 0
        assert not [line for line in service.logged() if "SIGKILL" in str(line["message"])]


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
