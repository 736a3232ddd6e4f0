"""What the first records of an input say before it is tagged: columns that are missing, long ones that are not read."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from model.errors import DataError, Problem
from service.batch.options import Options
from training.corpus.records import Record, describe_unread
from training.corpus.sources import Source

Notify = Callable[[str], None]
_SAMPLED = 1000
_MOST_NOTES = 10


def can_be_read_again(source: Source) -> bool:
    """Tell whether a source is a file, and neither standard input nor a pipe or a device."""
    return source.path is not None and stat.S_ISREG(source.path.stat().st_mode)


@dataclass
class Inspection:
    """Looks at the beginning of each input once, and passes on what the user should know of it."""

    options: Options
    notify: Notify
    _n_notes: int = field(default=0, init=False)

    def inspect_files(self, sources: Sequence[Source]) -> None:
        """Inspect what can be read ahead. Raises DataError where a column that was asked for is in no record."""
        for source in sources:
            if can_be_read_again(source):
                self.inspect(source, source.sample(_SAMPLED))
        if self._n_notes > _MOST_NOTES:
            self.notify(f"the same holds for {self._n_notes - _MOST_NOTES} more inputs")

    def inspect(self, source: Source, sample: Sequence[Record]) -> None:
        """Inspect the first records of one input. Raises DataError as above."""
        records = [record for record in sample if record.line]  # a document in a file of its own has no columns
        if not records:
            return
        self._check("--text-column", self.options.text_column, source, records)
        self._check("--id-column", self.options.id_column, source, records)
        unread = describe_unread(records, self.options.text_column)
        if unread:
            self._n_notes += 1
            if self._n_notes <= _MOST_NOTES:
                self.notify(f"{source.name}: {unread}")

    def _check(self, flag: str, column: str | None, source: Source, records: Sequence[Record]) -> None:
        if column is None or any(column in record.fields for record in records):
            return
        names = list(dict.fromkeys(name for record in records for name in record.fields))
        close = difflib.get_close_matches(column, names, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        message = f"is in none of the first {len(records):,} records; there is {', '.join(names) or 'nothing'}{hint}"
        raise DataError([Problem(source.name, 0, f"{flag} {column}", message)])
