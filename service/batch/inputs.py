"""Input files of any size as blocks of about a megabyte: JSON Lines, CSV, TSV, Parquet, and folders of .txt and .html.

A block of JSON Lines is passed on as it stands in the file, or as its place there, so that whoever tags it parses it.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from model.errors import DataError, Problem
from service.batch.blocks import Block, Stretch

BLOCK_BYTES = 1 << 20
BLOCK_RECORDS = 1000
MAX_LINE_BYTES = 1 << 26
"""Longest line of JSON Lines that is read; a longer one is an error of its own."""
COMPRESSIONS = (".gz", ".zst")
DOCUMENTS = (".txt", ".html", ".htm", ".xhtml")


Blocks = Iterator[Block]


def format_of(name: str) -> str:
    """Return what a file name says of its contents, such as "jsonl", "csv" or "txt", whatever its compression."""
    path = Path(name)
    suffix = Path(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix
    return {".ndjson": "jsonl"}.get(suffix.lower(), suffix.lower().removeprefix("."))


def open_input(path: Path | None) -> tuple[IO[bytes], IO[bytes]]:
    """Return a stream of the contents of a file, or of standard input, and the file itself."""
    raw = sys.stdin.buffer if path is None else path.open("rb")
    if path is not None and path.suffix == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw)), raw
    if path is not None and path.suffix == ".zst":
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False)
        return cast(IO[bytes], io.BufferedReader(cast(io.RawIOBase, reader))), raw
    return raw, raw


def _position(raw: IO[bytes]) -> int:
    return raw.tell() if raw.seekable() else 0


def _end_of_line(stream: IO[bytes]) -> bytes:
    """Read the rest of a line; of one that is too long, only its beginning, and step over what follows."""
    line = stream.readline(MAX_LINE_BYTES + 1)
    if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
        while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass
        return line + b"\n"
    return line


def _count_lines(buffer: bytearray, size: int) -> int:
    """Return how many lines end in the beginning of a buffer, in a fifth of the time that its `count` takes."""
    return int(np.count_nonzero(np.frombuffer(buffer, np.uint8, size) == ord("\n")))


def _read_lines(stream: IO[bytes], raw: IO[bytes], source: str, path: Path | None = None) -> Blocks:
    """Yield the lines of a stream in blocks; with their place alone if `path` is given, a file that has them as is."""
    buffer = bytearray(BLOCK_BYTES)
    first, start = 1, 0
    while size := cast(io.BufferedIOBase, stream).readinto(buffer):
        rest = b"" if buffer.endswith(b"\n", 0, size) else _end_of_line(stream)
        position = _position(raw)
        if path and position - start == size + len(rest):  # otherwise a line was too long, and its end stepped over
            lines: bytes | Stretch = Stretch(path, start, position - start)
        else:
            lines = b"".join((memoryview(buffer)[:size], rest))
        yield Block(source, "lines", first, [lines], position)
        first += _count_lines(buffer, size) + rest.count(b"\n")
        start = position


def _rows_to_blocks(rows: Iterable[tuple[int, Any]], raw: IO[bytes], source: str) -> Blocks:
    block: list[tuple[int, Any]] = []
    size = 0
    for line, row in rows:
        block.append((line, row))
        size += sum(len(value) for value in row.values() if isinstance(value, str)) if isinstance(row, dict) else 100
        if size >= BLOCK_BYTES or len(block) >= BLOCK_RECORDS:
            yield Block(source, "rows", block[0][0], block, _position(raw))
            block, size = [], 0
    if block:
        yield Block(source, "rows", block[0][0], block, _position(raw))


def _table_rows(stream: IO[bytes], delimiter: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    csv.field_size_limit(MAX_LINE_BYTES)
    lines = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    rows = csv.DictReader(lines, delimiter=delimiter, restkey="")
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            yield line, f"not a readable row: {error}"
            continue
        if "" in row and isinstance(row[""], list):
            yield line, "has more columns than the header"
        elif None in row.values():
            yield line, "has fewer columns than the header"
        else:
            yield line if line > 1 else 2, row
    lines.detach()


def _read_csv(stream: IO[bytes], raw: IO[bytes], source: str) -> Blocks:
    return _rows_to_blocks(_table_rows(stream, ","), raw, source)


def _read_tsv(stream: IO[bytes], raw: IO[bytes], source: str) -> Blocks:
    return _rows_to_blocks(_table_rows(stream, "\t"), raw, source)


def _parquet_rows(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow.parquet

    number = 0
    for batch in pyarrow.parquet.ParquetFile(stream).iter_batches(batch_size=200):
        for row in batch.to_pylist():
            number += 1
            yield number, row


def _read_parquet(stream: IO[bytes], raw: IO[bytes], source: str) -> Blocks:
    if not stream.seekable() or stream is not raw:
        stream = io.BytesIO(stream.read())
    return _rows_to_blocks(_parquet_rows(stream), raw, source)


_READERS: dict[str, Callable[[IO[bytes], IO[bytes], str], Blocks]] = {
    "jsonl": _read_lines,
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
}
INPUT_FORMATS = (*_READERS, *(suffix.removeprefix(".") for suffix in DOCUMENTS))


@dataclass(frozen=True)
class Input:
    """One file to read, or standard input."""

    path: Path | None
    name: str
    """Name of its records: that of the file, or its path in the folder that was given."""
    format: str

    def blocks(self, *, by_place: bool = False) -> Blocks:
        """Yield the blocks of the file. Raises DataError when it cannot be read, or not to its end.

        With `by_place` a block of lines that stand in a file as they are has their stretch: less to send to a process
        that sees the same disk.
        """
        try:
            stream, raw = open_input(self.path)
            with raw:
                if self.format == "jsonl" and by_place and stream is raw and raw.seekable():
                    yield from _read_lines(stream, raw, self.name, self.path)
                elif self.format in _READERS:
                    yield from _READERS[self.format](stream, raw, self.name)
                else:
                    yield Block(self.name, "document", 0, [stream.read()], _position(raw))
        except (OSError, EOFError, ValueError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            what = str(getattr(error, "strerror", None) or error).splitlines()[0]
            raise DataError([Problem(self.name, 0, "", f"cannot be read as {self.format}: {what}")]) from None
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("zstandard", "pyarrow", "zlib"):
                raise
            raise DataError([Problem(self.name, 0, "", f"cannot be read as {self.format}: {error}")]) from None

    @property
    def size(self) -> int:
        """Return the bytes of the file on the disk; 0 for standard input."""
        return self.path.stat().st_size if self.path else 0


def find_inputs(names: Sequence[str], forced: str | None = None) -> list[Input]:
    """Return the files that are meant; folders are searched. Raises DataError for what is missing or unknown."""
    found: list[Input] = []
    problems: list[Problem] = []
    for name in names:
        path = Path(name)
        if name == "-":
            found.append(Input(None, "-", forced or "jsonl"))
        elif path.is_dir():
            inside = [child for child in sorted(path.rglob("*")) if child.is_file() and not child.name.startswith(".")]
            found += [
                Input(child, str(child.relative_to(path)), forced or format_of(child.name))
                for child in inside
                if forced or format_of(child.name) in INPUT_FORMATS
            ]
        elif not path.exists():
            problems.append(Problem(name, 0, "", "no such file"))
        elif (forced or format_of(path.name)) not in INPUT_FORMATS:
            known = ", ".join(f".{kind}" for kind in INPUT_FORMATS)
            problems.append(Problem(name, 0, "", f"unknown kind of file: use {known}, or --format"))
        else:
            found.append(Input(path, path.name, forced or format_of(path.name)))
    if problems:
        raise DataError(problems)
    if not found:
        raise DataError([Problem(", ".join(names), 0, "", "no file to tag in it")])
    return found
