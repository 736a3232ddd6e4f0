"""Output records as bytes: JSON Lines, CSV and TSV; and Parquet, made from JSON Lines when all records are there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

OUTPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet")
_ENCODER = msgspec.json.Encoder()
_OWN = ("id", "tags", "scores", "model", "warnings", "error", "evidence", "context", "left_out")
_DETAILS = ("evidence", "context", "left_out")
_PARQUET_ROWS = 10_000


def columns(tags: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Return the columns of a table of results."""
    scores = [f"score_{tag}" for tag in tags]
    return ["id", "tags", *scores, "model", "warnings", "error_code", "error", *_DETAILS, *kept, "kept"]


def header(format: str, tags: Sequence[str], kept: Sequence[str]) -> bytes:
    """Return what stands before the first record."""
    return _table([columns(tags, kept)], format) if format in ("csv", "tsv") else b""


def encode_rows(outputs: Iterable[Mapping[str, Any]], format: str, tags: Sequence[str], kept: Sequence[str]) -> bytes:
    """Return output records in a format; for Parquet as JSON Lines, which `write_parquet` turns into it."""
    if format in ("csv", "tsv"):
        return _table((_flat(output, tags, kept) for output in outputs), format)
    return b"".join(_ENCODER.encode(output) + b"\n" for output in outputs)


def _table(rows: Iterable[Sequence[object]], format: str) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter="\t" if format == "tsv" else ",", lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", "replace")


def _flat(output: Mapping[str, Any], tags: Sequence[str], kept: Sequence[str]) -> list[object]:
    scores, error = output.get("scores", {}), output.get("error", {})
    others = {name: value for name, value in output.items() if name not in _OWN and name not in kept}
    return [
        output["id"],
        " ".join(output.get("tags", ())),
        *(scores.get(tag, "") for tag in tags),
        output.get("model", ""),
        "; ".join(output.get("warnings", ())),
        error.get("code", ""),
        error.get("message", ""),
        *(_json(output[name]) if name in output else "" for name in _DETAILS),
        *(output.get(name, "") for name in kept),
        _json(others) if others else "",
    ]


def _json(value: object) -> str:
    return _ENCODER.encode(value).decode()


def write_parquet(lines: Path, target: Path, tags: Sequence[str]) -> None:
    """Turn a file of output records as JSON Lines into Parquet, a few thousand records at a time."""
    import pyarrow
    import pyarrow.parquet

    string = pyarrow.string()
    schema = pyarrow.schema(
        [
            ("id", string),
            ("tags", pyarrow.list_(string)),
            ("scores", pyarrow.struct([(tag, pyarrow.float64()) for tag in tags])),
            ("model", string),
            ("warnings", pyarrow.list_(string)),
            ("error", pyarrow.struct([("code", string), ("message", string)])),
            *((name, string) for name in (*_DETAILS, "kept")),
        ]
    )
    with pyarrow.parquet.ParquetWriter(target, schema) as writer:
        for batch in _batches(lines):
            writer.write_table(pyarrow.Table.from_pylist([_nested(output) for output in batch], schema))


def _batches(lines: Path) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    with lines.open("rb") as stream:
        for line in stream:
            batch.append(msgspec.json.decode(line))
            if len(batch) == _PARQUET_ROWS:
                yield batch
                batch = []
    if batch:
        yield batch


def _nested(output: Mapping[str, Any]) -> dict[str, Any]:
    others = {name: value for name, value in output.items() if name not in _OWN}
    row = {name: output.get(name) for name in ("tags", "scores", "model", "warnings", "error")}
    details = {name: _json(output[name]) for name in _DETAILS if name in output}
    return {"id": str(output["id"]), **row, **details, "kept": _json(others) if others else None}
