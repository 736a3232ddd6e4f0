"""Outputs that are written when all records are there, Parquet and XLSX, made from JSON Lines in two readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from service.batch.options import BatchError
from service.batch.rows import Layout, as_json
from training.corpus.format import WholeFormat
from training.corpus.formats.parquet import Kind, arrow_type, as_kind, kinds_of
from training.corpus.registry import FORMATS

if TYPE_CHECKING:
    import pyarrow

_PARQUET_ROWS = 10_000
_INT64 = range(-(1 << 63), 1 << 63)


class _Id(msgspec.Struct):
    id: str | int | float


@dataclass(frozen=True)
class WholeOutput:
    """A format that is written whole, and what its records are called."""

    format: str
    layout: Layout

    @staticmethod
    def check_installed(format: str) -> None:
        """Raise ModuleNotFoundError, before anything is tagged, where the package that writes the format is missing."""
        known = FORMATS[format]
        if isinstance(known, WholeFormat) and known.writer:
            import_module(known.writer)

    def check_size(self, n_records: int) -> None:
        """Raise BatchError where the format cannot hold so many records."""
        most = self._whole_format.max_rows
        if most and n_records >= most:  # one row is the header
            raise BatchError(f"{self.format} holds {most:,} rows: write .csv or .parquet")

    @property
    def _whole_format(self) -> WholeFormat:
        format = FORMATS[self.format]
        assert isinstance(format, WholeFormat)
        return format

    def write(self, lines: Path, target: Path) -> None:
        """Turn a file of output records as JSON Lines into the format. Raises DataError where they do not fit."""
        if self.format == "parquet":
            return _write_parquet(lines, target, self.layout)
        format = self._whole_format
        format.write(target, self.layout.columns, _Rows(lines, self.layout, format.max_cell_chars))
        return None


@dataclass(frozen=True)
class _Rows:
    """The output records as rows of a sheet, as often as they are asked for, one at a time."""

    lines: Path
    layout: Layout
    max_cell_chars: int | None

    def __iter__(self) -> Iterator[list[object]]:
        columns = self.layout.columns
        for record in _records(self.lines):
            row = self.layout.row(record)
            yield _cut_cells(columns, row, self.max_cell_chars) if self.max_cell_chars else row


def _cut_cells(columns: Sequence[str], row: list[object], most: int) -> list[object]:
    """Return a row without what a cell cannot hold; its warnings say in which columns it was cut."""
    cut = [n for n, cell in enumerate(row) if isinstance(cell, str) and _n_units(cell) > most]
    for n in cut:
        units = str(row[n]).encode("utf-16-le")[: 2 * most]
        row[n] = units.decode("utf-16-le", "ignore")
    if cut:
        names = ", ".join(columns[n] for n in cut)
        n = columns.index("warnings")
        note = f"cut to the {most:,} characters of a cell: {names}"
        row[n] = f"{row[n]}; {note}" if row[n] else note
    return row


def _n_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _records(lines: Path) -> Iterator[dict[str, Any]]:
    with lines.open("rb") as stream:
        yield from map(msgspec.json.decode, stream)


def _write_parquet(lines: Path, target: Path, layout: Layout) -> None:
    import pyarrow
    import pyarrow.parquet

    string = pyarrow.string()
    kinds = kinds_of(layout.kept, ([output.get(name) for name in layout.kept] for output in _records(lines)))
    kept = dict(zip(layout.kept, kinds, strict=True))
    schema = pyarrow.schema(
        [
            ("id", _id_type(lines)),
            ("tags", pyarrow.list_(string)),
            ("scores", pyarrow.struct([(tag, pyarrow.float64()) for tag in layout.tags])),
            ("model", string),
            ("warnings", pyarrow.list_(string)),
            ("error", pyarrow.struct([("code", string), ("message", string)])),
            *((name, string) for name in ("evidence", "context", "left_out", *layout.texts)),
            *((name, arrow_type(kind)) for name, kind in kept.items()),
            ("kept", string),
        ]
    )
    rows = (_parquet_row(output, layout, schema, kept) for output in _records(lines))
    with pyarrow.parquet.ParquetWriter(target, schema) as writer:
        while some := list(islice(rows, _PARQUET_ROWS)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema))


def _id_type(lines: Path) -> pyarrow.DataType:
    """Return the narrowest type that holds every id: a whole number, a number, or else a string."""
    import pyarrow

    decode = msgspec.json.Decoder(_Id).decode
    kinds = set()
    with lines.open("rb") as stream:
        for line in stream:
            identity = decode(line).id
            kinds.add(str if isinstance(identity, int) and identity not in _INT64 else type(identity))
    if kinds == {int}:
        return pyarrow.int64()
    return pyarrow.float64() if kinds == {float} else pyarrow.string()


def _parquet_row(
    output: dict[str, Any], layout: Layout, schema: pyarrow.Schema, kept: Mapping[str, Kind]
) -> dict[str, Any]:
    """Return the record with what has no type of its own as JSON."""
    row = {name: output.get(name) for name in schema.names}
    for name in ("evidence", "context", "left_out"):
        row[name] = as_json(output[name]) if name in output else None
    if schema.field("id").type == "string":
        row["id"] = str(output["id"])
    row |= {name: as_kind(row[name], kind) for name, kind in kept.items()}
    row["kept"] = layout.others(output, layout.kept)
    return row
