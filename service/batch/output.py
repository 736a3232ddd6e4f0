"""The output of a batch run: written beside its name, renamed when whole, and resumable after any kind of end.

`OUTPUT.part` holds the finished blocks, `OUTPUT.part.json` how many there are and what run they belong to. A block
counts once the second file says so; what the first one has beyond that is cut off when the run goes on.
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
        self._state = path.with_name(path.name + ".part.json")
        self._run = run
        self.counts = Counts()
        if self._state.exists():
            if not resume:
                raise BatchError(f"{path}: an unfinished run is there: add --resume, or remove {self._part} and .json")
            self.counts = self._continue()
        self._stream: IO[bytes] = self._part.open("r+b" if self.counts.bytes else "wb")
        self._stream.truncate(self.counts.bytes)
        self._stream.seek(self.counts.bytes)

    def _continue(self) -> Counts:
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            changed = [name for name, value in self._run.items() if state["run"].get(name) != value]
            counts = Counts(**state["counts"])
        except (ValueError, KeyError, TypeError):
            raise BatchError(f"{self._state} is damaged: remove it and {self._part}, and start again") from None
        if changed:
            raise BatchError(
                f"{self.path}: the unfinished run had another {' and '.join(changed)}: run it as before, or remove "
                f"{self._part} and .json"
            )
        return counts

    def write(self, tagged: Tagged) -> None:
        """Add a block."""
        self._stream.write(tagged.data)
        self._stream.flush()
        self.counts.add(tagged)
        self._save()

    def begin(self, data: bytes) -> None:
        """Write what stands before the first block."""
        if not self.counts.bytes:
            self._stream.write(data)
            self._stream.flush()
            self.counts.bytes = len(data)
        self._save()

    def _save(self) -> None:
        part = self._state.with_suffix(".new")
        part.write_text(json.dumps({"run": self._run, "counts": self.counts.__dict__}), encoding="utf-8")
        os.replace(part, self._state)

    def close(self) -> None:
        """Stop for now."""
        self._stream.close()

    def finish(self, parquet_tags: tuple[str, ...] | None) -> None:
        """Give the output its name; with tags, as Parquet."""
        self._stream.close()
        whole = self._part
        if parquet_tags is not None:
            whole = self.path.with_name(self.path.name + ".whole")
            write_parquet(self._part, whole, parquet_tags)
        with whole.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(whole, self.path)
        self._state.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)


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
