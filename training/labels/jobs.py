"""Retraining jobs in the label store: one at a time over all processes and machines that share the store."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from model.errors import ChudeError
from training.labels.schema import jobs
from training.labels.store import LabelStore

BEAT_S = 1.0
DEAD_AFTER_S = 20.0
"""A running job that gave no sign of life for so long is dead."""
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


class Jobs:
    """The jobs in one store."""

    def __init__(self, store: LabelStore) -> None:
        """Use the tables of the store."""
        self._store = store

    def begin(self) -> str:
        """Enter a job and return its id. Raises JobRunning while another one runs."""
        self.bury_the_dead()
        job = uuid.uuid4().hex
        now = time.time()
        row = {"id": job, "state": "running", "host": socket.gethostname(), "pid": 0, "started": now, "beat": now}
        try:
            with self._store.engine.begin() as connection:
                connection.execute(jobs.insert().values(**row, progress="", log="", running=1))
        except IntegrityError:
            raise JobRunning(
                "a retraining is running already: wait for it, or cancel it with DELETE /retrain/<job>"
            ) from None
        return job

    def get(self, job: str) -> dict[str, Any]:
        """Return what is known of a job. Raises JobUnknown."""
        self.bury_the_dead()
        with self._store.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job)).mappings().first()
        if row is None:
            raise JobUnknown(f"{job}: no such job")
        return {
            "job": row["id"],
            "state": row["state"],
            "started": row["started"],
            "progress": row["progress"],
            "log": row["log"].splitlines(),
            "result": json.loads(row["result"]) if row["result"] else None,
        }

    def end(self, job: str, state: str, log: str = "", result: object = None) -> None:
        """Enter how a running job ended; one that has ended already stays as it is."""
        values = {"state": state, "log": log, "result": json.dumps(result) if result is not None else None}
        with self._store.writing() as connection:
            running = (jobs.c.id == job) & (jobs.c.running == 1)
            connection.execute(update(jobs).where(running).values(**values, running=None))

    def cancel(self, job: str) -> dict[str, Any]:
        """Cancel a job; its process stops at its next sign of life. Raises JobUnknown."""
        self.get(job)
        self.end(job, "cancelled", "cancelled by request")
        return self.get(job)

    def bury_the_dead(self) -> None:
        """Mark running jobs whose process is gone as failed."""
        with self._store.reading() as connection:
            running = connection.execute(select(jobs).where(jobs.c.running == 1)).mappings().all()
        for row in running:
            silent = time.time() - row["beat"] > DEAD_AFTER_S
            here = row["host"] == socket.gethostname() and row["pid"] > 0
            if silent or (here and not _is_alive(row["pid"])):
                self.end(row["id"], "failed", "its process died before it was done: start it again")

    @contextmanager
    def alive(self, job: str) -> Iterator[Progress]:
        """Give signs of life from a thread while the job runs, and watch for its cancellation."""
        progress = Progress()
        over = threading.Event()

        def beat() -> None:
            while not over.wait(BEAT_S):
                with self._store.writing() as connection:
                    running = (jobs.c.id == job) & (jobs.c.running == 1)
                    done = connection.execute(
                        update(jobs).where(running).values(beat=time.time(), progress=progress.text)
                    )
                    progress.is_cancelled = done.rowcount == 0

        with self._store.writing() as connection:
            mine = {"pid": os.getpid(), "host": socket.gethostname(), "beat": time.time()}
            connection.execute(update(jobs).where(jobs.c.id == job).values(**mine))
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield progress
        finally:
            over.set()
            thread.join()


class Progress:
    """What the job is at; raises JobCancelled in the job once it is cancelled."""

    def __init__(self) -> None:
        self.text = ""
        self.is_cancelled = False

    def __call__(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Yield the items."""
        for number, item in enumerate(items):
            if self.is_cancelled:
                raise JobCancelled("the job was cancelled")
            self.text = f"{what}: {number} of {total}"
            yield item


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
