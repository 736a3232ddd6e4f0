"""Labels and retraining over HTTP, with a worker killed meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from running import PROGRAM, Run
from serving import answers, free_port, wait_until
from sqlalchemy import select

from model.artifact import load
from model.versions import Versions
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels import schema
from training.labels.store import Labelling, open_store

HANGS_AFTER_S = 600.0
"""Only there to end a test that would never end."""


@pytest.fixture
def service(environ: dict[str, str], run: Run) -> Iterator[tuple[str, dict[str, str], subprocess.Popen[bytes]]]:
    key = run("keys", "add", "desk").stdout.strip()
    url = f"http://127.0.0.1:{free_port()}"
    command = [*PROGRAM, "serve", "--port", url.rpartition(":")[2], "--workers", "2"]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    wait_until(lambda: answers(f"{url}/readyz"), HANGS_AFTER_S)
    try:
        yield url, {"Authorization": f"Bearer {key}"}, process
    finally:
        process.terminate()
        process.wait()


Service = tuple[str, dict[str, str], subprocess.Popen[bytes]]


def when_it_ends(url: str, headers: dict[str, str]) -> dict[str, Any]:
    """The job when it no longer runs."""
    answer: dict[str, Any] = {}

    def has_ended() -> bool:
        answer.update(requests.get(url, headers=headers, timeout=HANGS_AFTER_S).json())
        return bool(answer["state"] != "running")

    wait_until(has_ended, HANGS_AFTER_S)
    return answer


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    return [int(number) for number in listed]


def test_labels_over_http(service: Service, home: Path) -> None:
    url, key, _ = service
    one = {"text": "Bầu cử tổng thống Mỹ", "tags": ["elections"], "id": "n1"}
    assert requests.post(f"{url}/labels", json=one, timeout=HANGS_AFTER_S).status_code == 401
    kept = requests.post(f"{url}/labels", json=one, headers=key, timeout=HANGS_AFTER_S)
    assert (kept.status_code, kept.json()) == (201, {"added": 1, "changed": 0, "unchanged": 0})
    several = {"examples": [{**one, "tags": []}, {"title": "Chiến sự", "body": "ở Syria", "tags": ["syria"]}]}
    assert requests.post(f"{url}/labels", json=several, headers=key, timeout=HANGS_AFTER_S).json()["changed"] == 1
    for bad, pointer in (
        ({"text": "a", "tags": ["No Tag"]}, "/tags"),
        ({"text": "a"}, "/tags"),
        ({"examples": [one, {"tags": []}]}, "/examples/1/text"),
        ({"examples": 5}, "/examples"),
    ):
        refused = requests.post(f"{url}/labels", json=bad, headers=key, timeout=HANGS_AFTER_S)
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
    exported = [
        json.loads(line) for line in requests.get(f"{url}/labels", headers=key, timeout=HANGS_AFTER_S).iter_lines()
    ]
    assert [(record.get("text"), record["tags"]) for record in exported] == [
        ("Bầu cử tổng thống Mỹ", []),
        (None, ["syria"]),
    ]
    assert (exported[1]["title"], exported[1]["body"]) == ("Chiến sự", "ở Syria")
    assert exported[1]["id"] == text_digest("Chiến sự ở Syria")[:16]
    first = open_store(home).history("Bầu cử tổng thống Mỹ")[0]
    assert (first["who"], first["source"], first["model"]) == ("desk", "POST /labels", load().version)
    assert first["scores"]["elections"] > 0.9


def test_a_job_over_http(small_home: Path, service: Service, few_examples: list[Example]) -> None:
    url, key, process = service
    open_store(small_home).add(few_examples, Labelling("me", "test"))
    begun = requests.post(f"{url}/retrain", headers=key, timeout=HANGS_AFTER_S)
    assert begun.status_code == 202
    assert requests.post(f"{url}/retrain", headers=key, timeout=HANGS_AFTER_S).status_code == 409
    killed = set(workers_of(process))
    for worker in killed:  # the job outlives the worker that began it
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not killed & set(workers_of(process)) and answers(f"{url}/readyz"), HANGS_AFTER_S)
    job = when_it_ends(f"{url}/retrain/{begun.json()['job']}", key)
    assert job["state"] == "done", job
    assert job["result"]["live"] is True
    assert job["who"] == "desk"

    def is_live() -> bool:
        model: str = requests.get(f"{url}/readyz", timeout=HANGS_AFTER_S).json()["model"]
        return model == job["result"]["version"]

    wait_until(is_live, HANGS_AFTER_S)
    again = requests.post(f"{url}/retrain", headers=key, timeout=HANGS_AFTER_S).json()["job"]
    unchanged = when_it_ends(f"{url}/retrain/{again}", key)
    assert (unchanged["state"], unchanged["result"]["version"]) == ("done", job["result"]["version"])
    assert unchanged["log"][0].startswith(f"nothing new since version {job['result']['version']}")
    assert requests.get(f"{url}/retrain/nope", headers=key, timeout=HANGS_AFTER_S).status_code == 404


def test_a_job_is_cancelled_and_a_dead_one_marked(service: Service, seed_examples: list[Example], home: Path) -> None:
    url, key, _ = service
    store = open_store(home)
    store.add(seed_examples, Labelling("me", "test"))
    job = requests.post(f"{url}/retrain", headers=key, timeout=HANGS_AFTER_S).json()["job"]
    cancelled = requests.delete(f"{url}/retrain/{job}", headers=key, timeout=HANGS_AFTER_S).json()
    assert cancelled["state"] == "cancelled"
    second = requests.post(f"{url}/retrain", headers=key, timeout=HANGS_AFTER_S).json()["job"]

    def process_of(job: str) -> int:
        with store.reading() as connection:
            return int(connection.execute(select(schema.jobs.c.pid).where(schema.jobs.c.id == job)).scalar_one())

    wait_until(lambda: process_of(second) > 0, HANGS_AFTER_S)
    os.kill(process_of(second), signal.SIGKILL)
    dead = when_it_ends(f"{url}/retrain/{second}", key)
    assert dead["state"] == "failed"
    assert "died" in dead["log"][0]
    assert Versions(home).live() is None


def test_killed_workers_lose_no_acknowledged_label(service: Service, home: Path) -> None:
    url, key, process = service
    acknowledged: list[str] = []
    stop = threading.Event()

    def label(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            text = f"bài số {number} của người {writer}"
            labelled = {"text": text, "tags": ["syria"]}
            with contextlib.suppress(requests.RequestException):
                answer = requests.post(f"{url}/labels", json=labelled, headers=key, timeout=HANGS_AFTER_S)
                if answer.status_code == 201:
                    acknowledged.append(text)

    writers = [threading.Thread(target=label, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    moments = random.Random(2)
    for _ in range(10):
        wanted = len(acknowledged) + moments.randint(1, 20)
        wait_until(lambda wanted=wanted: len(acknowledged) >= wanted, HANGS_AFTER_S)  # type: ignore[misc]
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(moments.choice(workers_of(process)), signal.SIGKILL)
    stop.set()
    for writer in writers:
        writer.join()
    kept = {example.text for example in open_store(home).examples()}
    assert set(acknowledged) <= kept
