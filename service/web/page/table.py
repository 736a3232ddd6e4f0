"""Many records with their tags: as rows of the page, and as a file to take home."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from model import Tagging, TextError, TopicTagger
from model.document import FIELDS, shorten
from service.web.page.uploads import Entry
from training.corpus.format import AppendedFormat, WholeFormat, flat
from training.corpus.formats.table import Csv
from training.corpus.formats.xlsx import Xlsx
from training.corpus.registry import FORMATS

DOWNLOADS = {
    Csv.name: "text/csv; charset=utf-8",
    Xlsx.name: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Formats in which the table can be downloaded, with their media types."""
_SHOWN_CHARS = 160
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.,]*\Z)")
"""How a cell begins that a spreadsheet takes for a formula; a number with its sign is none."""


class Row(NamedTuple):
    """A record with its tags, or with why it has none."""

    entry: Entry
    tagging: Tagging | None
    problem: str = ""

    @property
    def beginning(self) -> str:
        """Return the first words: the title where there is one."""
        given = next((str(self.entry.fields[name]) for name in FIELDS if self.entry.fields.get(name)), "")
        return shorten(" ".join(given.split()), _SHOWN_CHARS)

    @property
    def id(self) -> str:
        """Return the id, or the place of a record without one."""
        identity = self.entry.fields.get("id")
        return str(identity) if identity not in (None, "") else self.entry.place


def tag_entries(tagger: TopicTagger, entries: Sequence[Entry]) -> list[Row]:
    """Return the entries with their tags, in their order."""
    readable = [entry.document for entry in entries if entry.document is not None]
    outcomes = iter(tagger.tag_many(readable, errors="return"))
    return [_row(entry, next(outcomes)) if entry.document else Row(entry, None, entry.problem) for entry in entries]


def _row(entry: Entry, outcome: Tagging | TextError) -> Row:
    return Row(entry, None, str(outcome)) if isinstance(outcome, TextError) else Row(entry, outcome)


def download(rows: Sequence[Row], tags: Sequence[str], format: str) -> bytes:
    """Return the rows as a file: the columns that came, then tags, probabilities, model, warnings and error."""
    given = list(dict.fromkeys(name for row in rows for name in row.entry.fields))
    own = ["tags", *(f"score_{tag}" for tag in tags), "model", "warnings", "error"]
    columns = [*(f"input_{name}" if name in own else name for name in given), *own]
    cells = (_cells(row, given, tags) for row in rows)
    writer = FORMATS[format]
    if isinstance(writer, AppendedFormat):
        harmless = ([_harmless(cell) for cell in row] for row in cells)
        return writer.header([str(_harmless(name)) for name in columns], bom=True) + writer.encode(harmless, columns)
    assert isinstance(writer, WholeFormat)
    most = writer.max_cell_chars or 0
    with TemporaryDirectory(prefix="chude-") as folder:
        path = Path(folder) / f"tags.{format}"
        writer.write(path, columns, [[_fitting(cell, most) for cell in row] for row in cells])
        return path.read_bytes()


def _cells(row: Row, given: Sequence[str], tags: Sequence[str]) -> Iterator[object]:
    yield from (row.entry.fields.get(name) for name in given)
    tagging: Mapping[str, object] = row.tagging or {}
    scores = row.tagging["scores"] if row.tagging else {}
    yield " ".join(row.tagging["tags"]) if row.tagging else None
    yield from (scores.get(tag) for tag in tags)
    yield tagging.get("model")
    yield "; ".join(row.tagging.get("warnings", ())) if row.tagging else None
    yield row.problem or None


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    written = flat(cell)
    return f"'{written}" if isinstance(written, str) and _FORMULA.match(written) else written


def _fitting(cell: object, most_chars: int) -> object:
    """Return a cell that fits into the format: a longer text is cut, and ends with dots."""
    written = flat(cell)
    if not isinstance(written, str) or len(written) * 2 <= most_chars:
        return written
    units = written.encode("utf-16-le")[: 2 * (most_chars - 3)]
    return (
        written if len(written.encode("utf-16-le")) <= 2 * most_chars else f"{units.decode('utf-16-le', 'ignore')}..."
    )
