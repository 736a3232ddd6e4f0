"""The use case of batch scoring: inputs in, one output or a folder of parts out, in this process, in several, or on a
Dask cluster; the same code and the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from service.batch.blocks import Block
from service.batch.inputs import Input, open_input
from service.batch.output import Counts, FileOutput, StreamOutput
from service.batch.rows import header
from service.batch.tagging import Options, SharedArtifact, Tagged, tag_block
from service.batch.workers import Workers

OnBlock = Callable[[Counts, int], None]
WORTH_HELP_BYTES = 1 << 24
"""A run of less is over before other processes have started."""


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
