"""What the first records of an input say before it is tagged: columns that are missing, long ones that are not read."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from model.errors import DataError
from service.batch.options import Options
from training.corpus.column_check import missing_columns
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
        asked_for = {"--text-column": self.options.text_column, "--id-column": self.options.id_column}
        if problems := missing_columns(source.name, (), records, asked_for):
            raise DataError(problems[:1])
        unread = describe_unread(records, self.options.text_column)
        if unread:
            self._n_notes += 1
            if self._n_notes <= _MOST_NOTES:
                self.notify(f"{source.name}: {unread}")
