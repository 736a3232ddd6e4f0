"""What goes live with the end of a job of retraining: in one step, and never a lie after a crash."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from labelling import change_job
from processes import run_together
from sqlalchemy import event

from model.artifact import Artifact, load
from model.versions import Versions
from training.labels.errors import StoreError
from training.labels.job_progress import JobCancelled
from training.labels.jobs import Jobs
from training.labels.store import LabelStore


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
    change_job(store, job, progress=f"version {version}")
    assert run_together(promote_and_die, [(url, versions.home, job, version, moment)]) == [-signal.SIGKILL]
    ended = jobs.get(job)
    if moment == "after the commit":
        assert (ended.state, versions.live()) == ("done", version)
    else:
        assert ended.state == "failed"
        assert f"at 'version {version}': see what /models says is live" in ended.log[0]
        assert versions.live() == (None if moment == "before the pointer" else version)
