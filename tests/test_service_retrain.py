"""Labels and retraining as users do it: on the command line, over HTTP, and through SIGKILL at random moments."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import REPO, SEEDS
from serving import TIMEOUT_S, free_port, wait_until, wait_until_ready

from model.artifact.files import load
from model.document import Document
from model.selftest import check_self_test
from model.tagger import TopicTagger
from model.versions import Versions
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels.store import Labelling, open_store

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def environ(home: Path, cache: Path) -> dict[str, str]:
    return {**os.environ, "CHUDE_HOME": str(home), "CHUDE_CACHE": str(cache), "PYTHONPATH": str(REPO)}


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    def run(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "service", *map(str, arguments)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        assert done.returncode == status, done.stderr
        return done

    return run


def write_records(path: Path, examples: list[Example], flip: bool = False) -> Path:
    every = {"arms-control", "elections", "syria", "ukraine"}
    records = [{"id": e.id, "text": e.text, "tags": sorted(every - e.tags if flip else e.tags)} for e in examples]
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def test_labels_on_the_command_line(run: Run, tmp_path: Path) -> None:
    assert "253 added, 0 changed, 0 unchanged, 0 refused" in run("labels", "import", SEEDS / "articles.jsonl").stdout
    assert "0 added, 0 changed, 253 unchanged, 0 refused" in run("labels", "import", SEEDS / "articles.jsonl").stdout
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "một bài mới", "tags": []}\n{"text": "hai", "tags": ["Syria"]}\n', encoding="utf-8")
    refused = run("labels", "import", bad, status=1)
    assert f"{bad}:2: tags: 'Syria' is no tag" in refused.stderr
    assert "nothing imported" in refused.stdout
    assert "1 added, 0 changed, 0 unchanged, 1 refused" in run("labels", "import", bad, "--skip-bad").stdout
    assert run("labels", "stats").stdout.startswith("254 texts, ")
    assert "một bài mới" in run("labels", "list", "-n", 1).stdout
    assert "254 examples" in run("labels", "export", tmp_path / "out.csv").stdout
    assert len(run("labels", "export", "-").stdout.splitlines()) == 254
    assert run("labels", "delete", f"{bad}:1").stdout == "1 removed\n"
    run("labels", "delete", "nobody", status=1)


def test_retrain_list_roll_back_and_prune(run: Run, home: Path, seed_examples: list[Example], tmp_path: Path) -> None:
    few = run("retrain", status=1)
    assert "too few to learn from" in few.stderr
    run("labels", "import", write_records(tmp_path / "good.jsonl", seed_examples))
    assert "it is live" in run("retrain").stdout
    shipped, first = load().version, Versions(home).live()
    assert first is not None
    gate = json.loads(run("models", "show").stdout)["training"]["gate"]
    assert gate["accepted"]
    assert gate["reference"]["texts"] == 500
    run("labels", "import", write_records(tmp_path / "flipped.jsonl", seed_examples, flip=True))
    refused = run("retrain").stdout
    assert "it is worse on" in refused
    assert "and not live" in refused
    assert Versions(home).live() == first
    assert "(forced)" in run("retrain", "--force").stdout
    forced = Versions(home).live()
    assert json.loads(run("models", "show", forced).stdout)["training"]["gate"]["forced"] is True
    listed = run("models", "list").stdout.splitlines()
    assert listed[0].startswith(f"  {shipped}")
    assert any(line.startswith(f"< {first}") and line.endswith("accepted") for line in listed)
    assert any(line.startswith(f"* {forced}") for line in listed)
    assert run("models", "prune", "--keep", 0).stdout.startswith("1 removed")
    assert run("models", "rollback").stdout == f"{first} is live\n"
    assert run("models", "activate", shipped).stdout == f"{shipped} is live\n"
    assert "no such version" in run("models", "activate", "nope", status=1).stderr
    assert run("tag", SEEDS / "pages" / "04_syria_clean.txt", "--json", "--model", first).stdout.count(first) == 1


def test_train_from_a_base(run: Run, seed_examples: list[Example], tmp_path: Path) -> None:
    data = write_records(tmp_path / "new.jsonl", seed_examples[:60])
    done = run("train", data, "-o", tmp_path / "out", "--base", load().version)
    assert "strength of the prior" in done.stdout
    assert load(tmp_path / "out").training["base"] == load().version
    assert "no such version" in run("train", data, "-o", tmp_path / "o2", "--base", "nope", status=1).stderr


@pytest.fixture
def service(environ: dict[str, str], run: Run) -> Iterator[tuple[str, dict[str, str], subprocess.Popen[bytes]]]:
    key = run("keys", "add", "desk").stdout.strip()
    port = free_port()
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    wait_until_ready(port)
    try:
        yield f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {key}"}, process
    finally:
        process.terminate()
        process.wait()


Service = tuple[str, dict[str, str], subprocess.Popen[bytes]]


def wait_for(url: str, headers: dict[str, str]) -> dict[str, Any]:
    """The job at a URL, once it is over."""
    job: dict[str, Any] = {}

    def is_over() -> bool:
        job.update(requests.get(url, headers=headers, timeout=TIMEOUT_S).json())
        return bool(job["state"] != "running")

    wait_until(is_over, timeout_s=10 * TIMEOUT_S, every_s=0.2)
    return job


def process_of(job: str) -> int | None:
    """The process that does a job, by the table of processes."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().rstrip(b"\0").endswith(job.encode()):
                return int(folder.name)
    return None


def test_labels_over_http(service: Service, home: Path) -> None:
    url, key, _ = service
    one = {"text": "Bầu cử tổng thống Mỹ", "tags": ["elections"], "id": "n1"}
    assert requests.post(f"{url}/labels", json=one, timeout=TIMEOUT_S).status_code == 401
    kept = requests.post(f"{url}/labels", json=one, headers=key, timeout=TIMEOUT_S)
    assert (kept.status_code, kept.json()) == (201, {"added": 1, "changed": 0, "unchanged": 0})
    several = {"examples": [{**one, "tags": []}, {"title": "Chiến sự", "body": "ở Syria", "tags": ["syria"]}]}
    assert requests.post(f"{url}/labels", json=several, headers=key, timeout=TIMEOUT_S).json()["changed"] == 1
    for bad, pointer in (
        ({"text": "a", "tags": ["No Tag"]}, "/tags"),
        ({"text": "a"}, "/tags"),
        ({"examples": [one, {"tags": []}]}, "/examples/1/text"),
        ({"examples": 5}, "/examples"),
    ):
        refused = requests.post(f"{url}/labels", json=bad, headers=key, timeout=TIMEOUT_S)
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
    exported = [json.loads(line) for line in requests.get(f"{url}/labels", headers=key, timeout=TIMEOUT_S).iter_lines()]
    assert [(record["text"], record["tags"]) for record in exported] == [
        ("Bầu cử tổng thống Mỹ", []),
        ("Chiến sự\nở Syria", ["syria"]),
    ]
    assert exported[1]["id"] == text_digest("Chiến sự ở Syria")[:16]
    first = open_store(home).history("Bầu cử tổng thống Mỹ")[0]
    assert (first["who"], first["source"], first["model"]) == ("desk", "POST /labels", load().version)
    assert first["scores"]["elections"] > 0.9


def test_a_job_over_http(service: Service, seed_examples: list[Example], home: Path) -> None:
    url, key, process = service
    open_store(home).add(seed_examples, Labelling("me", "test"))
    begun = requests.post(f"{url}/retrain", headers=key, timeout=TIMEOUT_S)
    assert begun.status_code == 202
    assert requests.post(f"{url}/retrain", headers=key, timeout=TIMEOUT_S).status_code == 409
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    for worker in children:  # the job outlives the worker that began it
        os.kill(int(worker), signal.SIGKILL)
    wait_until_ready(int(url.rpartition(":")[2]))
    job = wait_for(f"{url}/retrain/{begun.json()['job']}", key)
    assert job["state"] == "done", job
    assert job["result"]["live"] is True
    made = job["result"]["version"]
    wait_until(lambda: requests.get(f"{url}/readyz", timeout=TIMEOUT_S).json()["model"] == made)
    assert requests.get(f"{url}/retrain/nope", headers=key, timeout=TIMEOUT_S).status_code == 404


def test_a_job_is_cancelled_and_a_dead_one_marked(service: Service, seed_examples: list[Example], home: Path) -> None:
    url, key, _ = service
    open_store(home).add(seed_examples, Labelling("me", "test"))
    job = requests.post(f"{url}/retrain", headers=key, timeout=TIMEOUT_S).json()["job"]
    assert requests.delete(f"{url}/retrain/{job}", headers=key, timeout=TIMEOUT_S).json()["state"] == "cancelled"
    second = requests.post(f"{url}/retrain", headers=key, timeout=TIMEOUT_S).json()["job"]
    at_work = f"{url}/retrain/{second}"
    wait_until(lambda: requests.get(at_work, headers=key, timeout=TIMEOUT_S).json()["progress"] != "")
    pid = process_of(second)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    dead = wait_for(at_work, key)
    assert dead["state"] == "failed"
    assert process_of(second) is None  # no zombie stays
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


def kill_at_random(command: list[str], environ: dict[str, str], longest_s: float, moments: random.Random) -> bool:
    out: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen(command, env=environ, **out)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moments.uniform(0, longest_s))
    alive = process.poll() is None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive


def test_killed_imports_lose_nothing(
    run: Run, environ: dict[str, str], home: Path, seed_examples: list[Example], tmp_path: Path
) -> None:
    moments = random.Random(1)
    run("labels", "import", write_records(tmp_path / "first.jsonl", seed_examples[:5]))
    for n in range(40):
        texts = [
            Example(f"{n}-{k}", Document(text=f"đợt {n} {e.text}"), e.tags) for k, e in enumerate(seed_examples * 4)
        ]
        path = write_records(tmp_path / "more.jsonl", texts)
        kill_at_random([sys.executable, "-m", "service", "labels", "import", str(path)], environ, 1.4, moments)
        store = open_store(home)
        counts = [sum(e.id.startswith(f"{m}-") for e in store.examples()) for m in (n,)]
        assert counts[0] in (0, len(seed_examples))  # all of the file, or nothing; four copies are one text each
        store.engine.dispose()
    check_home(home)
    assert "unchanged" in run("labels", "import", tmp_path / "first.jsonl").stdout


def test_killed_workers_lose_no_acknowledged_label(service: Service, home: Path) -> None:
    url, key, process = service
    acknowledged: list[str] = []
    stop = threading.Event()

    def label(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            text = f"bài số {number} của người {writer}"
            with contextlib.suppress(requests.RequestException):
                answer = requests.post(
                    f"{url}/labels", json={"text": text, "tags": ["syria"]}, headers=key, timeout=TIMEOUT_S
                )
                if answer.status_code == 201:
                    acknowledged.append(text)

    writers = [threading.Thread(target=label, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    moments = random.Random(2)
    for _ in range(20):
        time.sleep(moments.uniform(0.05, 0.5))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(moments.choice(children)), signal.SIGKILL)
    stop.set()
    for writer in writers:
        writer.join()
    assert len(acknowledged) > 50
    kept = {example.text for example in open_store(home).examples()}
    assert set(acknowledged) <= kept


def test_killed_retraining_and_promotion_leave_a_whole_version_live(
    run: Run, environ: dict[str, str], home: Path, seed_examples: list[Example], tmp_path: Path
) -> None:
    run("labels", "import", write_records(tmp_path / "good.jsonl", seed_examples[:60]))
    moments = random.Random(3)
    killed = 0
    for _ in range(20):
        killed += kill_at_random([sys.executable, "-m", "service", "retrain"], environ, 3.0, moments)
        check_home(home)
    assert killed >= 5
    assert "version" in run("retrain").stdout
    both = [load().version, Versions(home).names()[0]]
    expected = {*both, Versions(home).live()}
    for n in range(20):
        kill_at_random([sys.executable, "-m", "service", "models", "activate", both[n % 2]], environ, 0.5, moments)
        check_home(home)
        assert Versions(home).live() in expected
