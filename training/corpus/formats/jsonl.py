"""JSON Lines: one object per line. A block has the lines as they stand in the file; whoever uses it parses them."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

import msgspec
import numpy as np

from model.errors import DataError, Problem
from training.corpus.blocks import BLOCK_BYTES, Block, Stretch
from training.corpus.format import MAX_LINE_BYTES, AppendedFormat, Contents, Records
from training.corpus.recoding import as_utf8
from training.corpus.records import Record

_BOM = b"\xef\xbb\xbf"
_ENCODER = msgspec.json.Encoder()
_HEAD_BYTES = 4096
_NO_OBJECT = 'must be an object such as {"text": "..."}'
_ESCAPED_SURROGATE = "\\ud"
"""How half a character is escaped in JSON, and also each half of one beyond the basic plane."""


def encode_lines(records: Iterable[Mapping[str, object]]) -> bytes:
    """Return records as lines."""
    return b"".join(_ENCODER.encode(record) + b"\n" for record in records)


@dataclass(frozen=True)
class Lines(Block):
    """Neighbouring lines of a file, or their place in it."""

    first: int
    """Number of the first line, from 1."""
    lines: bytes | Stretch

    def records(self) -> Iterator[Record | Problem]:
        """Parse the lines."""
        data = self.lines.read() if isinstance(self.lines, Stretch) else self.lines
        for number, line in enumerate(data.split(b"\n"), self.first):
            if line and not line.isspace():
                yield parse_line(line, self.file, number)


def parse_line(line: bytes, file: str, number: int) -> Record | Problem:
    """Return the record in a line of JSON, or why there is none."""
    if number == 1:
        line = line.removeprefix(_BOM)
    if len(line) > MAX_LINE_BYTES:
        return Problem(file, number, "", f"the line has more than {MAX_LINE_BYTES:,} bytes")
    try:
        text = line.decode()
        fields = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return _parse_again(line, file, number)
    if not isinstance(fields, dict):
        return Problem(file, number, "", _NO_OBJECT)
    return _parse_again(line, file, number) if _ESCAPED_SURROGATE in text else Record(number, fields)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object in which no key stands twice. Raises ValueError."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


def _finite(number: str) -> float:
    """Return a number that is none of those which JSON does not have. Raises ValueError."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no JSON")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_float=_finite, parse_constant=_finite)


class _Object(dict[str, object]):
    """An object, with the keys that stand in it twice with different values."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.ambiguous: set[str] = set()
        if len(self) < len(pairs):
            self.ambiguous = {key for key, value in pairs if value != self[key]}


def _parse_again(line: bytes, file: str, number: int) -> Record | Problem:
    """Parse what the strict parser has refused: NaN, bad bytes, half characters, keys twice."""
    try:
        fields = json.loads(line.decode("utf-8", "surrogateescape"), object_pairs_hook=_Object)
    except RecursionError:
        return Problem(file, number, "", "objects or arrays are nested too deep: flatten the record")
    except ValueError as error:
        return Problem(file, number, "", f"not JSON ({error}): one object per line")
    if not isinstance(fields, _Object):
        return Problem(file, number, "", _NO_OBJECT)
    problems = [Problem(file, number, key, fault) for key in fields if (fault := _fault(fields, key))]
    return checked(number, fields, file, problems, not _is_utf8(line))


def _fault(fields: _Object, key: str) -> str | None:
    """Return why the value of a field is not, or not surely, what was meant."""
    if key in fields.ambiguous:
        return "stands twice in the record, with different values: keep one"
    waiting: list[object] = [fields[key]]  # no recursion: values may be nested as deep as the parser goes
    while waiting:
        value = waiting.pop()
        if isinstance(value, _Object):
            if value.ambiguous:
                return f"has {min(value.ambiguous)} twice, with different values: keep one"
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, float) and not math.isfinite(value):
            return f"has the number {value}, which JSON does not have: it is read as null"
    return None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def checked(
    number: int, fields: Mapping[str, object], file: str, problems: Sequence[Problem], bad_bytes: bool
) -> Record:
    """Return a record whose broken values are replaced by printable ones, each with a problem that says so."""
    found = list(problems)
    clean: dict[str, object] = {}
    for name, value in fields.items():
        key = name.encode("utf-8", "replace").decode()
        if key in clean:
            found.append(Problem(file, number, key, "is the name of two fields that differ in a broken character only"))
        clean[key] = value
        text = json.dumps(value, ensure_ascii=False)
        whole = text.encode("utf-8", "replace").decode()
        if whole != text:
            clean[key] = json.loads(whole)
            what = "is not UTF-8: save the file as UTF-8" if bad_bytes else "has half a character: export it again"
            found.append(Problem(file, number, key, what))
    return Record(number, clean, tuple(found))


class JsonLines(AppendedFormat):
    """JSON Lines."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson")
    holds_results = True

    def records(self, contents: Contents) -> Records:
        """Yield the record of each line that is not blank."""
        for block in self.blocks(contents, by_place=False):
            yield from block.records()

    def blocks(self, contents: Contents, *, by_place: bool) -> Iterator[Block]:
        """Yield about a megabyte of lines at a time. Raises DataError for a file that is one JSON array."""
        stream, raw, file, path = as_utf8(contents)
        buffer = bytearray(BLOCK_BYTES)
        first, start = 1, 0
        while size := cast(io.BufferedIOBase, stream).readinto(buffer):
            if first == 1:
                _refuse_array(bytes(buffer[:_HEAD_BYTES]), file)
            rest = b"" if buffer.endswith(b"\n", 0, size) else _end_of_line(stream)
            position = contents.position
            lines: bytes | Stretch = b""
            if by_place and path and position - start == size + len(rest):  # or the end of a line was stepped over
                lines = Stretch(path, start, position - start)
            else:
                lines = b"".join((memoryview(buffer)[:size], rest))
            yield Lines(file, position, first, lines)
            first += _count_lines(buffer, size) + rest.count(b"\n")
            start = position

    def encode(self, rows: Iterable[Sequence[object]], columns: Sequence[str]) -> bytes:
        """Return an object per row, without the cells that are None."""
        records = (zip(columns, row, strict=True) for row in rows)
        return encode_lines({name: cell for name, cell in record if cell is not None} for record in records)


def _refuse_array(head: bytes, file: str) -> None:
    line = head.removeprefix(_BOM).lstrip().split(b"\n", 1)[0].strip()
    if line == b"[" or (line.startswith(b"[") and line[1:].lstrip().startswith(b"{")):
        message = "is one JSON array, not one object per line: name it .json, or use --format json"
        raise DataError([Problem(file, 1, "", message)])


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
