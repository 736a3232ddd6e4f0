"""Parquet: columns of any type are read, and no column stands in the way of the others."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from model.errors import Problem
from training.corpus.format import Contents, Records, WholeFormat, flat, is_words
from training.corpus.header import check_header
from training.corpus.records import Record

_READ_ROWS = 200
_WRITE_ROWS = 5000
_INFINITIES = (float("inf"), float("-inf"))
"""NaN is none of them: pandas writes it where a value is missing."""
Kind: TypeAlias = Literal["null", "boolean", "integer", "number", "words", "string"]
"""What the cells of a column are that is written."""


class Parquet(WholeFormat):
    """Apache Parquet."""

    name = "parquet"
    suffixes = (".parquet", ".pq")
    holds_results = True
    writer = "pyarrow.parquet"

    def records(self, contents: Contents) -> Records:
        """Yield the rows."""
        source = _open(contents)
        names = check_header(source.schema_arrow.names, contents.file, 0)
        line = 0
        for batch in source.iter_batches(batch_size=_READ_ROWS):
            columns = [_Column(name, values) for name, values in zip(names, batch.columns, strict=True)]
            for row in range(batch.num_rows):
                line += 1
                problems = [
                    Problem(contents.file, line, column.name, column.broken[row])
                    for column in columns
                    if row in column.broken
                ]
                yield Record(line, {column.name: column.values[row] for column in columns}, tuple(problems))

    def columns(self, contents: Contents) -> list[str]:
        """Return the names in the schema."""
        return list(_open(contents).schema_arrow.names)

    def write(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Write rows in columns whose types their cells decide: numbers, lists of words, or strings."""
        import pyarrow as arrow
        import pyarrow.parquet

        kinds = kinds_of(columns, rows)
        schema = arrow.schema([(name, arrow_type(kind)) for name, kind in zip(columns, kinds, strict=True)])
        count = 0
        waiting = iter(rows)
        with pyarrow.parquet.ParquetWriter(path, schema) as writer:
            while batch := list(islice(waiting, _WRITE_ROWS)):
                cells = [[as_kind(row[n], kind) for row in batch] for n, kind in enumerate(kinds)]
                arrays = [arrow.array(column, field.type) for column, field in zip(cells, schema, strict=True)]
                writer.write_batch(arrow.record_batch(arrays, schema=schema))
                count += len(batch)
        return count


def _open(contents: Contents) -> Any:
    import pyarrow.parquet

    stream = contents.stream
    if stream is not contents.raw or not stream.seekable():
        stream = io.BytesIO(stream.read())
    return pyarrow.parquet.ParquetFile(stream)


class _Column:
    """The values of a column in one batch, as JSON has them, and what is broken among them, by row."""

    def __init__(self, name: str, array: Any) -> None:
        self.name = name
        self.broken: dict[int, str] = {}
        self.values = [self._plain(row, value) for row, value in enumerate(_python_values(array))]

    def _plain(self, row: int, value: object) -> object:
        if value is None or isinstance(value, str | int | float):
            if value in _INFINITIES:
                self.broken[row] = f"has the number {value}, which JSON does not have: it is read as null"
            return value
        if isinstance(value, bytes):
            return self._text(row, value)
        return msgspec.to_builtins(value, str_keys=True, enc_hook=str)

    def _text(self, row: int, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            self.broken[row] = "holds bytes that are not UTF-8: save it as strings"
            return base64.b64encode(value).decode()


def _python_values(array: Any) -> list[object]:
    """Return the values of an Arrow array; those of a type that Python has not, such as nanoseconds, as strings."""
    import pyarrow
    from pyarrow import types

    if types.is_temporal(array.type) and not types.is_interval(array.type):
        array = array.cast(pyarrow.string())
        if types.is_string(array.type):
            return [text and text.replace(" ", "T", 1) for text in array.to_pylist()]
    try:
        values: list[object] = array.to_pylist()
    except (ValueError, OverflowError, pyarrow.ArrowException):
        values = [_python_value(scalar) for scalar in array]
    return values


def _python_value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return str(scalar)


def kinds_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[Kind]:
    """Return the narrowest kind that holds every cell of each column."""
    kinds: list[Kind] = ["null"] * len(columns)
    for row in rows:
        kinds = [_common(kind, cell) for kind, cell in zip(kinds, row, strict=True)]
    return kinds


def arrow_type(kind: Kind) -> Any:
    """Return the Arrow type of a column."""
    import pyarrow as arrow

    types = {
        "boolean": arrow.bool_(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "words": arrow.list_(arrow.string()),
    }
    return types.get(kind, arrow.string())


def _common(kind: Kind, cell: object) -> Kind:
    new = _kind(cell)
    if new == "null" or new == kind:
        return kind
    if kind == "null":
        return new
    return "number" if {kind, new} == {"integer", "number"} else "string"


def _kind(cell: object) -> Kind:
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, int):
        return "integer" if -(2**63) <= cell < 2**63 else "string"
    if isinstance(cell, float):
        return "number"
    return "words" if isinstance(cell, list | tuple) and is_words(cell) else "string"


def as_kind(cell: object, kind: Kind) -> object:
    """Return a cell as the column of this kind holds it."""
    if cell is None or kind in ("boolean", "integer", "words"):
        return cell
    if kind == "number":
        return float(str(cell))
    value = flat(cell)
    return str(value)
