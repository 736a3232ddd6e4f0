"""Who does the work of a batch run: this process, several, or a Dask cluster. Results keep the order of the tasks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any, TypeVar

from service.batch.options import BatchError
from service.batch.tagging import SharedArtifact

T = TypeVar("T")
_LOOK_EVERY_S = 0.5
_AT_ONCE = 4
"""Blocks that are sent to a process together, and come back together."""
_MOST_UNREAD = 32
"""How many results per helper may wait for an earlier one."""
_IDLE_S = 300


@dataclass(frozen=True)
class Workers:
    """Who tags: one process, several, or the cluster of a Dask scheduler."""

    jobs: int = 1
    dask: str | None = None

    @property
    def are_here(self) -> bool:
        """Tell whether there are several processes, all on this machine."""
        return self.dask is None and self.jobs > 1

    @contextmanager
    def started(self, shared: SharedArtifact) -> Iterator[None]:
        """Prepare them; on a cluster the artifact goes to every machine once, named by its digest."""
        if self.dask is None:
            yield
            return
        from dask.distributed import Client
        from joblib import parallel_config

        try:
            client: Any = Client(  # type: ignore[no-untyped-call]
                self.dask, timeout="5s", set_as_default=True
            )
        except (OSError, TimeoutError) as error:
            raise BatchError(f"{self.dask}: no Dask scheduler answers there: {error}") from None
        with client, parallel_config(backend="dask", scatter=[shared]):
            yield

    def share(self, function: Callable[..., Any], tasks: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
        """Yield the results of short tasks in their order; of several processes on this machine, this one is one."""
        if not self.are_here:
            yield from self.map(function, tasks)
            return
        from joblib import effective_n_jobs
        from joblib.externals.loky import get_reusable_executor

        helpers = effective_n_jobs(self.jobs) - 1
        if not helpers:  # joblib can't start processes everywhere
            yield from Workers().map(function, tasks)
            return
        executor = get_reusable_executor(helpers, timeout=_IDLE_S, env={"OMP_NUM_THREADS": "1"})
        try:
            yield from _share(executor, helpers, function, tasks)
        finally:
            executor.shutdown(wait=False, kill_workers=True)

    def map(self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Yield the results of long tasks in their order; of several processes, this one waits for the others."""
        if self.jobs == 1 and self.dask is None:
            yield from (function(*task) for task in tasks)
            return
        from joblib import Parallel, delayed

        jobs = -1 if self.dask else self.jobs
        parallel = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2*n_jobs", batch_size=1)
        if self.dask is None:
            function = partial(_call_as_child, os.getpid(), function)
        with _without_interrupts():
            results = parallel(delayed(function)(*task) for task in tasks)
        yield from results


def _share(
    executor: Executor, helpers: int, function: Callable[..., Any], tasks: Iterator[tuple[Any, ...]]
) -> Iterator[Any]:
    """Give each helper a few tasks to do and a few to go on with, do others here, and yield the results in order.

    Where the tasks end with an exception, it is raised after the last result.
    """
    results: deque[Future[list[Any]]] = deque()
    failure: Exception | None = None
    while failure is None:
        while results and (results[0].done() or len(results) > _MOST_UNREAD * helpers):
            yield from results.popleft().result()
        wanted = sum(not result.done() for result in results) < 2 * helpers
        some, failure = _take(tasks, _AT_ONCE if wanted else 1)
        if not some:
            break
        if wanted:
            with _without_interrupts():
                results.append(executor.submit(_call_as_child, os.getpid(), _call_each, function, some))
        else:
            results.append(Future())
            results[-1].set_result(_call_each(function, some))
    for result in results:
        yield from result.result()
    if failure:
        raise failure


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block Ctrl-C while processes are started: they inherit the block, so that it is this process that ends them.

    A terminal sends the signal to all of them, and each would print a traceback.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # its start takes the signal on again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take(tasks: Iterator[T], n: int) -> tuple[list[T], Exception | None]:
    """Return the next `n` tasks, or as many as there are, and the exception that they end with, if any."""
    some: list[T] = []
    try:
        for task in islice(tasks, n):
            some.append(task)  # noqa: PERF402  a list made at once would be lost with an exception
    except Exception as error:
        return some, error
    return some, None


def _call_each(function: Callable[..., Any], tasks: list[tuple[Any, ...]]) -> list[Any]:
    return [function(*task) for task in tasks]


def _call_as_child(parent: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function in a process that ends when its parent does, however that ends."""
    if os.getpid() != parent:  # joblib can't start processes everywhere, and goes on without them
        _follow(parent)
    return function(*arguments)


@cache
def _follow(parent: int) -> None:
    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()
