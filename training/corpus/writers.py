"""Labelled examples as files: with every field that came in, in any format that can be written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from model.document import FIELDS
from model.errors import DataError, Problem
from model.files import write_whole
from training.corpus.compression import compressed
from training.corpus.examples import Example
from training.corpus.format import AppendedFormat, WholeFormat
from training.corpus.formats.jsonl import JsonLines
from training.corpus.label_fields import NOT_FILLED_IN
from training.corpus.registry import COMPRESSIONS, FORMATS, format_of, split_name

COLUMNS = ("id", *FIELDS, "tags", "borderline", "evidence", "judged", "note")
"""The fields that an example has in a file."""
_ROWS = 500


def as_record(example: Example) -> dict[str, object]:
    """Return the example as a labelled record, with the fields that it came with."""
    record: dict[str, object] = {"id": example.id, **example.document.fields, "tags": sorted(example.tags)}
    if example.borderline:
        record["borderline"] = sorted(example.borderline)
    if example.evidence:
        record["evidence"] = {tag: list(sentences) for tag, sentences in example.evidence.items()}
    if example.judged is not None:
        record["judged"] = sorted(example.judged)
    if example.note:
        record["note"] = example.note
    return record


def json_lines(examples: Iterable[Example]) -> Iterator[bytes]:
    """Yield a line for each example."""
    for example in examples:
        yield msgspec.json.encode(as_record(example)) + b"\n"


class RecordRows:
    """The rows of a table of records that stand as JSON Lines in a file: they can be read several times."""

    def __init__(self, lines: Path, columns: Sequence[str]) -> None:
        self._lines, self._columns = lines, columns

    def __iter__(self) -> Iterator[list[object]]:
        """Yield a row with a cell for each column, None where the record has none."""
        with self._lines.open("rb") as stream:
            for line in stream:
                record = msgspec.json.decode(line)
                yield [record.get(column) for column in self._columns]


def writable_format(path: Path, *, bom: bool = False) -> AppendedFormat | WholeFormat:
    """Return the format that a file's name stands for. Raises DataError where it cannot be written in that way."""
    format = format_of(path.name, labelled=True)
    if not isinstance(format, AppendedFormat | WholeFormat):
        raise DataError([Problem(str(path), 0, "", f"unknown kind of file to write: use one of {writable_suffixes()}")])
    if isinstance(format, WholeFormat) and split_name(path.name)[2]:
        raise DataError([Problem(str(path), 0, "", f"{format.name} is not written compressed: leave the ending out")])
    if bom and not format.may_have_bom:
        raise DataError([Problem(str(path), 0, "", f"a byte order mark is for CSV and TSV; this is {format.name}")])
    return format


def write_examples(examples: Iterable[Example], path: Path, *, bom: bool = False) -> int:
    """Write the examples into a file, by its name, whole or not at all; return how many. Raises DataError.

    With `bom` a table begins with a byte order mark, by which Excel knows UTF-8.
    """
    return _write(map(as_record, examples), path, COLUMNS, bom=bom)


def write_unlabelled(records: Iterable[Mapping[str, object]], path: Path) -> int:
    """Write records whose tags are None, to be filled in, as `write_examples` writes examples.

    In a table "?" stands in their place: nothing would be the labels of a text without any tag. Raises DataError for a
    format that has nothing for them.
    """
    format = writable_format(path)
    if not format.holds_unlabelled:
        message = f"{format.name} has no place for a text that waits for its tags: use .jsonl, .csv, .xlsx or .json"
        raise DataError([Problem(str(path), 0, "", message)])
    if isinstance(format, JsonLines):
        return _write_lines(records, path)
    missing = NOT_FILLED_IN if format.is_table else None
    return _write(({**record, "tags": missing} for record in records), path, (*COLUMNS, "why", "scores"))


def _write_lines(records: Iterable[Mapping[str, object]], path: Path) -> int:
    """Write records as JSON Lines with their nulls, which that format leaves out of results."""
    lines = [msgspec.json.encode(record) + b"\n" for record in records]
    with write_whole(path) as part, part.open("wb") as raw, compressed(raw, split_name(path.name)[2]) as stream:
        stream.writelines(lines)
    return len(lines)


def _write(records: Iterable[Mapping[str, object]], path: Path, order: Sequence[str], *, bom: bool = False) -> int:
    format = writable_format(path, bom=bom)
    with write_whole(path) as part, tempfile.TemporaryDirectory(prefix="chude-") as folder:
        lines = Path(folder) / "examples.jsonl"
        columns, count = _spool(records, lines, order)
        rows = RecordRows(lines, columns)
        if isinstance(format, AppendedFormat):
            _append(format, part, columns, rows, bom=bom, compression=split_name(path.name)[2])
        else:
            format.write(part, columns, rows)
    return count


def writable_suffixes() -> str:
    """Return the endings of names that are written, for a message."""
    written = [format for format in FORMATS.values() if isinstance(format, AppendedFormat | WholeFormat)]
    lines = ", ".join(suffix for format in written if isinstance(format, AppendedFormat) for suffix in format.suffixes)
    whole = ", ".join(suffix for format in written if isinstance(format, WholeFormat) for suffix in format.suffixes)
    return f"{lines} (each with {' or '.join(COMPRESSIONS)} if you like), {whole}"


def _spool(records: Iterable[Mapping[str, object]], lines: Path, order: Sequence[str]) -> tuple[list[str], int]:
    """Write the records as JSON Lines; return the columns that they need, in `order`, and how many there are."""
    used = {"id", "tags"}
    count = 0
    with lines.open("wb") as stream:
        for record in records:
            used.update(record)
            stream.write(msgspec.json.encode(record) + b"\n")
            count += 1
    return [column for column in order if column in used], count


def _append(
    format: AppendedFormat,
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    bom: bool,
    compression: str,
) -> None:
    waiting = iter(rows)
    with path.open("wb") as raw, compressed(raw, compression) as stream:
        stream.write(format.header(columns, bom=bom))
        while some := list(islice(waiting, _ROWS)):
            stream.write(format.encode(some, columns))
