"""`chude labels`: the label store from the command line."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from model.errors import DataError, Problem
from model.versions import home_folder
from training.corpus.examples import Example
from training.corpus.readers import read_records
from training.corpus.writers import json_lines, write_examples
from training.labels.store import Changes, Labelling, LabelStore, open_store


def the_store() -> LabelStore:
    """Open the store that the environment names."""
    return open_store(home_folder(os.environ), os.environ.get("CHUDE_LABELS_URL"))


@click.group("labels")
def command() -> None:
    """Import, export and look after the labels that `chude retrain` learns from."""


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Import the good records of a file that has bad ones.")
@click.option("--who", help="Who labelled; by default you.")
def import_(files: tuple[Path, ...], skip_bad: bool, who: str | None) -> int:
    """Add the labels in FILES: all of a file, or, if a record in it is bad, nothing of it."""
    store = the_store()
    failed = False
    for file in files:
        labelling = Labelling(who=who or getpass.getuser(), source=str(file))
        changes = _import_file(store, file, labelling, skip_bad)
        failed |= bool(changes.refused) and not skip_bad
        for reason in changes.refused:
            click.echo(f"chude: {reason}", err=True)
        nothing = ", nothing imported (--skip-bad takes the others)" if changes.refused and not skip_bad else ""
        click.echo(
            f"{file}: {changes.added:,} added, {changes.changed:,} changed, {changes.unchanged:,} unchanged, "
            f"{len(changes.refused):,} refused{nothing}"
        )
    return 1 if failed else 0


def _import_file(store: LabelStore, file: Path, labelling: Labelling, skip_bad: bool) -> Changes:
    refused: list[str] = []

    def good() -> Iterator[Example]:
        for record in read_records([file]):
            if isinstance(record, Example):
                yield record
            else:
                refused.append(str(record))
        if refused and not skip_bad:
            raise DataError([Problem(str(file), 0, "", "has bad records")])

    try:
        changes = store.add(good(), labelling)
    except DataError:
        changes = Changes()
    changes.refused = refused
    return changes


@command.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def export(file: Path) -> int:
    """Write every text with its latest labels into FILE, by its name, or as JSON Lines to -."""
    store = the_store()
    if str(file) == "-":
        for line in json_lines(store.examples()):
            sys.stdout.buffer.write(line)
        return 0
    click.echo(f"{file}: {write_examples(store.examples(), file):,} examples")
    return 0


@command.command("list")
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(min=1), help="How many.")
def show(count: int) -> int:
    """Print the id, tags and beginning of the texts that were labelled last."""
    for example in list(the_store().examples())[-count:]:
        beginning = " ".join(example.text[:60].split())
        click.echo(f"{example.id}\t{' '.join(sorted(example.tags)) or '-'}\t{beginning}")
    return 0


@command.command("stats")
def stats() -> int:
    """Print how many texts there are, with each tag and held out."""
    found = the_store().stats()
    click.echo(f"{found['texts']:,} texts, {found['held_out']:,} held out, {found['labellings']:,} labellings")
    for tag, count in found["tags"].items():
        click.echo(f"  {tag:<20} {count:,}")
    return 0


@command.command("delete")
@click.argument("ids", nargs=-1, required=True)
def remove(ids: tuple[str, ...]) -> int:
    """Remove the texts with these IDS, and every label they ever had."""
    removed = the_store().delete(ids)
    click.echo(f"{removed} removed")
    return 0 if removed else 1


@command.command("suggest")
@click.argument("files", nargs=-1, required=True)
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(min=1), help="How many texts.")
@click.option("--queue", "to_queue", is_flag=True, help="Keep them in the store as well, for GET /queue.")
@click.option("--text-column", help="Column of the text; 'text', or 'title', 'lead' and 'body'.")
@click.option("--id-column", default="id", show_default=True, help="Column that names the text.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Seed of the random part."
)
def suggest_(
    files: tuple[str, ...], count: int, to_queue: bool, text_column: str | None, id_column: str, seed: int
) -> int:
    """Print the texts in FILES whose label would teach most, as JSON Lines with an empty list of tags to fill in."""
    import msgspec

    from model.versions import load_tagger
    from training.corpus.records import Record
    from training.corpus.sources import find_sources
    from training.labels.suggestions import keep_queue, suggest

    store = the_store()
    texts = (
        (str(record.identity(source.name, id_column)), record.document(text_column).read().text)
        for source in find_sources(files)
        for record in source.records()
        if isinstance(record, Record)
    )
    found = suggest(load_tagger(os.environ), texts, store.digests(), count, seed=seed)
    if to_queue:
        keep_queue(store, found)
    for suggestion in found:
        record = {"id": suggestion.id, "text": suggestion.text, "tags": [], "why": suggestion.why}
        click.echo(msgspec.json.encode({**record, "scores": suggestion.scores}))
    return 0
