"""`chude labels suggest`: the texts whose labels would teach most, to be filled in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from model import TopicTagger
from model.document import Document, FieldError
from model.errors import DataError, Problem
from service.commands.columns import TEXT_COLUMN_HELP, n_of, notify
from service.commands.store import the_store
from service.commands.topics import read_keywords
from service.commands.vocabulary import kept_topics
from service.environment import environment
from training.corpus.column_check import check_columns
from training.corpus.examples import Columns
from training.corpus.readers import asked_for
from training.corpus.records import Identity, advice_on_column, describe_unread
from training.corpus.sources import Source, find_sources
from training.corpus.topics import Topic
from training.corpus.writers import writable_format, write_unlabelled
from training.labels.ranking import Ranking, by_doubt, by_keywords
from training.labels.suggestions import Suggestion, keep_queue, suggest
from training.topics import vocabulary_of

_SHOWN_PROBLEMS = 20
"""How many bad records are named one by one; the others are counted."""


@click.command("suggest")
@click.argument("files", nargs=-1, required=True)
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(min=1), help="How many texts.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write, by its name, such as .xlsx."
)
@click.option("--topic", help="Topic to find texts for: by its key words, or by the model's doubt where it knows it.")
@click.option(
    "--keywords",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the topic's key words, one per line, in place of those of `chude topics`.",
)
@click.option("--queue", "to_queue", is_flag=True, help="Keep them in the store as well, for GET /queue.")
@click.option("--text-column", help=TEXT_COLUMN_HELP)
@click.option("--id-column", default="id", show_default=True, help="Field that names the text.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Seed of the random part."
)
def command(
    files: tuple[str, ...],
    count: int,
    output: Path | None,
    topic: str | None,
    keywords: Path | None,
    to_queue: bool,
    text_column: str | None,
    id_column: str,
    seed: int,
) -> int:
    """Print the texts in FILES whose label would teach most, with null for the tags, which are to be filled in."""
    sources = find_sources(files)
    if output:
        writable_format(output)
        if output.is_file() and output.stat().st_size:
            raise DataError([Problem(str(output), 0, "", "is there, perhaps with labels: choose another name")])
    check_columns(sources, asked_for(Columns(text_column, id_column)))
    store, tagger = the_store(environment()), TopicTagger.load(environ=environment())
    ranking = _ranking(tagger, topic, keywords)
    candidates = _Candidates(sources, text_column, id_column)
    suggestions = suggest(
        tagger, candidates, store.digests(), count, seed=seed, ranking=ranking, on_refusal=candidates.refuse
    )
    if candidates.n_refused > _SHOWN_PROBLEMS:
        notify(f"{candidates.n_refused:,} records in all cannot be read")
    if candidates.n_refused and candidates.n_refused == candidates.n_records:
        return 1
    if to_queue:
        keep_queue(store, suggestions)
    _write(suggestions, output)
    if not suggestions:
        n_texts = candidates.n_records - candidates.n_refused
        why = "each text is labelled" if n_texts else "there is no text"
        notify(f"nothing to suggest: {why} ({n_texts:,} read)")
    return 0


def _ranking(tagger: TopicTagger, topic: str | None, keywords: Path | None) -> Ranking:
    """Return what texts are ranked by. Raises UsageError where nothing is known of the topic."""
    if topic is None:
        if keywords:
            raise click.UsageError("--keywords are those of a topic: name it with --topic")
        return by_doubt(tagger)
    topics = kept_topics(environment())
    words = read_keywords(keywords) if keywords else topics.get(topic, Topic()).keywords
    if topic in tagger.tags and not keywords:
        return by_doubt(tagger, topic)
    if not words:
        if topic in topics:
            what, how = "it has no key words, and the model does not know it", "set"
        else:
            meant = vocabulary_of(tagger.artifact.tags, topics).suggest(topic)
            what, how = f"there is no such topic{f'; did you mean {meant}?' if meant else ''}", "add"
        raise click.UsageError(
            f"{topic}: {what}: give --keywords FILE, or `chude topics {how} {topic} --keywords FILE`"
        )
    return by_keywords(topic, words)


def _write(suggestions: list[Suggestion], output: Path | None) -> None:
    records = [suggestion.as_record() for suggestion in suggestions]
    if output is None:
        for record in records:
            sys.stdout.buffer.write(msgspec.json.encode(record) + b"\n")
        return
    click.echo(f"{output}: {n_of(write_unlabelled(records, output), 'text')} to label")


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
                    message = f"{error.message}{advice_on_column(record.fields, self.text_column)}"
                    self.refuse(Problem(source.name, record.line, error.field, message))

    def refuse(self, reason: object) -> None:
        """Count a record that cannot be used, and say why."""
        self.n_refused += 1
        if self.n_refused <= _SHOWN_PROBLEMS:
            notify(str(reason))
