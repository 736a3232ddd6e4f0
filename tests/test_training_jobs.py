"""Jobs of retraining: one at a time, who is alive, who is dead, and what is seen of its progress."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy
from labelling import change_job
from serving import wait_until
from sqlalchemy import event, select

from training.labels import jobs as jobs_module
from training.labels import schema
from training.labels.errors import StoreError
from training.labels.job_progress import JobCancelled
from training.labels.jobs import BEAT_S, DEAD_AFTER_S, JobRunning, Jobs, JobUnknown
from training.labels.processes import Process, process_of
from training.labels.store import LabelStore
from training.progress import Progress


def row_of(store: LabelStore, job: str) -> Any:
    with store.reading() as connection:
        return connection.execute(select(schema.jobs).where(schema.jobs.c.id == job)).one()


ELSEWHERE = {"host": "other", "machine": "another boot", "pid": 4711, "process_start": 1}


def test_times_are_those_of_the_database(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However wrong the clock of a machine is, no job looks old, or as if it were to come."""
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + 10 * DEAD_AFTER_S)
    jobs = Jobs(store)
    job = jobs.begin("anna")
    change_job(store, job, **ELSEWHERE)
    assert abs(jobs.get(job).started - began) < DEAD_AFTER_S
    with pytest.raises(JobRunning, match="running already"):
        jobs.begin("bert")
    with jobs.alive(job):
        assert abs(row_of(store, job).beat - began) < DEAD_AFTER_S


def test_a_process_of_this_machine_that_lives_is_never_taken_for_dead(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    jobs.hand_over(job, os.getpid())
    change_job(store, job, beat=0.0)
    with pytest.raises(JobRunning, match="running already"):
        jobs.begin("bert")
    assert jobs.get(job).state == "running"


def test_a_process_id_that_another_process_has_by_now_is_no_life(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    jobs.hand_over(job, os.getpid())
    change_job(store, job, process_start=row_of(store, job).process_start - 1)
    assert jobs.get(job).state == "failed"
    assert jobs.begin("bert")


def test_a_child_that_has_ended_but_was_not_waited_for_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = process_of(child.pid)
    assert process.is_here
    assert process.is_alive()
    child.kill()
    wait_until(lambda: not process.is_alive())
    child.wait()
    child.communicate()
    assert not replace(process_of(os.getpid()), machine="another boot").is_here
    assert not Process("here", process.machine, 2**22 - 1, 0).is_alive()


def test_another_machine_is_taken_for_dead_by_its_silence_alone(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    now = row_of(store, job).beat
    change_job(store, job, **ELSEWHERE, beat=now - DEAD_AFTER_S / 2)
    with pytest.raises(JobRunning, match="on other"):
        jobs.begin("bert")
    change_job(store, job, beat=now - 2 * DEAD_AFTER_S)
    assert jobs.get(job).state == "failed"
    assert jobs.begin("bert")
    assert "died before it was done" in jobs.get(job).log[0]


def test_a_job_that_gives_a_sign_of_life_while_it_is_watched_lives(
    store: LabelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a database stood still, and the one who asks comes before the signs of life that waited."""
    jobs = Jobs(store)
    job = jobs.begin("anna")
    now = row_of(store, job).beat
    change_job(store, job, **ELSEWHERE, beat=now - 2 * DEAD_AFTER_S)
    monkeypatch.setattr(jobs_module.time, "sleep", lambda _: change_job(store, job, beat=now))
    with pytest.raises(JobRunning, match="on other"):
        jobs.begin("bert")
    assert jobs.get(job).state == "running"


def test_signs_of_life_go_on_after_the_store_has_refused_some(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    refusing = threading.Event()
    refused: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def refuse(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if refusing.is_set() and threading.current_thread().name == "signs-of-life":
            refused.append(statement)
            raise (RuntimeError if len(refused) % 2 else sqlalchemy.exc.OperationalError)("gone", {}, Exception())

    with jobs.alive(job):
        refusing.set()
        wait_until(lambda: len(refused) >= 2)
        refusing.clear()
        before = row_of(store, job).beat
        wait_until(lambda: row_of(store, job).beat > before)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_was_away_loses_no_job(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    with jobs.alive(job):
        postmaster = _postmaster(store)
        with suppress(StoreError), store.writing() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"))
        os.kill(postmaster, signal.SIGSTOP)
        time.sleep(BEAT_S)
        os.kill(postmaster, signal.SIGCONT)
        before = row_of(store, job).beat
        wait_until(lambda: row_of(store, job).beat > before)
    assert jobs.get(job).state == "running"


def _postmaster(store: LabelStore) -> int:
    with store.reading() as connection:
        folder = connection.execute(sqlalchemy.text("SELECT current_setting('data_directory')")).scalar_one()
    return int(Path(folder, "postmaster.pid").read_text(encoding="ascii").split()[0])


T = TypeVar("T")


def test_one_job_at_a_time(store: LabelStore) -> None:
    jobs = Jobs(store)
    first = jobs.begin("anna")
    with pytest.raises(
        JobRunning, match=r"running already, since 20\d\d-.*, begun by anna on .*: wait for it, or stop it"
    ):
        jobs.begin("bert")
    assert jobs.get(first).who == "anna"
    assert jobs.cancel(first).state == "cancelled"
    jobs.end(first, "done")
    assert jobs.get(first).state == "cancelled"
    with pytest.raises(JobUnknown, match="no such job"):
        jobs.get("nope")
    assert jobs.begin()


def test_reading_a_dead_job_says_so_and_writes_nothing(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    with store.engine.begin() as connection:
        connection.execute(schema.jobs.update().values(pid=2**22 - 1))  # no such process

    def rows() -> list[object]:
        with store.reading() as connection:
            return list(connection.execute(schema.jobs.select()))

    before = rows()
    assert (jobs.get(job).state, jobs.get(job).log) == (
        "failed",
        ["its process died before it was done: start it again"],
    )
    assert rows() == before
    jobs.bury_the_dead()
    assert rows() != before
    assert jobs.get(job).state == "failed"
    assert jobs.cancel(job).state == "failed"
    assert jobs.begin()


def test_a_running_job_shows_its_progress_and_ends_when_it_is_cancelled(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    shown: list[str] = []

    def show(items: Iterable[T], what: str, total: int) -> Iterator[T]:
        shown.append(f"{what} of {total}")
        yield from items

    def work_until_cancelled(progress: Progress) -> None:
        for _ in progress(itertools.count(), "texts", 7):
            if jobs.get(job).progress.startswith("texts: "):
                jobs.cancel(job)

    with jobs.alive(job, show) as progress, pytest.raises(JobCancelled, match="was cancelled"):
        work_until_cancelled(progress)
    assert shown == ["texts of 7"]
