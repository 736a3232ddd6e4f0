"""`chude labels`: the label store from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from model import TopicTagger
from model.document import Document, FieldError
from model.errors import Problem
from service.commands import label_import
from service.commands.columns import TEXT_COLUMN_HELP, notify
from service.commands.store import the_store
from service.environment import environment
from training.corpus.column_check import check_columns
from training.corpus.examples import Columns
from training.corpus.readers import asked_for
from training.corpus.records import Identity, describe_unread
from training.corpus.sources import Source, find_sources
from training.corpus.writers import json_lines, write_examples
from training.labels.exports import check_replaceable

_SHOWN_PROBLEMS = 20
"""Bad records that `suggest` names one by one; the others are counted."""


@click.group("labels")
def command() -> None:
    """Import, export and look after the labels that `chude retrain` learns from."""


command.add_command(label_import.command)


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
    """Remove the texts with these IDS, and every label they ever had."""
    removed = the_store(environment()).delete(ids)
    click.echo(f"{removed} removed")
    return 0 if removed else 1


@command.command("suggest")
@click.argument("files", nargs=-1, required=True)
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(min=1), help="How many texts.")
@click.option("--queue", "to_queue", is_flag=True, help="Keep them in the store as well, for GET /queue.")
@click.option("--text-column", help=TEXT_COLUMN_HELP)
@click.option("--id-column", default="id", show_default=True, help="Field that names the text.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Seed of the random part."
)
def suggest_(
    files: tuple[str, ...], count: int, to_queue: bool, text_column: str | None, id_column: str, seed: int
) -> int:
    """Print the texts in FILES whose label would teach most, as JSON Lines with an empty list of tags to fill in."""
    import msgspec

    from training.labels.suggestions import keep_queue, suggest

    sources = find_sources(files)
    check_columns(sources, asked_for(Columns(text_column, id_column)))
    store = the_store(environment())
    candidates = _Candidates(sources, text_column, id_column)
    suggestions = suggest(
        TopicTagger.load(environ=environment()),
        candidates,
        store.digests(),
        count,
        seed=seed,
        on_refusal=candidates.refuse,
    )
    if candidates.n_refused > _SHOWN_PROBLEMS:
        notify(f"{candidates.n_refused:,} records in all cannot be read")
    if candidates.n_refused and candidates.n_refused == candidates.n_records:
        return 1
    if to_queue:
        keep_queue(store, suggestions)
    for suggestion in suggestions:
        to_label = {"id": suggestion.id, **suggestion.document.fields, "tags": list[str]()}
        click.echo(msgspec.json.encode({**to_label, "why": suggestion.why, "scores": suggestion.scores}))
    if not suggestions:
        n_texts = candidates.n_records - candidates.n_refused
        why = "each text is labelled" if n_texts else "there is no text"
        notify(f"nothing to suggest: {why} ({n_texts:,} read)")
    return 0


@dataclass
class _Candidates:
    """The documents in some files; what cannot be read is told on the way."""

    sources: list[Source]
    text_column: str | None
    id_column: str
    n_records: int = 0
    n_refused: int = 0

    def __iter__(self) -> Iterator[tuple[Identity, Document]]:
        """Yield the id and the document of each record that has a text."""
        for source in self.sources:
            if unread := describe_unread(source.sample(), self.text_column):
                notify(f"{source.name}: {unread}")
            for record in source.records():
                self.n_records += 1
                if isinstance(record, Problem):
                    self.refuse(record)
                    continue
                try:
                    yield record.identity(source.name, self.id_column), record.document(self.text_column)
                except FieldError as error:
                    self.refuse(Problem(source.name, record.line, error.field, error.message))

    def refuse(self, reason: object) -> None:
        """Count a record that cannot be used, and say why."""
        self.n_refused += 1
        if self.n_refused <= _SHOWN_PROBLEMS:
            notify(str(reason))
