"""The use case of batch scoring: inputs in, one output or a folder of parts out, in this process, in several, or on a
Dask cluster; the same code and the same bytes everywhere.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from service.batch.inputs import Block, Input, open_input
from service.batch.output import BatchError, Counts, FileOutput, StreamOutput
from service.batch.rows import header
from service.batch.tagging import Options, SharedArtifact, Tagged, tag_block

T = TypeVar("T")
OnBlock = Callable[[Counts, int], None]
_LOOK_EVERY_S = 0.5
WORTH_HELP_BYTES = 1 << 24
"""A run of less is over before other processes have started."""
_AT_ONCE = 4
"""Blocks that are sent to a process together, and come back together."""
_MOST_UNREAD = 32
"""Results that may wait for an earlier one, for each helper."""
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

        connect: Any = Client

        try:
            client = connect(self.dask, timeout="5s", set_as_default=True)
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
            yield from (function(*task) for task in tasks)
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
        if self.dask is not None:
            yield from parallel(delayed(function)(*task) for task in tasks)
            return
        call = partial(_call_as_child, os.getpid(), function)
        for results in parallel(delayed(call)([task]) for task in tasks):
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
            results.append(executor.submit(_call_as_child, os.getpid(), function, some))
        else:
            results.append(Future())
            results[-1].set_result([function(*task) for task in some])
    for result in results:
        yield from result.result()
    if failure:
        raise failure


def _take(tasks: Iterator[T], n: int) -> tuple[list[T], Exception | None]:
    """Return the next `n` tasks, or as many as there are, and the exception that they end with, if any."""
    some: list[T] = []
    try:
        for task in islice(tasks, n):
            some.append(task)  # noqa: PERF402  a list made at once would be lost with an exception
    except Exception as error:
        return some, error
    return some, None


def _call_as_child(parent: int, function: Callable[..., Any], tasks: list[tuple[Any, ...]]) -> list[Any]:
    """Call the function for each task, in a process that ends when its parent does, however that ends."""
    if os.getpid() != parent:  # joblib can't start processes everywhere, and goes on without them
        _follow(parent)
    return [function(*task) for task in tasks]


@cache
def _follow(parent: int) -> None:
    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def describe_run(inputs: Iterable[Input], shared: SharedArtifact, options: Options) -> dict[str, Any]:
    """Return what makes two runs the same run."""
    files = [
        [str(file.path), file.name, file.format, file.size, file.path.stat().st_mtime_ns if file.path else 0]
        for file in inputs
    ]
    return {
        "input": files,
        "model": shared.tagger().version,
        "options": {**asdict(options), "kept_columns": list(options.kept_columns)},
    }


def with_table_columns(options: Options, inputs: list[Input]) -> Options:
    """Return the options with the columns to keep, where input and output are tables and the first header says them."""
    first = inputs[0]
    if not options.keep or options.format not in ("csv", "tsv") or first.format not in ("csv", "tsv") or not first.path:
        return options
    import csv

    stream, raw = open_input(first.path)
    with raw:
        line = stream.readline().decode("utf-8-sig", "replace")
    names = next(csv.reader([line], delimiter="\t" if first.format == "tsv" else ","), [])
    used = {options.id_column, *((options.text_column,) if options.text_column else ("text", "title", "lead", "body"))}
    return replace(options, kept_columns=tuple(name for name in names if name not in used))


def tag_inputs(
    inputs: list[Input],
    output: FileOutput | StreamOutput,
    shared: SharedArtifact,
    options: Options,
    workers: Workers,
    on_block: OnBlock,
) -> Counts:
    """Tag all inputs into one output, whose finished blocks are passed over; return the counts."""
    output.begin(_header(shared, options))
    if all(file.path for file in inputs) and sum(file.size for file in inputs) < WORTH_HELP_BYTES:
        workers = replace(workers, jobs=1)
    blocks = islice(_blocks(inputs, by_place=workers.are_here), output.counts.blocks, None)
    tasks = ((shared, block, options) for block in blocks)
    try:
        with workers.started(shared):
            for tagged in workers.share(tag_block, tasks):
                output.write(tagged)
                on_block(output.counts, tagged.position)
    except BaseException:
        output.close()
        raise
    output.finish(shared.tagger().tags if options.format == "parquet" else None)
    return output.counts


def tag_partitions(
    inputs: list[Input],
    folder: Path,
    shared: SharedArtifact,
    options: Options,
    workers: Workers,
    on_block: OnBlock,
) -> Counts:
    """Tag each input file into a file of its own in `folder`: whoever tags it reads and writes it, too.

    Nothing of the files passes through this process. Finished files of the same run are passed over, others go on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = Counts()
    tasks = ((shared, file, _target(folder, file, options), options) for file in inputs)
    with workers.started(shared):
        for counts in workers.map(tag_partition, tasks):
            total.add(Tagged(b"", counts.records, counts.errors, counts.tags, 0))
            on_block(total, 0)
    return total


def tag_partition(shared: SharedArtifact, file: Input, target: Path, options: Options) -> Counts:
    """Tag one file into one file; if an earlier run finished it, only count."""
    import json

    done = target.with_name(f".{target.name}.done")
    run = describe_run([file], shared, options)
    if target.exists() and done.exists():
        finished = json.loads(done.read_text(encoding="utf-8"))
        if finished["run"] == json.loads(json.dumps(run)):
            return Counts(**finished["counts"])
    output = FileOutput(target, run, resume=True)
    counts = tag_inputs([file], output, shared, options, Workers(), lambda counts, position: None)
    done.write_text(json.dumps({"run": run, "counts": counts.__dict__}), encoding="utf-8")
    return counts


def _target(folder: Path, file: Input, options: Options) -> Path:
    stem = file.name
    for suffix in (".gz", ".zst", f".{file.format}", ".ndjson"):
        stem = stem.removesuffix(suffix)
    target = folder / f"{stem}.{options.format}{options.compression}"
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _header(shared: SharedArtifact, options: Options) -> bytes:
    from service.batch.tagging import compress

    data = header(options.format, shared.tagger().tags, options.kept_columns)
    return compress(data, options.compression) if data else b""


def _blocks(inputs: Iterable[Input], *, by_place: bool) -> Iterator[Block]:
    before = 0
    for file in inputs:
        for block in file.blocks(by_place=by_place):
            yield replace(block, position=before + block.position)
        before += file.size
