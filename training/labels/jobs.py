"""Retraining jobs in the label store: one at a time over all processes and machines that share the store."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, select, update

from model.errors import ChudeError
from training.labels.database import StoreError, insert_or_ignore
from training.labels.schema import jobs
from training.labels.store import LabelStore
from training.progress import Progress, silent

BEAT_S = 1.0
DEAD_AFTER_S = 20.0
"""A running job that gave no sign of life for so long is dead."""
_DIED = "its process died before it was done: start it again"
T = TypeVar("T")


class JobRunning(ChudeError):
    """Another retraining is running."""

    code = "job-running"


class JobUnknown(ChudeError):
    """There is no such job."""

    code = "unknown-job"


class JobCancelled(ChudeError):
    """The job was cancelled while it ran."""

    code = "cancelled"


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
    """What came of it, as JSON; None while it runs, and when it failed."""


class Jobs:
    """The jobs in one store."""

    def __init__(self, store: LabelStore) -> None:
        """Use the tables of the store."""
        self._store = store

    def begin(self, who: str = "") -> str:
        """Enter a job and return its id. Raises JobRunning, which says who began the other one and when."""
        job = uuid.uuid4().hex
        now = time.time()
        row = {"who": who, "state": "running", "host": socket.gethostname(), "pid": 0, "running": 1}
        while not self._enter(job, {**row, "started": now, "beat": now, "progress": "", "log": ""}):
            for other in self._running():
                raise _job_running(other)
        return job

    def _enter(self, job: str, row: Mapping[str, object]) -> bool:
        """Enter a job unless another one runs; tell whether it was entered."""
        self.bury_the_dead()
        with self._store.writing() as connection:
            connection.execute(insert_or_ignore(connection, jobs), {"id": job, **row})
            return connection.execute(select(jobs.c.id).where(jobs.c.id == job)).first() is not None

    def get(self, job: str) -> Job:
        """Return what is known of a job; nothing is written. Raises JobUnknown."""
        with self._store.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
        if row is None:
            raise JobUnknown(f"{job}: no such job")
        result = json.loads(row.result) if row.result else None
        state, log = ("failed", _DIED) if row.running and _is_dead(row) else (row.state, row.log)
        return Job(row.id, state, row.started, row.who, row.progress, log.splitlines(), result)

    def end(self, job: str, state: str, log: str = "", result: object = None) -> None:
        """Enter how a running job ended; one that has ended already stays as it is."""
        values = {"state": state, "log": log, "result": json.dumps(result) if result is not None else None}
        with self._store.writing() as connection:
            running = (jobs.c.id == job) & (jobs.c.running == 1)
            connection.execute(update(jobs).where(running).values(**values, running=None))

    def cancel(self, job: str) -> Job:
        """Cancel a job; its process stops at its next sign of life. Raises JobUnknown."""
        self.get(job)
        self.bury_the_dead()
        self.end(job, "cancelled", "cancelled by request")
        return self.get(job)

    def bury_the_dead(self) -> None:
        """Mark running jobs whose process is gone as failed, so that another one can begin."""
        for row in self._running():
            if _is_dead(row):
                self.end(row.id, "failed", _DIED)

    @contextmanager
    def alive(self, job: str, shown: Progress = silent) -> Iterator[Progress]:
        """Give signs of life from a thread while the job runs.

        Yields the progress to work with: `shown` sees all of it, and JobCancelled is raised in it after a cancellation.
        """
        work = _Work(shown)
        over = threading.Event()
        work.is_cancelled = not self._update(job, pid=os.getpid(), host=socket.gethostname(), beat=time.time())

        def beat() -> None:
            while not over.wait(BEAT_S):
                with suppress(StoreError):  # a store that is away for a moment: the next sign of life may reach it
                    work.is_cancelled = not self._update(job, beat=time.time(), progress=work.position)

        thread = threading.Thread(target=beat, name="signs-of-life", daemon=True)
        thread.start()
        try:
            yield work
        finally:
            over.set()
            thread.join()

    def _running(self) -> list[Row[Any]]:
        with self._store.reading() as connection:
            return list(connection.execute(select(jobs).where(jobs.c.running == 1)))

    def _update(self, job: str, **values: object) -> bool:
        """Change the row of a running job; tell whether it runs."""
        running = (jobs.c.id == job) & (jobs.c.running == 1)
        with self._store.writing() as connection:
            return connection.execute(update(jobs).where(running).values(**values)).rowcount == 1


class _Work:
    """The progress of a job, which its signs of life tell, and which ends when the job is cancelled."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self.position = ""
        self.is_cancelled = False

    def __call__(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Yield the items. Raises JobCancelled."""
        for number, item in enumerate(self._shown(items, what, total)):
            if self.is_cancelled:
                raise JobCancelled("the job was cancelled")
            self.position = f"{what}: {number} of {total}"
            yield item


def _job_running(other: Row[Any]) -> JobRunning:
    since = datetime.fromtimestamp(other.started).astimezone().isoformat(" ", "seconds")
    by = f", begun by {other.who}" if other.who else ""
    process = f" (process {other.pid})" if other.pid else ""
    return JobRunning(
        f"a retraining is running already, since {since}{by} on {other.host}{process}: "
        f"wait for it, or stop it with DELETE /retrain/{other.id} or by ending its process"
    )


def _is_dead(row: Row[Any]) -> bool:
    """Tell whether the process of a running job is gone: on this machine at once, on others once they are silent."""
    is_silent: bool = time.time() - row.beat > DEAD_AFTER_S
    is_here = row.host == socket.gethostname() and row.pid > 0
    return is_silent or (is_here and not _is_alive(row.pid))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
