"""Columns that were asked for by an option, and that an input does not have: one check for every command."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from model.errors import DataError, Problem
from training.corpus.records import Record
from training.corpus.sources import Source


def missing_columns(
    file: str, header: Sequence[str], records: Sequence[Record], asked_for: Mapping[str, str | None]
) -> list[Problem]:
    """Return a problem for each column that neither the header nor the first records of a file have.

    `asked_for` has the columns by their options, such as `--id-column`; None for an option that was not given. Nothing
    is said of a file that has neither header nor records.
    """
    names = list(dict.fromkeys([*header, *(name for record in records for name in record.fields)]))
    if not names:
        return []
    return [
        Problem(
            file, 0, f"{option} {column}", f"{_nowhere(records)}; there is {', '.join(names)}{_hint(column, names)}"
        )
        for option, column in asked_for.items()
        if column is not None and column not in names
    ]


def check_columns(sources: Iterable[Source], asked_for: Mapping[str, str | None]) -> None:
    """Raise DataError where a column is in none of the first records of some source, before anything is done."""
    problems = [
        problem
        for source in sources
        for problem in missing_columns(source.name, source.columns(), source.sample(), asked_for)
    ]
    if problems:
        raise DataError(problems)


def _nowhere(records: Sequence[Record]) -> str:
    if not records:
        return "is not in the header"
    return "is in none of its records" if len(records) == 1 else f"is in none of the first {len(records):,} records"


def _hint(column: str, names: Sequence[str]) -> str:
    """Return a question about the name that may be meant; letters of the other case count as alike."""
    by_folded = {name.casefold(): name for name in reversed(names)}
    close = difflib.get_close_matches(column.casefold(), by_folded, 1)
    return f"; did you mean {by_folded[close[0]]}?" if close else ""
