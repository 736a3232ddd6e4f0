"""Outputs that are written when all records are there, Parquet and XLSX, made from JSON Lines in two readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from service.batch.rows import Layout, as_json
from training.corpus.format import WholeFormat
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

    def write(self, lines: Path, target: Path) -> None:
        """Turn a file of output records as JSON Lines into the format. Raises DataError where they do not fit."""
        if self.format == "parquet":
            return _write_parquet(lines, target, self.layout)
        format = FORMATS[self.format]
        assert isinstance(format, WholeFormat)
        format.write(target, self.layout.columns, _Rows(lines, self.layout))
        return None


@dataclass(frozen=True)
class _Rows:
    """The output records as rows of a table, as often as they are asked for, one at a time."""

    lines: Path
    layout: Layout

    def __iter__(self) -> Iterator[list[object]]:
        return map(self.layout.row, _records(self.lines))


def _records(lines: Path) -> Iterator[dict[str, Any]]:
    with lines.open("rb") as stream:
        yield from map(msgspec.json.decode, stream)


def _write_parquet(lines: Path, target: Path, layout: Layout) -> None:
    import pyarrow
    import pyarrow.parquet

    string = pyarrow.string()
    schema = pyarrow.schema(
        [
            ("id", _id_type(lines)),
            ("tags", pyarrow.list_(string)),
            ("scores", pyarrow.struct([(tag, pyarrow.float64()) for tag in layout.tags])),
            ("model", string),
            ("warnings", pyarrow.list_(string)),
            ("error", pyarrow.struct([("code", string), ("message", string)])),
            *((name, string) for name in ("evidence", "context", "left_out", *layout.texts, "kept")),
        ]
    )
    rows = (_parquet_row(output, layout, schema) for output in _records(lines))
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


def _parquet_row(output: dict[str, Any], layout: Layout, schema: pyarrow.Schema) -> dict[str, Any]:
    """Return the record with what has no type of its own as JSON."""
    row = {name: output.get(name) for name in schema.names}
    for name in ("evidence", "context", "left_out"):
        row[name] = as_json(output[name]) if name in output else None
    if schema.field("id").type == "string":
        row["id"] = str(output["id"])
    row["kept"] = layout.others(output)
    return row
