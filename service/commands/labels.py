"""`chude labels`: the label store from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.commands import label_import, label_suggest
from service.commands.store import the_store
from service.environment import environment
from training.corpus.writers import json_lines, write_examples
from training.labels.exports import check_replaceable


class _LabelCommands(click.Group):
    """The commands of the store, and a hint for the one that is sought here and stands beside them."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command. Raises UsageError for `check`."""
        if cmd_name == "check":
            raise click.UsageError(
                "`chude check` checks the labels in the store, and `chude check FILE...` those in files"
            )
        return super().get_command(ctx, cmd_name)


@click.group("labels", cls=_LabelCommands)
def command() -> None:
    """Import, export and look after the labels that `chude retrain` learns from."""


command.add_command(label_import.command)
command.add_command(label_suggest.command)


@command.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--overwrite", is_flag=True, help="Replace whatever FILE is.")
@click.option("--bom", is_flag=True, help="Begin CSV or TSV with a byte order mark, so that Excel reads it as UTF-8.")
def export(file: Path, overwrite: bool, bom: bool) -> int:
    """Write every text with its latest labels into FILE, by its name, or as JSON Lines to -.

    An earlier export is replaced. A file that was imported, or that has texts or fields which are not in the store, is
    replaced only with --overwrite.
    """
    store = the_store(environment())
    if str(file) == "-":
        if bom:
            raise click.UsageError("--bom is for CSV and TSV; the output is jsonl")
        for line in json_lines(store.exported_examples()):
            sys.stdout.buffer.write(line)
        return 0
    if file.is_file() and not overwrite:
        check_replaceable(file, store)
    click.echo(f"{file}: {write_examples(store.exported_examples(), file, bom=bom):,} examples")
    return 0


@command.command("list")
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(min=1), help="How many.")
def show(count: int) -> int:
    """Print the id, tags and beginning of the texts that were labelled last."""
    for example in the_store(environment()).last_labelled(count):
        beginning = " ".join(example.text[:60].split())
        click.echo(f"{example.id}\t{' '.join(sorted(example.tags)) or '-'}\t{beginning}")
    return 0


@command.command("stats")
def stats() -> int:
    """Print how many texts there are, with each tag and held out."""
    known = the_store(environment()).stats()
    click.echo(f"{known.texts:,} texts, {known.held_out:,} held out, {known.labellings:,} labellings")
    for tag, count in known.tags.items():
        click.echo(f"  {tag:<20} {count:,}")
    return 0


@command.command("delete")
@click.argument("ids", nargs=-1, required=True)
def remove(ids: tuple[str, ...]) -> int:
    """Remove the texts with these IDS, or first 16 digits of their digests, and every label they ever had."""
    removed = the_store(environment()).delete(ids)
    click.echo(f"{removed} removed")
    return 0 if removed else 1
