"""Faults at random under mixed load: what was acknowledged is kept, what is answered is right, and it recovers soon.

A seed decides which faults come in which order, for how long, and what each client asks; when exactly they meet is left
to the machine.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from faults import PAGE, Faults
from serving import TIMEOUT_S, running, wait_until
from texts import SYRIA, VOTE

from model import TopicTagger
from model.activation import activate
from model.artifact import Artifact
from model.versions import Versions
from service.web.key_store import KeyStore
from training.fit.fitting import Fit

DISK = "size=48m"
RECOVERY_S = 5.0
TEXTS = [SYRIA, VOTE, f"{VOTE}\n{SYRIA} " * 20, "Giá cà phê ở Đắk Lắk tăng trong tuần qua.", PAGE, f"{SYRIA} " * 500]
DONE = {200, 201}
DURING_FAULTS = {*DONE, 503, 507}
"""Done, busy, or no space left."""


class Answer(NamedTuple):
    status: int
    body: bytes


class Clients:
    """Threads that ask until they are told to stop, and what they saw."""

    def __init__(self, port: int, key: str, expected: Mapping[tuple[str, str], Any]) -> None:
        self.port, self.expected = port, expected
        self.headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        self.kept: list[str] = []
        """Ids whose labels were acknowledged."""
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self.failed_at = 0.0
        """When a request last got no answer, or another one than that it was done."""
        self.failure = ""
        """What that request was, and what it got."""
        self.versions = sorted({version for version, _ in expected})
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, seed: int) -> None:
        kinds = [self.predict, self.predict, self.predict_many, self.explain, self.label, self.label, self.look]
        for n, kind in enumerate(kinds):
            self._threads.append(threading.Thread(target=self._repeat, args=(kind, random.Random(f"{seed} {n}"), n)))
            self._threads[-1].start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S)
        assert not any(thread.is_alive() for thread in self._threads)

    def _repeat(self, kind: Callable[[random.Random, str], object], rng: random.Random, number: int) -> None:
        n = 0
        while not self._over.is_set():
            n += 1
            try:
                kind(rng, f"{number}-{n}")
            except (OSError, http.client.HTTPException) as error:  # the worker was ended in the middle of it
                self.seen[type(error).__name__] += 1
            except Exception as error:
                self.wrong.append(repr(error))

    def ask(self, method: str, path: str, value: object = None) -> Answer:
        """Ask on a connection of its own. Raises OSError or HTTPException where that ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, json.dumps(value) if value is not None else None, self.headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self._fail(f"{method} {path}: {error!r}")
            raise
        finally:
            connection.close()
        if answer.status not in DONE:
            self._fail(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
        self.seen[f"{path.partition('?')[0]} {answer.status}"] += 1
        if answer.status not in DURING_FAULTS:
            self.wrong.append(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def _fail(self, failure: str) -> None:
        self.failed_at, self.failure = time.monotonic(), failure

    def _check(self, text: str, result: dict[str, Any]) -> None:
        if {name: result[name] for name in ("tags", "scores")} != self.expected[result["model"], text]:
            self.wrong.append(f"{text[:40]!r}: {result}")

    def predict(self, rng: random.Random, name: str) -> bool:
        text = rng.choice(TEXTS)
        answer = self.ask("POST", "/predict", {"text": text})
        if answer.status == 200:
            self._check(text, json.loads(answer.body))
        return answer.status == 200

    def predict_many(self, rng: random.Random, name: str) -> bool:
        texts = rng.choices(TEXTS, k=10)
        answer = self.ask("POST", "/predict", {"documents": [{"id": n, "text": text} for n, text in enumerate(texts)]})
        if answer.status == 200:
            results = json.loads(answer.body)["results"]
            if [result["id"] for result in results] != list(range(10)):
                self.wrong.append(f"order: {[result['id'] for result in results]}")
            for text, result in zip(texts, results, strict=True):
                self._check(text, result)
        return answer.status == 200

    def explain(self, rng: random.Random, name: str) -> bool:
        answer = self.ask("POST", "/predict?explain=1", {"text": SYRIA})
        if answer.status == 200:
            result = json.loads(answer.body)
            self._check(SYRIA, result)
            for piece in result["evidence"]:
                if SYRIA[piece["start"] : piece["end"]] != piece["sentence"]:
                    self.wrong.append(f"evidence: {piece}")
        return answer.status == 200

    def label(self, rng: random.Random, name: str) -> bool:
        answer = self.ask("POST", "/labels", {"id": name, "text": f"{VOTE} Số {name}.", "tags": ["elections"]})
        if answer.status == 201:
            self.kept.append(name)
        return answer.status == 201

    def look(self, rng: random.Random, name: str) -> bool:
        if rng.random() < 0.1:
            return self.ask("POST", f"/models/{rng.choice(self.versions)}/activate").status == 200
        path = rng.choice(["/healthz", "/readyz", "/topics", "/metrics", "/labels", "/models"])
        return self.ask("GET", path).status == 200


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A home folder on a small disk of its own."""
    home = tmp_path / "home"
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", home], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield home
    subprocess.run(["umount", "--lazy", home], check=True)


def expected_of(artifacts: list[Artifact]) -> dict[tuple[str, str], Any]:
    """Return what each version says of each text."""
    taggers = map(TopicTagger, artifacts)
    return {
        (tagger.version, text): {name: result[name] for name in ("tags", "scores")}
        for tagger in taggers
        for text, result in zip(TEXTS, map(dict, tagger.tag_many(TEXTS)), strict=True)
    }


def suffer(disk: Path, artifacts: list[Artifact], seed: int, seconds: float, calm_s: float) -> float:
    """Serve under faults for some seconds, and then without; return how long after the last fault a request failed."""
    for artifact in artifacts:
        activate(Versions(disk), Versions(disk).add(artifact))
    key, rng = KeyStore(disk).add("desk"), random.Random(seed)
    with running(disk, disk.parent / "log", "--workers", 2, "--stop-timeout", 30) as service:
        clients, faults = Clients(service.port, key, expected_of(artifacts)), Faults(service, rng)
        assert clients.label(rng, "first")
        clients.start(seed)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            time.sleep(rng.uniform(0, 0.5))
            rng.choice(faults.kinds)()
        last = time.monotonic()
        for kind in (clients.predict, clients.predict_many, clients.explain, clients.label, clients.look):
            wait_until(lambda kind=kind: done(kind, rng, f"after {kind.__name__}"))  # type: ignore[misc]
        time.sleep(calm_s)
        clients.stop()
        recovery_s = max(0.0, clients.failed_at - last)
        labels = [json.loads(line) for line in clients.ask("GET", "/labels").body.splitlines()]
        internal = [line for line in service.logged() if "internal error" in str(line["message"])]
    print(f"seed {seed}: {dict(sorted(clients.seen.items()))}, well again after {recovery_s:.1f} s: {clients.failure}")
    assert clients.wrong == []
    assert internal == []
    assert {label["id"] for label in labels} >= set(clients.kept)
    assert all(label["tags"] == ["elections"] for label in labels)
    return recovery_s


def done(ask: Callable[[random.Random, str], bool], rng: random.Random, name: str) -> bool:
    try:
        return ask(rng, name)
    except (OSError, http.client.HTTPException):
        return False


def test_random_faults_lose_nothing(disk: Path, shipped: TopicTagger, seed_fit: Fit) -> None:
    suffer(disk, [shipped.artifact, seed_fit.artifact], seed=1, seconds=6, calm_s=0)


@pytest.mark.whole
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_two_minutes_of_random_faults(disk: Path, shipped: TopicTagger, seed_fit: Fit, seed: int) -> None:
    assert suffer(disk, [shipped.artifact, seed_fit.artifact], seed, seconds=120, calm_s=2 * RECOVERY_S) < RECOVERY_S
