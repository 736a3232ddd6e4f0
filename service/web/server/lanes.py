"""Lanes: threads for requests of one cost, so that cheap requests never wait for costly ones."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

from service.web.server.refusals import Refusal

T = TypeVar("T")
_RETRY_AFTER_S = 2


class Lane:
    """A few threads, and a bounded queue before them."""

    def __init__(self, name: str, *, threads: int, waiting: int, niceness: int = 0) -> None:
        """Answer `threads` requests at a time while at most `waiting` others wait.

        On Linux `niceness` lowers the priority of these threads alone, and of the processes that they start (nice(2)).
        """
        self.name = name
        self._executor = ThreadPoolExecutor(  # its threads start when they are needed
            threads, thread_name_prefix=f"chude-{name}", initializer=os.nice, initargs=(niceness,)
        )
        self._free = asyncio.Semaphore(threads)
        self._waiting, self._most_waiting = 0, waiting

    async def run(self, function: Callable[[], T], discard: Callable[[T], object]) -> T:
        """Return what the function returns, called in a thread when it is the turn of this request.

        Raises Refusal 503 where too many wait already. A request whose task is cancelled while it waits is never begun;
        what one returns whose task is cancelled later goes to `discard`, in a thread.
        """
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "overloaded",
                f"{self._waiting} requests of this kind ({self.name}) wait already: send it again in a moment",
                _RETRY_AFTER_S,
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, function)
        future.add_done_callback(lambda _: self._free.release())
        try:
            return await asyncio.shield(future)  # the thread is not free before it is done, whoever waits
        except asyncio.CancelledError:
            future.add_done_callback(lambda done: self._discard(done, discard))
            raise

    def _discard(self, done: asyncio.Future[T], discard: Callable[[T], object]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._executor.submit(discard, done.result())
