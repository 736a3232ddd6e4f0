"""Labelled files as examples, one after the other: whatever their format, and whichever tool they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from model.document import FIELDS, FieldError
from model.errors import DataError, Problem
from training.corpus.column_check import missing_columns
from training.corpus.examples import COLUMNS, Columns, Example, make_example
from training.corpus.exports import Skipped, ambiguous, answer_of, choice_fields, has_labels, no_choices, other_kinds
from training.corpus.label_fields import union_judged
from training.corpus.records import Record, advice_on_column, describe_unread
from training.corpus.sources import Source, find_sources

Notify: TypeAlias = Callable[[str], None]
"""Takes a line that the user should see, about something that is no fault."""


def ignore(line: str) -> None:
    """Tell nobody."""


def read_records(
    names: Iterable[str | Path], columns: Columns = COLUMNS, notify: Notify = ignore
) -> Iterator[Example | Problem]:
    """Yield an example or a problem for every record of the files, and of the files in the folders, in order.

    `notify` hears what was left out by intent: records that an annotator skipped, a long column that is not read.
    """
    try:
        sources = find_sources([str(name) for name in names], labelled=True)
    except DataError as error:
        yield from error.problems
        return
    for source in sources:
        yield from _Labelled(source, columns, notify).examples()


def read_examples(names: Sequence[str | Path], columns: Columns = COLUMNS, notify: Notify = ignore) -> list[Example]:
    """Return the examples of all files. Raises DataError with every problem if there is any, or no example."""
    records = list(read_records(names, columns, notify))
    problems = [record for record in records if isinstance(record, Problem)]
    if problems:
        raise DataError(problems)
    if not records:
        raise DataError([Problem(", ".join(map(str, names)), 0, "", "has no labelled record")])
    return [record for record in records if isinstance(record, Example)]


def asked_for(columns: Columns) -> dict[str, str | None]:
    """Return the columns that are called otherwise than usual, by the options that say so.

    The field of the labels is left to the reader: it may be one of Label Studio's tasks.
    """
    return {"--text-column": columns.text, "--id-column": columns.id if columns.id != COLUMNS.id else None}


def _without_answer(number: int) -> str:
    return "1 record without an answer is" if number == 1 else f"{number:,} records without an answer are"


class _Labelled:
    """One labelled file."""

    def __init__(self, source: Source, columns: Columns, notify: Notify) -> None:
        self._source, self._columns, self._notify = source, columns, notify
        self._skipped = 0
        self._has_choices = False
        """Whether some task of a Label Studio project has labels of its whole text."""
        self._merged: dict[str, Example] = {}
        """Examples whose tags stand in records of their own, one per tag, by their texts."""

    def examples(self) -> Iterator[Example | Problem]:
        """Yield the examples, and a problem in place of each record that is none."""
        try:
            if refusal := self._refusal():
                yield refusal
                return
            for record in self._source.records():
                yield from [record] if isinstance(record, Problem) else self._parsed(record)
            yield from self._merged.values()
            if self._skipped:
                self._notify(f"{self._source.name}: {_without_answer(self._skipped)} left out")
            if unread := describe_unread(self._source.sample(), self._columns.text):
                self._notify(f"{self._source.name}: {unread}")
        except DataError as error:
            yield from error.problems

    def _parsed(self, record: Record) -> Iterator[Example | Problem]:
        name = self._source.name
        try:
            answer = answer_of(record.fields, self._columns.labels, choices_elsewhere=self._has_choices)
        except FieldError as error:
            yield Problem(name, record.line, error.field, error.message)
            return
        except Skipped:
            self._skipped += 1
            return
        example = make_example(record, answer, name, self._columns)
        if not isinstance(example, Example):
            advice = advice_on_column(record.fields, self._columns.text)
            yield from (replace(it, message=f"{it.message}{advice}") if it.field == "text" else it for it in example)
        elif answer and answer.of_one_tag:
            self._merge(example)
        else:
            yield example

    def _merge(self, example: Example) -> None:
        before = self._merged.setdefault(example.text, example)
        judged = union_judged(before.judged or (), example.judged or ())
        self._merged[example.text] = replace(before, tags=before.tags | example.tags, judged=judged)

    def _refusal(self) -> Problem | None:
        """Return why the file as a whole cannot be used, where its head or its tasks say so."""
        source, columns = self._source, self._columns
        head = source.columns()
        named = missing_columns(source.name, head, source.sample(), asked_for(columns))
        if named:
            return named[0]
        listed = ", ".join(head)
        if head and not columns.labels and not has_labels(head):
            message = f"no such column; the header has {listed}: name the one to read with --label-field"
            return Problem(source.name, 1, "tags", message)
        if head and not columns.text and not {*FIELDS} & set(head):
            message = f"no such column; the header has {listed}: name the one to read with --text-column"
            return Problem(source.name, 1, "text", message)
        return (self._ambiguous_fields() if source.format == "json" and source.path else None) or self._no_labels(head)

    def _no_labels(self, head: Sequence[str]) -> Problem | None:
        """Return the problem of a label field that was named and is in no record; Label Studio's tasks may have it."""
        sample = self._source.sample()
        if any(isinstance(record.fields.get("annotations"), list) for record in sample):
            return None
        return next(
            iter(missing_columns(self._source.name, head, sample, {"--label-field": self._columns.labels or None})),
            None,
        )

    def _ambiguous_fields(self) -> Problem | None:
        lists = (record.fields.get("annotations") for record in self._source.records() if isinstance(record, Record))
        annotations = [one for some in lists if isinstance(some, list) for one in some]
        fields = choice_fields(annotations)
        self._has_choices = bool(fields)
        if not fields and (kinds := other_kinds(annotations)):
            return Problem(self._source.name, 0, "annotations", no_choices(kinds))
        if len(fields) > 1 and not self._columns.labels:
            return Problem(self._source.name, 0, "annotations", ambiguous(fields))
        if fields and self._columns.labels and self._columns.labels not in fields:
            message = f"is no field of these tasks: they have {', '.join(fields)}"
            return Problem(self._source.name, 0, self._columns.labels, message)
        return None
