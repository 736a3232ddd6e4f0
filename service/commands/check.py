"""`chude check`: what is wrong or doubtful in labelled files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model.document import shorten
from service.commands.columns import column_options, lines_of, n_of, notify
from service.commands.progress_bar import show_progress
from service.commands.store import the_store
from service.commands.vocabulary import check_judged, known_vocabulary, live_tagger
from service.environment import cache_folder, environment
from training.corpus.records import place
from training.corpus.topics import read_topics
from training.topics import vocabulary_of

if TYPE_CHECKING:
    from model.errors import Problem
    from training.checks import CheckReport, Doubt
    from training.corpus.examples import Columns, Example

_SHOWN = 50
_TITLE_CHARS = 60


@click.command("check")
@click.argument("data", nargs=-1)
@click.option("--topics", type=click.Path(path_type=Path), help="TOML file with the tags that there should be.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
@column_options
def command(data: tuple[str, ...], topics: Path | None, jobs: int, columns: Columns) -> int:
    """Check labelled DATA, or without DATA the label store.

    It reports broken records, duplicates, contradictions, misspelt and rare tags, and labels that are probably wrong or
    missed: by the live model, and by cross-validation where 30 examples have the tag or the live model leans the same
    way. The exit code is 1 if a record cannot be read, a tag is misspelt, or one text has different tags.
    """
    from training.checks import check_records
    from training.corpus.examples import Example
    from training.corpus.readers import read_records
    from training.fit.fitting import FitOptions

    known = vocabulary_of((), read_topics(topics)) if topics else known_vocabulary(environment())
    read: Sequence[Example | Problem]
    if data:
        read = list(read_records(data, replace(columns, vocabulary=known), notify))
    else:
        read = [example.judged_only(columns.judged) for example in the_store(environment()).judged_examples()]
    check_judged(columns.judged, known, (record for record in read if isinstance(record, Example)))
    options = FitOptions(jobs=jobs, cache=cache_folder(environment()))
    report = check_records(read, known.tags, options, show_progress, live_tagger("no view of the live model"))
    for line in _lines(report):
        click.echo(line)
    return 1 if report.failed else 0


def _lines(report: CheckReport) -> Iterator[str]:
    without = sum(not example.tags for example in report.examples)
    yield f"{n_of(len(report.examples), 'example')}, {without:,} of them without tags"
    for tag, n in report.support.items():
        yield f"  {tag:<20} {n:>6}{f'  {_too_few(report, n)}' if tag in report.rare else ''}"
    yield from _section("Problems", lines_of(report.problems), limit=None)
    yield from _section(
        "Same text, different tags",
        (
            f"{_at(a)} [{' '.join(sorted(a.tags))}] and {_at(b)} [{' '.join(sorted(b.tags))}]"
            for a, b in report.contradictions
        ),
        limit=None,
    )
    yield from _section("Exact duplicates", (f"{_at(a)} and {_at(b)}" for a, b in report.exact))
    yield from _section("Near duplicates", (f"{_at(a)} and {_at(b)}: {share:.0%} alike" for a, b, share in report.near))
    yield from _section("Very short texts", (_at(example) for example in report.short))
    yield from _section("Tags that were probably missed", map(_doubt, report.missed))
    yield from _section("Labels that are probably wrong", map(_doubt, report.wrong))
    if report.not_judged:
        counts = ", ".join(f"{n_of(n, 'text')} {tag}" for tag, n in report.not_judged.items())
        yield f"\nNot judged, and given by the live model: {counts}"
    if report.not_fitted:
        yield f"\nLabels were not cross-validated: {report.not_fitted}"


def _doubt(doubt: Doubt) -> str:
    by = ((doubt.probability, "cross-validation"), (doubt.live, "the live model"))
    said = ", ".join(f"{probability:.2f} by {whom}" for probability, whom in by if probability is not None)
    return f"{_at(doubt.example)}: {'has' if doubt.has_tag else 'lacks'} {doubt.tag}, probability {said}"


def _too_few(report: CheckReport, n_with: int) -> str:
    from training.fit.decisions import MIN_POSITIVES

    n_without = len(report.examples) - n_with
    return f"too few to fit: {n_with} with it, {n_without} without it, {MIN_POSITIVES} of each are needed"


def _at(example: Example) -> str:
    """Return where an example stands, its id where that differs, and the beginning of its title or text."""
    where = place(example.file, example.line) or str(example.id)
    identity = "" if example.id == where else f" ({example.id})"
    return f'{where}{identity} "{shorten(" ".join(example.text.split()), _TITLE_CHARS)}"'


def _section(title: str, lines: Iterable[str], limit: int | None = _SHOWN) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"\n{title}: {len(found)}"
        yield from (f"  {line}" for line in found[:limit])
        if limit and len(found) > limit:
            yield f"  and {len(found) - limit} more"
