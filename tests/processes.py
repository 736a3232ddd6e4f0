"""Functions in processes of their own, forked from one that has imported what they need."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from typing import Any

_PRELOADED = ["alembic.command", "hypothesis.strategies", "pytest", "training.labels.suggestions"]


def run_together(target: Callable[..., object], calls: Iterable[tuple[Any, ...]]) -> list[int | None]:
    """Call a function of a module with each tuple of arguments, all at once; return the processes' exit codes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    processes = [context.Process(target=target, args=arguments) for arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]
