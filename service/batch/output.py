"""The output of a batch run: written beside its name, renamed when whole, and resumable after any kind of end.

`OUTPUT.part` holds the finished blocks, `OUTPUT.part.jsonl` says what run they belong to, and then, a line for each,
what was done up to it. A block counts once it has its line; what the first file has beyond that is cut off when the run
goes on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from model.errors import ChudeError
from service.batch.rows import write_parquet
from service.batch.tagging import Tagged


class BatchError(ChudeError):
    """The run cannot begin, or not go on."""

    code = "batch"


@dataclass
class Counts:
    """What was done so far."""

    blocks: int = 0
    bytes: int = 0
    records: int = 0
    errors: int = 0
    tags: dict[str, int] = field(default_factory=dict)

    def add(self, tagged: Tagged) -> None:
        """Count a block."""
        self.blocks += 1
        self.bytes += len(tagged.data)
        self.records += tagged.records
        self.errors += tagged.errors
        for tag, given in tagged.tags.items():
            self.tags[tag] = self.tags.get(tag, 0) + given


class FileOutput:
    """An output file in the making."""

    def __init__(self, path: Path, run: Mapping[str, Any], *, resume: bool) -> None:
        """Begin, or go on with what an earlier run of the same inputs, options and model left. Raises BatchError."""
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._journal = path.with_name(path.name + ".part.jsonl")
        self._run = run
        self.counts = Counts()
        if self._journal.exists():
            if not resume:
                raise BatchError(
                    f"{path}: an unfinished run is there: add --resume, or remove {self._part} and {self._journal}"
                )
            if self._part.exists():  # or the run ended between giving the output its name and tidying up
                self.counts = self._continue()
        self._stream: IO[bytes] = self._part.open("r+b" if self.counts.bytes else "wb")
        self._stream.truncate(self.counts.bytes)
        self._stream.seek(self.counts.bytes)

    def _continue(self) -> Counts:
        try:
            lines = self._journal.read_bytes().split(b"\n")[:-1]  # one without an end was never finished
            earlier = json.loads(lines[0])
            changed = [name for name, value in self._run.items() if earlier.get(name) != value]
            size = self._part.stat().st_size
            counts = next(c for c in (Counts(**json.loads(line)) for line in reversed(lines[1:])) if c.bytes <= size)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration):
            raise BatchError(f"{self._journal} or {self._part} is damaged: remove both, and start again") from None
        if changed:
            raise BatchError(
                f"{self.path}: the unfinished run had another {' and '.join(changed)}: run it as before, or remove "
                f"{self._part} and {self._journal}"
            )
        return counts

    def begin(self, data: bytes) -> None:
        """Write what stands before the first block."""
        if not self.counts.bytes:
            self._stream.write(data)
            self._stream.flush()
            self.counts.bytes = len(data)
        new = self._journal.with_suffix(".new")
        new.write_bytes(_line(self._run) + _line(self.counts.__dict__))
        os.replace(new, self._journal)
        self._done: IO[bytes] = self._journal.open("ab", buffering=0)

    def write(self, tagged: Tagged) -> None:
        """Add a block."""
        self._stream.write(tagged.data)
        self._stream.flush()
        self.counts.add(tagged)
        self._done.write(_line(self.counts.__dict__))

    def close(self) -> None:
        """Stop for now."""
        self._stream.close()
        self._done.close()

    def finish(self, parquet_tags: tuple[str, ...] | None) -> None:
        """Give the output its name; with tags, as Parquet."""
        self.close()
        whole = self._part
        if parquet_tags is not None:
            whole = self.path.with_name(self.path.name + ".whole")
            write_parquet(self._part, whole, parquet_tags)
        with whole.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(whole, self.path)
        self._journal.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


class StreamOutput:
    """Standard output: nothing to resume, nothing to rename."""

    def __init__(self) -> None:
        self.counts = Counts()

    def begin(self, data: bytes) -> None:
        """Write what stands before the first block."""
        sys.stdout.buffer.write(data)

    def write(self, tagged: Tagged) -> None:
        """Write a block."""
        sys.stdout.buffer.write(tagged.data)
        sys.stdout.buffer.flush()
        self.counts.add(tagged)

    def close(self) -> None:
        """Do nothing."""

    def finish(self, parquet_tags: tuple[str, ...] | None) -> None:
        """Do nothing."""
