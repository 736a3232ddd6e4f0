"""Labelled files: JSON Lines, CSV, TSV, Parquet, fastText and Label Studio's JSON, and folders of them; .gz, too."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from model.errors import DataError, Problem
from training.corpus.examples import Example, parse_record

_MAX_FIELD_CHARS = 1 << 27
_LABEL = "__label__"
Record = tuple[int, object]
"""Line number and what stands there; a Problem when it could not be parsed."""


def _decoded_lines(stream: IO[bytes], file: str) -> Iterator[tuple[int, str | Problem]]:
    for number, raw in enumerate(stream, 1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            yield number, Problem(file, number, "", f"not UTF-8 at byte {error.start} of the line: save it as UTF-8")
        else:
            if line.strip():
                yield number, line


def _read_jsonl(stream: IO[bytes], file: str) -> Iterator[Record]:
    for number, line in _decoded_lines(stream, file):
        if isinstance(line, Problem):
            yield number, line
            continue
        try:
            yield number, msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield number, Problem(file, number, "", f"not JSON ({error}): one object a line")


def _read_fasttext(stream: IO[bytes], file: str) -> Iterator[Record]:
    for number, line in _decoded_lines(stream, file):
        if isinstance(line, Problem):
            yield number, line
            continue
        words = line.split()
        labels = [word.removeprefix(_LABEL) for word in words if word.startswith(_LABEL)]
        yield number, {"text": " ".join(word for word in words if not word.startswith(_LABEL)), "tags": labels}


def _read_table(stream: IO[bytes], file: str, delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(_MAX_FIELD_CHARS)
    lines = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    rows = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        if "tags" not in (rows.fieldnames or ()):
            yield (
                1,
                Problem(file, 1, "tags", f"no such column; the header has {', '.join(rows.fieldnames or ['nothing'])}"),
            )
            return
        for row in rows:
            if None in row or None in row.values():
                yield rows.line_num, Problem(file, rows.line_num, "", "has more or fewer columns than the header")
            else:
                yield rows.line_num, {key: value for key, value in row.items() if value or key in ("tags", "text")}
    except (csv.Error, UnicodeDecodeError) as error:
        yield rows.line_num + 1, Problem(file, rows.line_num + 1, "", f"not a readable table from here on: {error}")
    finally:
        lines.detach()


def _read_csv(stream: IO[bytes], file: str) -> Iterator[Record]:
    return _read_table(stream, file, ",")


def _read_tsv(stream: IO[bytes], file: str) -> Iterator[Record]:
    return _read_table(stream, file, "\t")


def _read_parquet(stream: IO[bytes], file: str) -> Iterator[Record]:
    import pyarrow
    import pyarrow.parquet

    try:
        source = pyarrow.parquet.ParquetFile(stream)
        number = 0
        for batch in source.iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pyarrow.ArrowException, OSError) as error:
        yield 0, Problem(file, 0, "", f"not a readable Parquet file: {str(error).splitlines()[0]}")


def _read_label_studio(stream: IO[bytes], file: str) -> Iterator[Record]:
    """Read Label Studio's JSON export: a list of tasks, each with its annotations; the last finished one counts."""
    try:
        tasks = msgspec.json.decode(stream.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        yield 0, Problem(file, 0, "", f"not JSON ({error}); records one a line belong into .jsonl")
        return
    if not isinstance(tasks, list):
        yield 0, Problem(file, 0, "", "must be a list of tasks, as Label Studio exports them as JSON")
        return
    for number, task in enumerate(tasks, 1):
        try:
            yield number, _from_task(task)
        except (KeyError, TypeError, AttributeError):
            yield (
                number,
                Problem(file, number, "annotations", "is no task as Label Studio exports it: use its JSON export"),
            )


def _from_task(task: dict[str, Any]) -> object:
    finished = [annotation for annotation in task["annotations"] if not annotation.get("was_cancelled")]
    if not finished:
        return {**task["data"], "tags": None}
    choices = [part["value"]["choices"] for part in finished[-1]["result"] if part["type"] == "choices"]
    record = {"id": str(task["id"]), **task["data"]}
    return {**record, "tags": [choice for chosen in choices for choice in chosen]}


_READERS: dict[str, Callable[[IO[bytes], str], Iterator[Record]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
    ".txt": _read_fasttext,
    ".ft": _read_fasttext,
    ".json": _read_label_studio,
}


def _reader_of(path: Path) -> Callable[[IO[bytes], str], Iterator[Record]] | None:
    return _READERS.get(Path(path.name.removesuffix(".gz")).suffix.lower())


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(child for child in path.rglob("*") if child.is_file() and _reader_of(child))
        else:
            yield path


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.name.endswith(".gz") else path.open("rb")


def _read_file(path: Path) -> Iterator[Example | Problem]:
    file = str(path)
    reader = _reader_of(path)
    if reader is None:
        yield Problem(file, 0, "", f"unknown kind of file; use one of {', '.join(_READERS)}, or these with .gz")
        return
    try:
        with _open(path) as stream:
            for line, record in reader(stream, file):
                if isinstance(record, Problem):
                    yield record
                    continue
                parsed = parse_record(record, file, line)
                if isinstance(parsed, Example):
                    yield parsed
                else:
                    yield from parsed
    except (OSError, EOFError) as error:
        yield Problem(file, 0, "", f"cannot be read: {getattr(error, 'strerror', None) or error}")


def read_records(paths: Iterable[Path]) -> Iterator[Example | Problem]:
    """Yield an example or a problem for every record of the files, and of the files in the folders, in order."""
    for path in _files(paths):
        yield from _read_file(path)


def read_examples(paths: Sequence[Path]) -> list[Example]:
    """Return the examples of all files. Raises DataError with every problem if there is any, or no example."""
    records = list(read_records(paths))
    problems = [record for record in records if isinstance(record, Problem)]
    if problems:
        raise DataError(problems)
    if not records:
        names = ", ".join(map(str, paths))
        raise DataError([Problem(names, 0, "", f"no labelled record; files end in {', '.join(_READERS)} or .gz")])
    return [record for record in records if isinstance(record, Example)]
