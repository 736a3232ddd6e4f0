"""`chude batch`: whole files in, tags out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model.advice import advice_on_live
from model.errors import DataError, Problem
from model.tagger import Page
from model.versions import artifact_folder
from service.batch import destination
from service.batch.counts import Counts
from service.batch.inspection import Inspection, can_be_read_again
from service.batch.options import BatchError, Options
from service.batch.output import FileOutput, OutputFiles, StreamOutput
from service.batch.rows import OUTPUT_FORMATS, is_written_whole
from service.batch.run import describe_run, tag_inputs, tag_partitions, with_kept_columns
from service.batch.tagging import SharedArtifact
from service.batch.whole import WholeOutput
from service.batch.workers import Workers
from service.commands.columns import TEXT_COLUMN_HELP, n_of
from service.commands.page_kind import check_one_kind
from service.environment import environment
from training.corpus.registry import FORMATS, format_of, known_formats, split_name
from training.corpus.sources import Source, find_sources

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PAGE: Mapping[str | None, Page] = {None: "auto", "html": "html", "page": "always", "text": "never"}
_INPUT_FORMATS = tuple(known_formats(labelled=False))


@click.command("batch")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="File to write, a folder for one part per input, or - for stdout.")
@click.option(
    "--format",
    "input_format",
    type=click.Choice(_INPUT_FORMATS),
    help="Format of the inputs; by default what their names say.",
)
@click.option(
    "--output-format",
    type=click.Choice(OUTPUT_FORMATS),
    help="Format of the output; by default what its name says, or jsonl.",
)
@click.option("--text-column", help=TEXT_COLUMN_HELP)
@click.option("--id-column", help="Column that comes back with the result; by default 'id'.")
@click.option(
    "--keep", is_flag=True, help="Add the columns of the input; one called like ours comes back as input_<name>."
)
@click.option("--explain", is_flag=True, help="Add the sentences and terms that carried each tag.")
@click.option("--html", "kind", flag_value="html", help="Read every text as HTML.")
@click.option("--page", "kind", flag_value="page", help="Read every text as a page, and cut the article out of it.")
@click.option("--text", "kind", flag_value="text", help="Read every text as it is, and cut nothing out.")
@click.option("--bom", is_flag=True, help="Begin CSV or TSV with a byte order mark, so that Excel reads it as UTF-8.")
@click.option("--model", help="Folder of an artifact, or a version; by default the live one.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--dask", help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786, in place of --jobs.")
@click.option("--max-errors", type=click.IntRange(min=0), help="Stop when more records than this have an error.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run of the same command ended.")
def command(
    inputs: tuple[str, ...],
    output: str,
    input_format: str | None,
    output_format: str | None,
    text_column: str | None,
    id_column: str | None,
    keep: bool,
    explain: bool,
    kind: str | None,
    bom: bool,
    model: str | None,
    jobs: int,
    dask: str | None,
    max_errors: int | None,
    resume: bool,
) -> int:
    """Tag every record of the INPUT files, or folders, into OUTPUT, in their order; - is standard input.

    A record that cannot be tagged has its error in the output, and the others go on; the exit code is 1 if every
    record has one. In an output folder the part of crawl/a.csv is a.jsonl; inputs whose parts would share a name keep
    their suffix, a.csv.jsonl, or else their path.
    """
    check_one_kind()
    format, compression = _output_format(output, output_format, bom=bom)
    options = Options(text_column, id_column, keep, explain, _PAGE[kind], format, compression, bom)
    sources = destination.without_journals(find_sources(inputs, forced_format=input_format), inputs)
    if resume:
        _check_resume(sources, output)
    with advice_on_live(model):
        shared = SharedArtifact.read(artifact_folder(environment(), model))
    request = _Request(
        sources, inputs, output, resume, shared, with_kept_columns(options, sources), Workers(jobs, dask)
    )
    with _stops_named(output), _progress(sum(source.size for source in sources), max_errors) as progress:
        counts = request.run(progress)
    _summarise(counts, output)
    return 0


def _output_format(output: str, chosen: str | None, *, bom: bool) -> tuple[str, str]:
    """Return the format and compression of the output. Raises UsageError or DataError."""
    in_place = destination.is_stream(output)
    to_folder = destination.is_folder(output)
    _, suffix, compression = ("", "", "") if to_folder or output == "-" else split_name(output)
    named = format_of(output) if suffix else None
    format = chosen or (named.name if named else "jsonl" if to_folder or in_place else "")
    if format not in OUTPUT_FORMATS:
        known = ", ".join(f".{name}" for name in OUTPUT_FORMATS)
        raise click.UsageError(f"{output}: name the output {known}, or use --output-format")
    if is_written_whole(format) and (in_place or compression):
        raise click.UsageError(f"{format}: can be neither written to standard output or a pipe, nor compressed")
    if bom and not FORMATS[format].may_have_bom:
        raise click.UsageError(f"--bom is for CSV and TSV; the output is {format}")
    parent = Path(output).parent
    if output != "-" and not parent.is_dir():
        raise DataError([Problem(str(parent), 0, "", "no such folder: make it first")])
    WholeOutput.check_installed(format)
    return format, compression


def _check_resume(sources: Sequence[Source], output: str) -> None:
    """Raise UsageError where a run cannot be resumed."""
    if destination.is_stream(output):
        raise click.UsageError(f"--resume needs a file as output; {output} keeps nothing of an earlier run")
    for source in sources:
        if not can_be_read_again(source):
            name = "standard input" if source.path is None else f"{source.name}, which is no file,"
            raise click.UsageError(f"--resume cannot read {name} again: save it as a file")


@dataclass(frozen=True)
class _Request:
    """One run of the command."""

    sources: Sequence[Source]
    inputs: Sequence[str]
    output: str
    resume: bool
    shared: SharedArtifact
    options: Options
    workers: Workers

    def run(self, progress: _Progress) -> Counts:
        """Check that no input would be overwritten, and tag."""
        inspection = Inspection(self.options, progress.notify)
        if destination.is_stream(self.output):
            destination.check_stdout(self.sources)
            inspection.inspect_files(self.sources)
            with destination.open_stream(self.output) as stream:
                return self._to_one(StreamOutput(stream), inspection, progress)
        if destination.is_folder(self.output):
            return self._to_folder(inspection, progress)
        target = Path(self.output)
        destination.check_apart(self.sources, [target])
        inspection.inspect_files(self.sources)
        described = describe_run(self.sources, self.shared, self.options)
        return self._to_one(FileOutput(target, described, resume=self.resume), inspection, progress)

    def _to_one(self, output: FileOutput | StreamOutput, inspection: Inspection, progress: _Progress) -> Counts:
        return tag_inputs(self.sources, output, self.shared, inspection, self.workers, progress.on_block)

    def _to_folder(self, inspection: Inspection, progress: _Progress) -> Counts:
        folder = Path(self.output)
        destination.check_folder(folder, self.inputs)
        parts = destination.name_parts(self.sources, self.inputs, folder, self.options)
        destination.check_apart(self.sources, parts)
        inspection.inspect_files(self.sources)
        return tag_partitions(self.sources, parts, self.shared, inspection, self.workers, progress.on_block)


@contextmanager
def _stops_named(output: str) -> Iterator[None]:
    """Raise BatchError, which says how to go on, where the run is stopped from outside."""
    try:
        yield
    except KeyboardInterrupt:
        raise BatchError(f"stopped{_how_to_go_on(output)}") from None
    except BrokenExecutor:
        raise BatchError(
            "a process was killed from outside, perhaps for want of memory: start again with fewer --jobs"
            f"{_how_to_go_on(output)}"
        ) from None


def _how_to_go_on(output: str) -> str:
    """Return what to do about the part of the output that is there, if there is one."""
    if destination.is_stream(output):
        return ""
    if destination.is_folder(output):
        return ": run the same command again to go on"
    unfinished = OutputFiles.of(Path(output)).journal.exists()
    return ": run the same command with --resume to go on" if unfinished else ""


@dataclass(frozen=True)
class _Progress:
    """Shows on a terminal how far the run is, and stops it at too many errors."""

    bar: Progress
    task: TaskID
    max_errors: int | None

    def on_block(self, counts: Counts, position: int) -> None:
        """Show the counts. Raises BatchError where they have too many errors."""
        rate = counts.records / max(self.bar.tasks[0].elapsed or 0, 0.01)
        self.bar.update(self.task, completed=position, done=f"{counts.records:,} records, {rate:,.0f} per second")
        if self.max_errors is not None and counts.errors > self.max_errors:
            raise BatchError(
                f"stopped: {counts.errors:,} records have an error, more than --max-errors {self.max_errors}; the "
                f"first is {counts.first_error}"
            )

    def notify(self, note: str) -> None:
        """Show a note above the bar."""
        self.bar.console.print(f"chude: {note}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _progress(total: int, max_errors: int | None) -> Iterator[_Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("tagging"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        yield _Progress(bar, bar.add_task("", total=total or None, done=""), max_errors)


def _summarise(counts: Counts, output: str) -> None:
    """Say what was done. Raises BatchError if not one record could be tagged."""
    given = ", ".join(f"{tag} {n:,}" for tag, n in sorted(counts.tags.items())) or "no tag"
    click.echo(f"{output}: {n_of(counts.records, 'record')}, {counts.errors:,} with an error; {given}", err=True)
    if counts.records and counts.is_useless:
        raise BatchError(f"not one record could be tagged; the first error is {counts.first_error}")
