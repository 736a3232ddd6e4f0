"""Records read from and written to a file of any format, in one call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from model.errors import Problem
from training.corpus.examples import COLUMNS, Columns, Example
from training.corpus.format import AppendedFormat, WholeFormat
from training.corpus.readers import read_records
from training.corpus.records import Record
from training.corpus.registry import FORMATS
from training.corpus.sources import find_sources


def read(path: Path) -> list[Record | Problem]:
    (source,) = find_sources([str(path)])
    return list(source.records())


def read_bytes(path: Path, data: str | bytes) -> list[Record | Problem]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read(path)


def values(records: Iterable[Record | Problem]) -> list[list[object]]:
    return [list(record.fields.values()) for record in records if isinstance(record, Record)]


def problems(records: Iterable[Record | Problem]) -> list[Problem]:
    return [record for record in records if isinstance(record, Problem)]


def write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]], *, bom: bool = False) -> None:
    format = FORMATS[path.suffix[1:]]
    if isinstance(format, AppendedFormat):
        middle = len(rows) // 2
        parts = [
            format.header(columns, bom=bom),
            *(format.encode(part, columns) for part in (rows[:middle], rows[middle:])),
        ]
        path.write_bytes(b"".join(parts))
    else:
        assert isinstance(format, WholeFormat)
        assert format.write(path, columns, rows) == len(rows)


def read_labelled(path: Path, data: object, columns: Columns = COLUMNS) -> tuple[list[Example | Problem], list[str]]:
    """Write the records as JSON Lines, or a list as it is into a .json, and read them with what there is to say."""
    text = json.dumps(data) if path.suffix == ".json" else "\n".join(map(json.dumps, data))  # type: ignore[call-overload]
    path.write_text(text, encoding="utf-8")
    notes: list[str] = []
    return list(read_records([path], columns, notes.append)), notes


def tags_of(records: Sequence[Example | Problem]) -> list[list[str]]:
    return [sorted(record.tags) for record in records if isinstance(record, Example)]
