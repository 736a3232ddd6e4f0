"""Lanes of threads: what happens to work whose client is gone, and which threads come first."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from service.web.server.lanes import Lane
from service.web.server.refusals import Refusal


def test_what_nobody_waits_for_is_discarded_and_its_thread_is_taken_until_then() -> None:
    go_on, discarded = threading.Event(), list[str]()
    began = threading.Event()

    def work() -> str:
        began.set()
        assert go_on.wait(60)
        return "an answer"

    async def run() -> None:
        lane = Lane("files", threads=1, waiting=0)
        left = asyncio.ensure_future(lane.run(work, discarded.append))
        assert await asyncio.to_thread(began.wait, 60)
        left.cancel()
        with pytest.raises(asyncio.CancelledError, match="^$"):
            await left
        with pytest.raises(Refusal, match="wait already"):
            await lane.run(lambda: "too early", discarded.append)
        go_on.set()
        while not discarded:
            await asyncio.sleep(0)
        assert await lane.run(lambda: "free again", discarded.append) == "free again"

    asyncio.run(run())
    assert discarded == ["an answer"]


def test_threads_that_compute_come_behind_the_loop() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)  # that of the calling thread

    async def run() -> tuple[int, int, int]:
        lane = Lane("bulk", threads=1, waiting=0, niceness=5)
        equal = Lane("files", threads=1, waiting=0)
        return await lane.run(niceness, print), await equal.run(niceness, print), niceness()

    before = niceness()
    assert asyncio.run(run()) == (min(before + 5, 19), before, before)
