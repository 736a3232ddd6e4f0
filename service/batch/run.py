"""The use case of batch scoring: inputs in, one output or a folder of parts out, in this process, in several, or on a
Dask cluster; the same code and the same bytes everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from model.files import write_whole
from service.batch.counts import Counts
from service.batch.inspection import Inspection, can_be_read_again
from service.batch.options import Options
from service.batch.output import FileOutput, StreamOutput
from service.batch.repeated_ids import Ids
from service.batch.rows import Layout, header, is_written_whole
from service.batch.tagging import SharedArtifact, compress, tag_block
from service.batch.whole import WholeOutput
from service.batch.workers import Workers
from training.corpus.blocks import Block
from training.corpus.records import Record
from training.corpus.sources import Source

OnBlock = Callable[[Counts, int], None]
"""Gets the counts with a block, and how far it goes, before the block is written; an exception ends the run."""
WORTH_HELP_BYTES = 1 << 24
"""Size of the inputs in bytes; a run of less is over before other processes have started."""


def describe_run(sources: Iterable[Source], shared: SharedArtifact, options: Options) -> dict[str, Any] | None:
    """Return what makes two runs the same run; None where an input can be read only once."""
    files = []
    for source in sources:
        if source.path is None or not can_be_read_again(source):
            return None
        status = source.path.stat()
        files.append([os.path.abspath(source.path), source.name, source.format, status.st_size, status.st_mtime_ns])
    return {"input": files, "model": shared.tagger().version, "options": options.as_record()}


def with_kept_columns(options: Options, sources: Sequence[Source]) -> Options:
    """Return the options with the columns to keep, where input and output are tables."""
    if not options.keep or options.format == "jsonl" or not can_be_read_again(sources[0]):
        return options
    id_column = options.id_column or "id"
    return replace(options, kept_columns=tuple(name for name in sources[0].columns() if name != id_column))


def tag_inputs(
    sources: Sequence[Source],
    output: FileOutput | StreamOutput,
    shared: SharedArtifact,
    inspection: Inspection,
    workers: Workers,
    on_block: OnBlock,
) -> Counts:
    """Tag all inputs into one output, whose finished blocks are passed over; return the counts."""
    options = inspection.options
    layout = Layout.of(shared.tagger().tags, options)
    if all(map(can_be_read_again, sources)) and sum(source.size for source in sources) < WORTH_HELP_BYTES:
        workers = replace(workers, jobs=1)
    blocks = islice(_blocks(sources, inspection, by_place=workers.are_here), output.counts.blocks, None)
    tasks = ((shared, block, options) for block in blocks)
    ids = Ids()
    whole = WholeOutput(options.format, layout) if is_written_whole(options.format) else None
    try:
        with workers.started(shared):
            output.begin(compress(header(layout, options), options.compression))
            for tagged in workers.share(tag_block, tasks):
                counts = output.counts.with_block(tagged)
                if whole:
                    whole.check_size(counts.records)
                on_block(counts, tagged.position)
                output.write(tagged)
                ids.add(tagged.id_keys)
        output.finish(whole)
    except BaseException:
        output.stop()
        raise
    if repeated := ids.describe_repeated():
        inspection.notify(f"{repeated}: name another field with --id-column")
    return output.counts


def _blocks(sources: Iterable[Source], inspection: Inspection, *, by_place: bool) -> Iterator[Block]:
    """Yield the blocks of all sources; what could not be read ahead is inspected at its first block."""
    before = 0
    for source in sources:
        is_new = not can_be_read_again(source)
        for block in source.blocks(by_place=by_place):
            if is_new:
                inspection.inspect(source, [record for record in block.records() if isinstance(record, Record)])
                is_new = False
            yield replace(block, position=before + block.position)
        before += source.size


def tag_partitions(
    sources: Sequence[Source],
    parts: Sequence[Path],
    shared: SharedArtifact,
    inspection: Inspection,
    workers: Workers,
    on_block: OnBlock,
) -> Counts:
    """Tag each input into its part, a file of its own: whoever tags an input reads it and writes its part, too.

    Nothing of the files passes through this process. Finished parts of the same run are passed over, others go on.
    """
    total = Counts()
    if all(map(can_be_read_again, sources)):
        inspection = Inspection(inspection.options, _ignore)  # they were inspected, all at once
    else:
        workers = Workers()  # only this process can read its standard input
    tasks = (
        (shared, _anywhere(source), Path(os.path.abspath(part)), inspection)
        for source, part in zip(sources, parts, strict=True)
    )
    with workers.started(shared):
        for part in parts:  # not before the workers are there
            part.parent.mkdir(parents=True, exist_ok=True)
        for counts in workers.map(tag_partition, tasks):
            total += counts
            on_block(total, 0)
    return total


def tag_partition(shared: SharedArtifact, source: Source, part: Path, inspection: Inspection) -> Counts:
    """Tag one input into one file; if an earlier run finished it, only count."""
    mark = part.with_name(f".{part.name}.done")
    run = describe_run([source], shared, inspection.options)
    if run and (counts := _finished(part, mark, run)):
        return counts
    output = FileOutput(part, run, resume=True)
    counts = tag_inputs([source], output, shared, inspection, Workers(), _go_on)
    if run:
        with write_whole(mark) as new:
            done = {"run": run, "part": _state(part), "counts": counts.__dict__}
            new.write_text(json.dumps(done), encoding="utf-8")
    return counts


def _finished(part: Path, mark: Path, run: dict[str, Any]) -> Counts | None:
    """Return the counts of a part that this run has finished and nobody has changed since."""
    try:
        done = json.loads(mark.read_text(encoding="utf-8"))
        return Counts(**done["counts"]) if done["run"] == run and done["part"] == _state(part) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _state(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


def _anywhere(source: Source) -> Source:
    """Return the source with a path that holds in any folder; its records keep their name."""
    return source if source.path is None else replace(source, path=Path(os.path.abspath(source.path)))


def _go_on(counts: Counts, position: int) -> None:
    pass


def _ignore(note: str) -> None:
    pass
