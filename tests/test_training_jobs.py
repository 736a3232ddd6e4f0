"""Jobs of retraining: who is alive, who is dead, and what goes live with the end of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from processes import run_together
from serving import wait_until
from sqlalchemy import event, select

from model.artifact import Artifact, load
from model.versions import Versions
from training.labels import jobs as jobs_module
from training.labels import schema
from training.labels.errors import StoreError
from training.labels.job_progress import JobCancelled
from training.labels.jobs import BEAT_S, DEAD_AFTER_S, JobRunning, Jobs
from training.labels.processes import Process, process_of
from training.labels.store import LabelStore


@pytest.fixture
def store(url: str) -> Iterator[LabelStore]:
    opened = LabelStore(url)
    yield opened
    opened.engine.dispose()


def row_of(store: LabelStore, job: str) -> Any:
    with store.reading() as connection:
        return connection.execute(select(schema.jobs).where(schema.jobs.c.id == job)).one()


def change(store: LabelStore, job: str, **values: object) -> None:
    with store.writing() as connection:
        connection.execute(schema.jobs.update().where(schema.jobs.c.id == job).values(**values))


ELSEWHERE = {"host": "other", "machine": "another boot", "pid": 4711, "process_start": 1}


def test_times_are_those_of_the_database(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However wrong the clock of a machine is, no job looks old, or as if it were to come."""
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + 10 * DEAD_AFTER_S)
    jobs = Jobs(store)
    job = jobs.begin("anna")
    change(store, job, **ELSEWHERE)
    assert abs(jobs.get(job).started - began) < DEAD_AFTER_S
    with pytest.raises(JobRunning, match="running already"):
        jobs.begin("bert")
    with jobs.alive(job):
        assert abs(row_of(store, job).beat - began) < DEAD_AFTER_S


def test_a_process_of_this_machine_that_lives_is_never_taken_for_dead(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    jobs.hand_over(job, os.getpid())
    change(store, job, beat=0.0)
    with pytest.raises(JobRunning, match="running already"):
        jobs.begin("bert")
    assert jobs.get(job).state == "running"


def test_a_process_id_that_another_process_has_by_now_is_no_life(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    jobs.hand_over(job, os.getpid())
    change(store, job, process_start=row_of(store, job).process_start - 1)
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
    change(store, job, **ELSEWHERE, beat=now - DEAD_AFTER_S / 2)
    with pytest.raises(JobRunning, match="on other"):
        jobs.begin("bert")
    change(store, job, beat=now - 2 * DEAD_AFTER_S)
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
    change(store, job, **ELSEWHERE, beat=now - 2 * DEAD_AFTER_S)
    monkeypatch.setattr(jobs_module.time, "sleep", lambda _: change(store, job, beat=now))
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


@pytest.fixture
def versions(tmp_path: Path, seed_fit: Any) -> Versions:
    return Versions(tmp_path / "home")


@pytest.fixture
def version(versions: Versions, seed_fit: Any) -> str:
    artifact: Artifact = seed_fit.artifact
    return versions.add(artifact)


def test_the_job_ends_and_its_version_goes_live_in_one_step(
    store: LabelStore, versions: Versions, version: str
) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    versions.make_live(version, jobs.ending(job, "went well", {"live": True}))
    ended = jobs.get(job)
    assert (ended.state, ended.log, ended.result) == ("done", ["went well"], {"live": True})
    assert versions.live() == version
    assert jobs.cancel(job).state == "done"


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_what_was_cancelled_or_has_failed_never_goes_live(
    store: LabelStore, versions: Versions, version: str, state: str
) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    jobs.end(job, state, "it was")
    with pytest.raises(JobCancelled, match="nothing went live"):
        versions.make_live(version, jobs.ending(job, "went well", {"live": True}))
    assert versions.live() is None
    assert (jobs.get(job).state, jobs.get(job).log) == (state, ["it was"])


@pytest.mark.parametrize("before", [False, True])
def test_where_the_end_cannot_be_written_the_old_version_stays_live(
    store: LabelStore, versions: Versions, version: str, before: bool
) -> None:
    if before:
        versions.make_live(version)
        versions.make_live(load().version)
    was = (versions.live(), versions.before())
    jobs = Jobs(store)
    job = jobs.begin("anna")

    @event.listens_for(store.engine, "commit", once=True)
    def refuse(_: object) -> None:
        assert versions.live() == version
        raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("the disk is full"))

    with pytest.raises(StoreError, match="the disk is full"):
        versions.make_live(version, jobs.ending(job, "went well", None))
    assert (versions.live(), versions.before()) == was
    assert jobs.get(job).state == "running"


def test_where_the_pointer_cannot_be_written_the_job_does_not_end_as_done(
    store: LabelStore, versions: Versions, version: str
) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    (versions.home / "live").mkdir()
    with pytest.raises(Exception, match="live"):
        versions.make_live(version, jobs.ending(job, "went well", None))
    assert jobs.get(job).state == "running"


def cancel_and_promote(url: str, home: Path, job: str, version: str, number: int) -> None:
    store = LabelStore(url)
    jobs = Jobs(store)
    if number:
        jobs.cancel(job)
    else:
        with suppress(JobCancelled):
            Versions(home).make_live(version, jobs.ending(job, "went well", {"live": True}))
    store.engine.dispose()


def test_cancelling_and_going_live_at_once_agree(url: str, store: LabelStore, versions: Versions, version: str) -> None:
    jobs = Jobs(store)
    for _ in range(4):
        versions.make_live(load().version)
        job = jobs.begin("anna")
        assert run_together(cancel_and_promote, [(url, versions.home, job, version, n) for n in range(3)]) == [0] * 3
        assert (jobs.get(job).state == "done") == (versions.live() == version)
        assert jobs.get(job).state in ("done", "cancelled")


def promote_and_die(url: str, home: Path, job: str, version: str, moment: str) -> None:
    """Be killed before or after the commit, or between the claim and the pointer."""
    store = LabelStore(url)
    jobs = Jobs(store)
    jobs.hand_over(job, os.getpid())
    versions = Versions(home)

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if moment == "before the pointer":
        event.listen(store.engine, "after_cursor_execute", die)
    elif moment == "before the commit":
        event.listen(store.engine, "commit", die)
    versions.make_live(version, jobs.ending(job, "went well", {"live": True}))
    die()


@pytest.mark.parametrize("moment", ["before the pointer", "before the commit", "after the commit"])
def test_a_crash_leaves_no_lie(url: str, store: LabelStore, versions: Versions, version: str, moment: str) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    change(store, job, progress=f"version {version}")
    assert run_together(promote_and_die, [(url, versions.home, job, version, moment)]) == [-signal.SIGKILL]
    ended = jobs.get(job)
    if moment == "after the commit":
        assert (ended.state, versions.live()) == ("done", version)
    else:
        assert ended.state == "failed"
        assert f"at 'version {version}': see what /models says is live" in ended.log[0]
        assert versions.live() == (None if moment == "before the pointer" else version)
