"""What can go wrong with a service, its workers, its disk and its label store."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import suppress

from load import post
from serving import Service, descendants
from texts import SYRIA, VOTE

PAGE = f"<!doctype html><body><article>{f'<p>{SYRIA} {VOTE}</p>' * 40}</article>"


class Faults:
    """What can go wrong with a service; each call ends with the fault over."""

    def __init__(self, service: Service, rng: random.Random) -> None:
        self._service, self._rng = service, rng
        self.kinds = [self.end_worker, self.end_helper, self.pause, self.reload, self.fill, self.lock, self.cut]

    def end_worker(self) -> None:
        number = self._rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGABRT])
        self._send(number, self._rng.random(), self._service.workers())

    def end_helper(self) -> None:
        """Kill a process that reads HTML, or the one that these are forked from."""
        helpers = [pid for worker in self._service.workers() for pid in descendants(worker)]
        self._send(signal.SIGKILL, self._rng.random(), helpers)

    def pause(self) -> None:
        which, seconds = self._rng.random(), self._rng.uniform(0.1, 1.5)
        workers = self._service.workers()
        self._send(signal.SIGSTOP, which, workers)
        time.sleep(seconds)
        self._send(signal.SIGCONT, which, workers)

    def reload(self) -> None:
        self._send(signal.SIGHUP, 0, [self._service.process.pid])

    def fill(self) -> None:
        seconds = self._rng.uniform(0.1, 1.5)
        filler = self._service.home / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        time.sleep(seconds)
        filler.unlink()

    def lock(self) -> None:
        seconds = self._rng.uniform(0.1, 2)
        connection = sqlite3.connect(self._service.home / "labels.sqlite", isolation_level=None)
        try:
            connection.execute("PRAGMA busy_timeout = 2000")
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:  # the disk is full, or others are quicker
            pass
        finally:
            connection.close()

    def cut(self) -> None:
        """Send parts of requests, and go away."""
        whole = post("/predict", {"documents": [{"text": PAGE}] * 20})
        socks = [self._service.connect() for _ in range(20)]
        for sock in socks:
            sock.sendall(whole[: self._rng.randrange(len(whole))])
        for sock in socks:
            sock.close()

    def _send(self, number: int, which: float, pids: list[int]) -> None:
        """Send a signal to one of the processes, if it is still there."""
        if pids:
            with suppress(ProcessLookupError):
                os.kill(pids[int(which * len(pids))], number)
