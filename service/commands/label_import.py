"""`chude labels import`: labels from files, with notes on what they take away from the live model's tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

import click

from model import TopicTagger
from model.errors import DataError, Problem
from service.commands.columns import column_options, lines_of, notify
from service.commands.store import the_store
from service.commands.vocabulary import check_judged, known_vocabulary, live_tagger, unknown_tag
from service.environment import environment, user_name
from training.corpus.column_check import check_columns
from training.corpus.examples import Columns, Example, unknown_tags
from training.corpus.readers import asked_for, read_records
from training.corpus.sources import find_sources
from training.corpus.vocabulary import Vocabulary
from training.labels.store import Changes, Labelling, LabelStore
from training.labels.taken import TakenTags, as_option

_BATCH = 500
_MAX_COMPARED = 5000
"""How many texts of a file the live model tags: some seconds of work, and enough to see what was not judged."""


@click.command("import")
@click.argument("files", nargs=-1, required=True)
@click.option("--skip-bad", is_flag=True, help="Import the good records of a file that has bad ones.")
@click.option("--who", help="Who labelled; by default you.")
@click.option("--new-tags", is_flag=True, help="Take tags that neither the model, nor a topic, nor a label has yet.")
@column_options
def command(files: tuple[str, ...], skip_bad: bool, who: str | None, new_tags: bool, columns: Columns) -> int:
    """Add the labels in FILES: all of a file, or nothing of it where one of its records is bad."""
    store, tagger = the_store(environment()), live_tagger("the labels are not compared with the live model")
    known = known_vocabulary(environment(), store.stats().tags)
    if not new_tags:
        check_judged(columns.judged, known)
    columns = replace(columns, vocabulary=known)
    check_columns(find_sources(files, labelled=True), asked_for(columns))
    failed = False
    for file in files:
        labelling = Labelling(who or user_name(environment()), file, tagger.version if tagger else None)
        taken = TakenTags()
        records = _records(file, columns, known if not new_tags else None)
        changes = _import_file(store, file, records, labelling, skip_bad, tagger, taken)
        failed |= bool(changes.refused) and not skip_bad
        _tell(file, changes, skip_bad)
        if tagger and changes.added + changes.changed:
            for line in taken.messages(store.judged_by_default(labelling), tagger.tags, as_option):
                notify(f"{file}: {line}")
    return 1 if failed else 0


def _tell(file: str, changes: Changes, skip_bad: bool) -> None:
    for line in lines_of(changes.refused):
        notify(line)
    if not changes.added + changes.changed + changes.unchanged + len(changes.refused):
        notify(f"{file}: there is no labelled record in it")
    nothing = ", nothing imported (--skip-bad takes the others)" if changes.refused and not skip_bad else ""
    click.echo(
        f"{file}: {changes.added:,} added, {changes.changed:,} changed, {changes.unchanged:,} unchanged, "
        f"{len(changes.refused):,} refused{nothing}"
    )
    for tag, n_texts in sorted(changes.lost.items()):
        notify(f"{file}: {n_texts:,} of the texts that change had {tag} in the store, and have it no more")


def _import_file(
    store: LabelStore,
    file: str,
    records: Iterable[Example | Problem],
    labelling: Labelling,
    skip_bad: bool,
    tagger: TopicTagger | None,
    taken: TakenTags,
) -> Changes:
    refused: list[Problem] = []

    def good() -> Iterator[Example]:
        for record in records:
            if isinstance(record, Example):
                yield record
            else:
                refused.append(record)
        if refused and not skip_bad:
            raise DataError([Problem(file, 0, "", "has bad records")])

    try:
        changes = store.add(_counted(good(), tagger, taken), labelling)
    except DataError:
        changes = Changes()
    changes.refused = refused
    return changes


def _records(file: str, columns: Columns, known: Vocabulary | None) -> Iterator[Example | Problem]:
    """Yield the records of a file; with `known`, a problem in place of each that has another tag."""
    for record in read_records([file], columns, notify):
        new = unknown_tags(record, known) if known and isinstance(record, Example) else {}
        if known and new:
            tag, field = next(iter(new.items()))
            advice = f"--new-tags takes it as a new one, and so does `chude topics add {tag}`"
            yield Problem(file, record.line, field, f"{unknown_tag(tag, known)} {advice}", tag)
        else:
            yield record


def _counted(examples: Iterable[Example], tagger: TopicTagger | None, taken: TakenTags) -> Iterator[Example]:
    """Yield the examples, and count of the first ones what the model gives them and their labels do not."""
    waiting = iter(examples)
    while batch := list(islice(waiting, _BATCH)):
        if tagger and taken.n_texts < _MAX_COMPARED:
            taken.count(batch, list(tagger.tag_many([example.text for example in batch], errors="return")))
        yield from batch
