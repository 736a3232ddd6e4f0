"""Retraining jobs in the label store: one at a time over all processes and machines that share the store.

A job whose process is alive on this machine counts as running, however long it gives no sign of life. A job whose
process is elsewhere has died when it was silent for `DEAD_AFTER_S` by the clock of the database, the only clock that
all share, and then stays silent while it is watched: while a database stands still, no job can give it a sign of life.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from model.errors import ChudeError
from training.labels.database import clock, insert_or_ignore
from training.labels.job_progress import JobCancelled, JobProgress
from training.labels.processes import Process, process_of
from training.labels.rows import storable
from training.labels.schema import jobs
from training.labels.store import LabelStore
from training.progress import Progress, silent

BEAT_S = 1.0
DEAD_AFTER_S = 60.0
"""A running job on another machine that gave no sign of life for so long may be dead."""
_WATCHED_S = 3 * BEAT_S
_DIED = {"error": "died"}
"""Result of a job whose process is gone."""
_log = logging.getLogger("chude")


class JobRunning(ChudeError):
    """Another retraining is running."""

    code = "job-running"


class JobUnknown(ChudeError):
    """There is no such job."""

    code = "unknown-job"


@dataclass(frozen=True)
class Job:
    """What is known of a job."""

    job: str
    """Its id."""
    state: str
    """"running", "done", "failed" or "cancelled"."""
    started: float
    """Seconds since 1970."""
    who: str
    """Who began it; empty when nobody said."""
    progress: str
    log: list[str]
    result: Any
    """What came of it, as JSON: `training.promotion.Outcome.record`, or the code of the `error` that it failed with.

    The code is "died" where its process is gone. None while it runs, where it was cancelled, and where it failed with
    no error of chude's.
    """


class Jobs:
    """The jobs in one store."""

    def __init__(self, store: LabelStore) -> None:
        """Use the tables of the store."""
        self._store = store

    def begin(self, who: str = "") -> str:
        """Enter a job and return its id. Raises JobRunning, which says who began the other one and when.

        Until `alive` or `hand_over` names a process, the job belongs to this machine, but to no process of it.
        """
        job = uuid.uuid4().hex
        row = {"who": who, "state": "running", "running": 1, "progress": "", "log": "", **_columns(process_of(0))}
        while not self._enter(job, row):
            for other in self._running():
                raise _job_running(other)
        return job

    def _enter(self, job: str, row: Mapping[str, object]) -> bool:
        """Enter a job unless another one runs; tell whether it was entered."""
        self.bury_the_dead()
        with self._store.writing() as connection:
            now = connection.execute(select(clock(connection))).scalar_one()
            connection.execute(insert_or_ignore(connection, jobs), {"id": job, **row, "started": now, "beat": now})
            return connection.execute(select(jobs.c.id).where(jobs.c.id == job)).first() is not None

    def hand_over(self, job: str, pid: int) -> None:
        """Enter which process of this machine does the job, so that it counts as alive before it says so itself."""
        self._update(job, jobs.c.pid == 0, **_columns(process_of(pid)))

    def get(self, job: str) -> Job:
        """Return what is known of a job; nothing is written. Raises JobUnknown."""
        with self._store.reading() as connection:
            wanted = select(jobs, clock(connection).label("now")).where(jobs.c.id == job)
            row = connection.execute(wanted).first()
        if row is None:
            raise JobUnknown(f"{job}: no such job")
        state, log, result = row.state, row.log, json.loads(row.result) if row.result else None
        if row.running and self._is_dead(row):
            state, log, result = "failed", _epitaph(row), _DIED
        return Job(row.id, state, row.started, row.who, row.progress, log.splitlines(), result)

    def latest(self) -> Job | None:
        """Return what is known of the job that was begun last, if there was one."""
        with self._store.reading() as connection:
            job = connection.execute(select(jobs.c.id).order_by(jobs.c.started.desc()).limit(1)).scalar()
        return self.get(job) if job else None

    def end(self, job: str, state: str, log: str = "", result: object = None) -> None:
        """Enter how a running job ended; one that has ended already stays as it is."""
        self._update(job, **_ended(state, log, result))

    @contextmanager
    def ending(self, job: str, log: str, result: object) -> Iterator[None]:
        """End a job as done in one transaction with what the block does: once that begins, nobody can cancel the job.

        Raises JobCancelled, before the block begins, where the job has ended already: cancelled, or taken for dead.
        Where the block or the end of the transaction fails, the job runs on. Where the process is killed between the
        block and the end of the transaction, the job has died, and its log says what it was doing.
        """
        with self._store.writing() as connection:
            ended = update(jobs).where(_is_running(job)).values(**_ended("done", log, result))
            if connection.execute(ended).rowcount != 1:
                raise JobCancelled("the job was cancelled, or taken for dead: nothing went live")
            yield

    def cancel(self, job: str) -> Job:
        """Cancel a job; its process stops at its next sign of life. Raises JobUnknown."""
        self.get(job)
        self.bury_the_dead()
        self.end(job, "cancelled", "cancelled by request")
        return self.get(job)

    def bury_the_dead(self) -> None:
        """Mark running jobs whose process is gone as failed, so that another one can begin."""
        for row in self._running():
            if self._is_dead(row):
                self._update(row.id, jobs.c.beat == row.beat, **_ended("failed", _epitaph(row), _DIED))

    @contextmanager
    def alive(self, job: str, shown: Progress = silent) -> Iterator[JobProgress]:
        """Give signs of life from a thread while the job runs.

        Yields the progress to work with. It passes everything to `shown`, and raises JobCancelled after a cancellation.
        """
        work = JobProgress(shown)
        over = threading.Event()
        work.is_cancelled = not self._beat(job, **_columns(process_of(os.getpid())))

        def beat() -> None:
            while not over.wait(BEAT_S):
                try:
                    work.is_cancelled = not self._beat(job, progress=work.position)
                except Exception as error:  # whatever it is: the next sign of life may reach the store
                    _log.warning("job %s: no sign of life could be given, and is tried again: %s", job, error)

        thread = threading.Thread(target=beat, name="signs-of-life", daemon=True)
        thread.start()
        try:
            yield work
        finally:
            over.set()
            thread.join()

    def _running(self) -> list[Row[Any]]:
        with self._store.reading() as connection:
            wanted = select(jobs, clock(connection).label("now")).where(jobs.c.running == 1)
            return list(connection.execute(wanted))

    def _beat(self, job: str, **values: object) -> bool:
        """Give a sign of life and change the row of a running job; tell whether it runs."""
        with self._store.writing() as connection:
            alive = update(jobs).where(_is_running(job)).values(**values, beat=clock(connection))
            return connection.execute(alive).rowcount == 1

    def _update(self, job: str, *conditions: ColumnElement[bool], **values: object) -> None:
        """Change the row of a running job, where the conditions hold as well."""
        with self._store.writing() as connection:
            connection.execute(update(jobs).where(_is_running(job), *conditions).values(**values))

    def _is_dead(self, row: Row[Any]) -> bool:
        """Tell whether the process of a running job is gone: on this machine at once, elsewhere once it is silent."""
        process = _process_of(row)
        if process.is_here and process.pid > 0:
            return not process.is_alive()
        return row.now - row.beat > DEAD_AFTER_S and self._stays_silent(row)

    def _stays_silent(self, row: Row[Any]) -> bool:
        """Watch a job; tell whether it gave no sign of life meanwhile."""
        time.sleep(_WATCHED_S)
        with self._store.reading() as connection:
            beat = connection.execute(select(jobs.c.beat).where(jobs.c.id == row.id)).scalar()
        return bool(beat == row.beat)


def _is_running(job: str) -> ColumnElement[bool]:
    return (jobs.c.id == job) & (jobs.c.running == 1)


def _ended(state: str, log: str, result: object) -> dict[str, object]:
    """Return the columns of a job that has ended."""
    given = json.dumps(result) if result is not None else None
    return {"state": state, "log": storable(log), "result": given, "running": None}


def _columns(process: Process) -> dict[str, object]:
    return {"host": process.host, "machine": process.machine, "pid": process.pid, "process_start": process.start}


def _process_of(row: Row[Any]) -> Process:
    return Process(row.host, row.machine, row.pid, row.process_start)


def _epitaph(row: Row[Any]) -> str:
    """Return what is known of the end of a job whose process has died."""
    if not row.progress:
        return "its process died before it was done: start it again"
    return f"its process died before it was done, at {row.progress!r}: see what /models says is live, or start it again"


def _job_running(other: Row[Any]) -> JobRunning:
    since = datetime.fromtimestamp(other.started).astimezone().isoformat(" ", "seconds")
    by = f", begun by {other.who}" if other.who else ""
    process = f" (process {other.pid})" if other.pid else ""
    return JobRunning(
        f"a retraining is running already, since {since}{by} on {other.host}{process}: "
        f"wait for it, or stop it with DELETE /retrain/{other.id} or by ending its process"
    )
