"""Imports, retraining and promotion through SIGKILL at random moments."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from processes import run_together
from retraining import TAG, write_records
from running import PROGRAM, Run
from sqlalchemy import event

from model.artifact import load
from model.document import Document
from model.selftest import check_self_test
from model.tagger import TopicTagger
from model.versions import Versions
from training.corpus.examples import Example
from training.labels.store import Labelling, open_store


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


@pytest.mark.parametrize("n_kills", [2, pytest.param(6, marks=pytest.mark.whole)])
def test_killed_retraining_and_promotion_leave_a_whole_version_live(
    run: Run, environ: dict[str, str], small_home: Path, few_examples: list[Example], tmp_path: Path, n_kills: int
) -> None:
    run("labels", "import", write_records(tmp_path / "good.jsonl", few_examples))
    moments = random.Random(3)
    duration_s = time_of(lambda: run("retrain"))
    for _ in range(n_kills):  # forced: without a new label there is nothing to do
        kill_at_random([*PROGRAM, "retrain", "--force"], environ, duration_s, moments)
        check_home(small_home)
    assert "version" in run("retrain", "--force").stdout
    both = Versions(small_home).names()[:2]
    expected = {*both, Versions(small_home).live()}
    duration_s = time_of(lambda: run("models", "activate", both[0]))
    for n in range(2 * n_kills):
        kill_at_random([*PROGRAM, "models", "activate", both[n % 2]], environ, duration_s, moments)
        check_home(small_home)
        assert Versions(small_home).live() in expected
