"""Retraining as users do it: on the command line, over HTTP, and through SIGKILL at random moments.

What is retrained is a small model of one tag; tests/test_training_adapt.py does it with the shipped one.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import SEEDS
from processes import run_together
from running import PROGRAM, Run
from serving import answers, free_port, wait_until
from sqlalchemy import event, select

from model.activation import activate
from model.artifact import Artifact, load, save
from model.document import Document
from model.selftest import check_self_test
from model.tagger import TopicTagger
from model.versions import Versions
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.topics import Topic
from training.fit.fitting import FitOptions, fit_examples
from training.labels import schema
from training.labels.additions import is_held_out
from training.labels.jobs import Jobs
from training.labels.store import Labelling, open_store
from training.topics import Topics

HANGS_AFTER_S = 600.0
"""Only there to end a test that would never end."""
TAG = "syria"


@pytest.fixture(scope="session")
def small(seed_examples: list[Example], cache: Path) -> Artifact:
    """A model of one tag, with a small reference set."""
    chosen = [replace(example, tags=example.tags & {TAG}) for example in seed_examples[::2]]
    return fit_examples(chosen, FitOptions(cache=cache)).artifact


@pytest.fixture
def small_home(home: Path, small: Artifact) -> Path:
    versions = Versions(home)
    activate(versions, versions.add(small))
    return home


@pytest.fixture
def few_examples(seed_examples: list[Example]) -> list[Example]:
    return [replace(example, tags=example.tags & {TAG}) for example in seed_examples[1:120:2]]


@pytest.fixture
def held_out_examples(seed_examples: list[Example]) -> list[Example]:
    chosen = [example for example in seed_examples if is_held_out(text_digest(example.text))]
    return [replace(example, tags=example.tags & {TAG}) for example in chosen]


def write_records(path: Path, examples: list[Example], flip: bool = False) -> Path:
    records = [
        {"id": e.id, "text": e.text, "tags": sorted({TAG} - e.tags if flip else e.tags & {TAG})} for e in examples
    ]
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def test_retrain_list_roll_back_and_prune(
    run: Run,
    small: Artifact,
    small_home: Path,
    few_examples: list[Example],
    seed_examples: list[Example],
    held_out_examples: list[Example],
    tmp_path: Path,
) -> None:
    few = run("retrain", status=1)
    assert "too few to learn from" in few.stderr
    Topics(small_home).keep("syria", Topic(threshold=0.5))
    run("labels", "import", write_records(tmp_path / "good.jsonl", few_examples + held_out_examples))
    assert "it is live" in run("retrain").stdout
    versions = Versions(small_home)
    first = versions.live()
    assert {tag.slug: tag.threshold for tag in load(versions.folder(first)).tags}["syria"] == 0.5
    assert first not in (None, small.version)
    gate = json.loads(run("models", "show").stdout)["training"]["gate"]
    assert gate["accepted"]
    assert gate["reference"]["texts"] > 50
    learnt = [example for example in seed_examples if not is_held_out(text_digest(example.text))]
    run("labels", "import", write_records(tmp_path / "flipped.jsonl", learnt, flip=True))
    refused = run("retrain").stdout
    assert "syria is worse on your texts held out: F1 " in refused
    assert "it is not live" in refused
    assert versions.live() == first
    assert "(forced)" in run("retrain", "--force").stdout
    forced = versions.live()
    assert forced is not None
    assert load(versions.folder(forced)).training["gate"]["forced"] is True
    listed = run("models", "list").stdout.splitlines()
    assert listed[0].startswith(f"  {load().version}")
    assert any(line.startswith(f"< {first}") and line.endswith("accepted") for line in listed)
    assert any(line.startswith(f"* {forced}") for line in listed)
    assert run("models", "prune", "--keep", 0).stdout.startswith("1 removed")
    assert run("models", "rollback").stdout == f"{first} is live\n"
    assert run("models", "activate", load().version).stdout == f"{load().version} is live\n"
    assert "no such version" in run("models", "activate", "nope", status=1).stderr
    assert run("tag", SEEDS / "pages" / "04_syria_clean.txt", "--json", "--model", first).stdout.count(str(first)) == 1


def test_a_second_retraining_says_that_one_is_running(run: Run, home: Path) -> None:
    jobs = Jobs(open_store(home))
    job = jobs.begin("anna")
    with jobs.alive(job):
        second = run("retrain", status=1)
    assert "a retraining is running already, since 20" in second.stderr
    assert f"begun by anna on {os.uname().nodename} (process {os.getpid()})" in second.stderr
    assert jobs.get(job).state == "running"


def test_train_from_a_base(run: Run, small: Artifact, few_examples: list[Example], tmp_path: Path) -> None:
    data = write_records(tmp_path / "new.jsonl", few_examples)
    save(small, tmp_path / "base")
    done = run("train", data, "-o", tmp_path / "out", "--base", tmp_path / "base")
    assert f"learnt from {tmp_path / 'base'}: {TAG}; " in done.stdout
    assert load(tmp_path / "out").training["base"] == small.version
    assert "no such version" in run("train", data, "-o", tmp_path / "o2", "--base", "nope", status=1).stderr


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


def check_home(home: Path) -> None:
    """Whatever happened, the live version is whole and the store opens."""
    versions = Versions(home)
    check_self_test(TopicTagger(load(versions.folder())))
    for name in versions.names():
        assert load(versions.folder(name)).version == name
    store = open_store(home)
    list(store.examples())
    store.engine.dispose()


def time_of(run: Callable[[], object]) -> float:
    began = time.monotonic()
    run()
    return time.monotonic() - began


def kill_at_random(command: list[str], environ: dict[str, str], longest_s: float, moments: random.Random) -> None:
    out: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen(command, env=environ, **out)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moments.uniform(0, longest_s))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def batch(number: int) -> list[Example]:
    return [Example(f"{number}-{n}", Document(text=f"đợt {number} bài {n}"), frozenset({TAG})) for n in range(1200)]


def import_and_die(home: Path, number: int, die_after: int | None) -> None:
    """Import a batch, and be killed after so many of its examples, or, for None, when all that lacks is the commit."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def examples() -> Iterator[Example]:
        yield from islice(batch(number), die_after)
        if die_after is not None:
            die()

    store = open_store(home)
    if die_after is None:
        event.listen(store.engine, "commit", lambda _: die())
    store.add(examples(), Labelling())


def test_a_killed_import_changes_nothing_and_a_whole_one_stays(home: Path) -> None:
    store = open_store(home)
    store.add(batch(0), Labelling())
    store.engine.dispose()
    for number, die_after in enumerate((0, 1, 499, 500, 700, 1100, None), 1):
        assert run_together(import_and_die, [(home, number, die_after)]) == [-signal.SIGKILL]
        store = open_store(home)
        assert {str(example.id).partition("-")[0] for example in store.examples()} == {"0"}
        assert store.stats().labellings == 1200
        store.engine.dispose()


def test_imports_killed_at_random_moments(
    run: Run, environ: dict[str, str], home: Path, seed_examples: list[Example], tmp_path: Path
) -> None:
    first = write_records(tmp_path / "first.jsonl", seed_examples)
    moments = random.Random(1)
    duration_s = time_of(lambda: run("labels", "import", first))
    for n in range(6):
        texts = [Example(f"{n}-{k}", Document(text=f"đợt {n} {e.text}"), e.tags) for k, e in enumerate(seed_examples)]
        path = write_records(tmp_path / "more.jsonl", texts)
        kill_at_random([*PROGRAM, "labels", "import", str(path)], environ, duration_s, moments)
        store = open_store(home)
        count = sum(str(e.id).startswith(f"{n}-") for e in store.examples())
        assert count in (0, len(seed_examples))  # all of the file, or nothing
        store.engine.dispose()
    check_home(home)
    assert "253 unchanged" in run("labels", "import", first).stdout


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


@pytest.mark.parametrize("n_kills", [2, pytest.param(6, marks=pytest.mark.whole)])
def test_killed_retraining_and_promotion_leave_a_whole_version_live(
    run: Run, environ: dict[str, str], small_home: Path, few_examples: list[Example], tmp_path: Path, n_kills: int
) -> None:
    run("labels", "import", write_records(tmp_path / "good.jsonl", few_examples))
    moments = random.Random(3)
    duration_s = time_of(lambda: run("retrain"))
    for _ in range(n_kills):
        kill_at_random([*PROGRAM, "retrain"], environ, duration_s, moments)
        check_home(small_home)
    assert "version" in run("retrain").stdout
    both = Versions(small_home).names()[:2]
    expected = {*both, Versions(small_home).live()}
    duration_s = time_of(lambda: run("models", "activate", both[0]))
    for n in range(2 * n_kills):
        kill_at_random([*PROGRAM, "models", "activate", both[n % 2]], environ, duration_s, moments)
        check_home(small_home)
        assert Versions(small_home).live() in expected
