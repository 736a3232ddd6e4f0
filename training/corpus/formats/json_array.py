"""JSON files that are one value: a list of records, or of the tasks that Label Studio exports and imports.

A task `{"id": 7, "data": {"text": ...}, "annotations": [...]}` is the record `{"id": 7, "text": ..., "annotations":
[...]}`; `exports.py` makes tags of the annotations. A file that holds one object per line is read as JSON Lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import msgspec

from model.errors import DataError, Problem
from training.corpus.format import Contents, Records, WholeFormat
from training.corpus.formats.jsonl import JsonLines, parse_line
from training.corpus.recoding import as_utf8
from training.corpus.records import Record

_FIELD = {"type": "choices", "from_name": "topics", "to_name": "text"}


class JsonArray(WholeFormat):
    """A list of records or tasks."""

    name = "json"
    suffixes = (".json",)

    def records(self, contents: Contents) -> Records:
        """Yield the records of the list, numbered from 1. Raises DataError for what is none."""
        data = as_utf8(contents).stream.read()
        try:
            items = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=list[msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield from _other(contents, data, error)
            return
        for number, item in enumerate(items, 1):
            record = parse_line(bytes(item), contents.file, number)
            yield _flattened(record) if isinstance(record, Record) else record

    def write(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Write a list of Label Studio's tasks; the column `tags` becomes their annotation, None no annotation."""
        count = 0
        with path.open("wb") as stream:
            stream.write(b"[")
            for count, row in enumerate(rows, 1):
                data = {name: cell for name, cell in zip(columns, row, strict=True) if cell is not None}
                tags = data.pop("tags", None)
                result = [{"result": [{**_FIELD, "value": {"choices": tags}}]}] if tags is not None else []
                task = {"id": count, "data": data, "annotations": result}
                stream.write((b",\n" if count > 1 else b"\n") + msgspec.json.encode(task))
            stream.write(b"\n]\n" if count else b"]\n")
        return count


def _other(contents: Contents, data: bytes, error: Exception) -> Iterator[Record | Problem]:
    """Yield the records of a file that is no list: one object, or one in each line."""
    if not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        message = f"must be a list of records or of Label Studio's tasks, or have one object per line ({error})"
        raise DataError([Problem(contents.file, 0, "", message)])
    single = parse_line(data.strip(), contents.file, 1)
    if isinstance(single, Record):
        yield _flattened(single)
        return
    stream = cast(IO[bytes], io.BufferedReader(cast(io.RawIOBase, io.BytesIO(data))))
    for record in JsonLines().records(contents._replace(stream=stream, path=None)):
        yield _flattened(record) if isinstance(record, Record) else record


def _flattened(record: Record) -> Record:
    """Return the record of a task, whose fields are in `data`; any other record as it is."""
    data = record.fields.get("data")
    if not isinstance(data, dict):
        return record
    # What is broken in `data` may be any of the fields that it has.
    problems = tuple(
        replace(problem, field=name, message=f"{problem.field}: {problem.message}")
        if problem.field == "data"
        else problem
        for problem in record.problems
        for name in (data if problem.field == "data" else (problem.field,))
    )
    return record._replace(
        problems=problems, fields={**{name: value for name, value in record.fields.items() if name != "data"}, **data}
    )
