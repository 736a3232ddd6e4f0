"""`chude batch`: whole files in, tags out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path

import click

from model.errors import DataError, Problem
from model.tagger import Page
from model.versions import artifact_folder
from service.batch.inputs import COMPRESSIONS, INPUT_FORMATS, find_inputs, format_of
from service.batch.output import BatchError, Counts, FileOutput, StreamOutput
from service.batch.rows import OUTPUT_FORMATS
from service.batch.run import OnBlock, describe_run, tag_inputs, tag_partitions, with_table_columns
from service.batch.tagging import Options, SharedArtifact
from service.batch.workers import Workers
from service.environment import environment

_GO_ON = "run the same command with --resume to go on"
_PAGE: dict[str | None, Page] = {None: "auto", "html": "auto", "page": "always", "text": "never"}


@click.command("batch")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="File to write, a folder for one part an input, or - for stdout.")
@click.option(
    "--format", "input_format", type=click.Choice(INPUT_FORMATS), help="Format of the inputs; by their names."
)
@click.option("--output-format", type=click.Choice(OUTPUT_FORMATS), help="Format of the output; by its name, or jsonl.")
@click.option("--text-column", help="Column of the text; 'text', or 'title', 'lead' and 'body'.")
@click.option("--id-column", default="id", show_default=True, help="Column that comes back with the result.")
@click.option("--keep", is_flag=True, help="Pass the other columns through.")
@click.option("--explain", is_flag=True, help="Add the sentences and terms that carried each tag.")
@click.option("--html", "kind", flag_value="html", help="Read every text as HTML.")
@click.option("--page", "kind", flag_value="page", help="Read every text as a page, and cut the article out of it.")
@click.option("--text", "kind", flag_value="text", help="Read every text as it is, and cut nothing out.")
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
    id_column: str,
    keep: bool,
    explain: bool,
    kind: str | None,
    model: str | None,
    jobs: int,
    dask: str | None,
    max_errors: int | None,
    resume: bool,
) -> int:
    """Tag every record of the INPUT files, or folders, into OUTPUT, in their order; - is standard input.

    A record that cannot be tagged has its error in the output, and the others go on.
    """
    files = find_inputs(inputs, input_format)
    shared = SharedArtifact.read(artifact_folder(environment(), model))
    to_folder, format, compression = _check_output(output, output_format)
    if resume and any(file.path is None for file in files):
        raise click.UsageError("--resume cannot read standard input again: save it as a file")
    options = Options(text_column, id_column, keep, explain, _PAGE[kind], kind == "html", format, compression)
    options = with_table_columns(options, files)
    workers = Workers(jobs, dask)
    with _stops_named(output), _progress(sum(file.size for file in files), max_errors) as on_block:
        if to_folder:
            counts = tag_partitions(files, Path(output), shared, options, workers, on_block)
        else:
            run = describe_run(files, shared, options)
            target = StreamOutput() if output == "-" else FileOutput(Path(output), run, resume=resume)
            counts = tag_inputs(files, target, shared, options, workers, on_block)
    _summarise(counts, output)
    return 0


def _check_output(output: str, chosen: str | None) -> tuple[bool, str, str]:
    """Return whether the output is a folder, its format, and its compression. Raises UsageError or DataError."""
    to_folder = output.endswith(os.sep) or Path(output).is_dir()
    compression = Path(output).suffix if Path(output).suffix in COMPRESSIONS else ""
    format = chosen or ("jsonl" if to_folder or output == "-" else format_of(output))
    if format not in OUTPUT_FORMATS:
        raise click.UsageError(f"{output}: name the output .jsonl, .csv, .tsv or .parquet, or use --output-format")
    if format == "parquet" and (output == "-" or compression):
        raise click.UsageError("Parquet can be neither written to standard output nor compressed as a whole")
    parent = Path(output).parent
    if output != "-" and not parent.is_dir():
        raise DataError([Problem(str(parent), 0, "", "no such folder: make it first")])
    return to_folder, format, compression


@contextmanager
def _stops_named(output: str) -> Iterator[None]:
    """Raise BatchError, which says how to go on, where the run is stopped from outside."""
    try:
        yield
    except KeyboardInterrupt:
        if output == "-":
            raise
        raise BatchError(f"stopped: {_GO_ON}") from None
    except BrokenExecutor:
        advice = "start again" if output == "-" else _GO_ON
        raise BatchError(
            f"a process was killed from outside, perhaps for want of memory: {advice}, with fewer --jobs"
        ) from None


@contextmanager
def _progress(total: int, max_errors: int | None) -> Iterator[OnBlock]:
    """Show how far the run is, if someone is looking, and stop it at too many errors."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("tagging"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total or None, done="")

        def on_block(counts: Counts, position: int) -> None:
            rate = counts.records / max(bar.tasks[0].elapsed or 0, 0.01)
            bar.update(task, completed=position, done=f"{counts.records:,} records, {rate:,.0f} a second")
            if max_errors is not None and counts.errors > max_errors:
                raise BatchError(f"{counts.errors} records have an error, more than --max-errors {max_errors}: stopped")

        yield on_block


def _summarise(counts: Counts, output: str) -> None:
    given = ", ".join(f"{tag} {n:,}" for tag, n in sorted(counts.tags.items())) or "no tag"
    click.echo(f"{output}: {counts.records:,} records, {counts.errors:,} with an error; {given}", err=True)
