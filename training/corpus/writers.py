"""Labelled examples as files: JSON Lines, CSV, TSV, Parquet, fastText and Label Studio's JSON, one at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from model.errors import DataError, Problem
from training.corpus.examples import Example

_COLUMNS = ("id", "text", "tags", "borderline")
_PARQUET_ROWS = 5000


def as_record(example: Example) -> dict[str, Any]:
    """Return the example as a labelled record."""
    record: dict[str, Any] = {"id": example.id, "text": example.text, "tags": sorted(example.tags)}
    return record | {"borderline": sorted(example.borderline)} if example.borderline else record


def json_lines(examples: Iterable[Example]) -> Iterator[bytes]:
    """Yield a line for each example."""
    for example in examples:
        yield msgspec.json.encode(as_record(example)) + b"\n"


def _write_jsonl(examples: Iterable[Example], path: Path) -> int:
    with path.open("wb") as stream:
        return sum(stream.write(line) > 0 for line in json_lines(examples))


def _write_table(examples: Iterable[Example], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",", lineterminator="\n")
        writer.writerow(_COLUMNS)
        for example in examples:
            tags, borderline = (" ".join(sorted(found)) for found in (example.tags, example.borderline))
            writer.writerow((example.id, example.text, tags, borderline))
            count += 1
    return count


def _write_fasttext(examples: Iterable[Example], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for example in examples:
            labels = [f"__label__{tag}" for tag in sorted(example.tags)]
            stream.write(" ".join([*labels, *example.text.split()]) + "\n")
            count += 1
    return count


def _write_parquet(examples: Iterable[Example], path: Path) -> int:
    import pyarrow
    import pyarrow.parquet

    string = pyarrow.string()
    schema = pyarrow.schema(
        [("id", string), ("text", string), *((name, pyarrow.list_(string)) for name in _COLUMNS[2:])]
    )
    count = 0
    batch: list[dict[str, Any]] = []
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for example in examples:
            batch.append({"borderline": [], **as_record(example)})
            count += 1
            if len(batch) == _PARQUET_ROWS:
                writer.write_table(pyarrow.Table.from_pylist(batch, schema))
                batch = []
        if batch:
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))
    return count


def _write_label_studio(examples: Iterable[Example], path: Path) -> int:
    """Write a list of tasks with their annotations, as Label Studio exports and imports them."""
    count = 0
    with path.open("wb") as stream:
        for count, example in enumerate(examples, 1):
            record = as_record(example)
            choices = {"type": "choices", "from_name": "topics", "to_name": "text"}
            result = [{**choices, "value": {"choices": record.pop("tags")}}]
            task = {"id": count, "data": record, "annotations": [{"result": result}]}
            stream.write((b",\n" if count > 1 else b"[\n") + msgspec.json.encode(task))
        stream.write(b"\n]\n" if count else b"[]\n")
    return count


_WRITERS: dict[str, Callable[[Iterable[Example], Path], int]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_table,
    ".tsv": _write_table,
    ".parquet": _write_parquet,
    ".txt": _write_fasttext,
    ".ft": _write_fasttext,
    ".json": _write_label_studio,
}


def write_examples(examples: Iterable[Example], path: Path) -> int:
    """Write the examples into a file, by its name, whole or not at all; return how many. Raises DataError."""
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise DataError([Problem(str(path), 0, "", f"unknown kind of file; use one of {', '.join(_WRITERS)}")])
    part = path.with_name(f".part-{path.name}")
    try:
        count = write(examples, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count
