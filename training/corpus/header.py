"""Names of the columns of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from model.errors import DataError, Problem


def check_header(names: Sequence[str], file: str, line: int) -> list[str]:
    """Return the names of the columns; one without a name is called by its number, such as `column_3`.

    Raises DataError where two columns have one name: a record can have only one value of it.
    """
    named = [name.strip() or f"column_{number}" for number, name in enumerate(names, 1)]
    problems = [
        Problem(file, line, name, f"names {count} columns: rename or remove all but one")
        for name, count in Counter(named).items()
        if count > 1
    ]
    if problems:
        raise DataError(problems)
    return named
