"""The output of a batch run: written beside its name, renamed when whole, and resumable after any kind of end.

`OUTPUT.part` holds the finished blocks. The first line of `OUTPUT.part.jsonl` says what run they belong to, and each
further line what was done up to the end of one block. A block counts once it has its line; what `OUTPUT.part` has
beyond that is cut off when the run goes on. A run that has tagged nothing when it ends leaves neither file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from model.files import sync, write_whole
from service.batch.counts import Counts, Tagged
from service.batch.options import FLAGS, BatchError
from service.batch.whole import WholeOutput


class OutputFiles(NamedTuple):
    """The names that a run uses for one output."""

    target: Path
    """The output; where it was given as a link, the file that the link names."""
    part: Path
    journal: Path

    @classmethod
    def of(cls, path: Path) -> OutputFiles:
        """Return the names for the output `path`."""
        target = path.resolve()
        return cls(target, target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.jsonl"))


class FileOutput:
    """An output file in the making."""

    def __init__(self, path: Path, run: Mapping[str, Any] | None, *, resume: bool) -> None:
        """Begin, or go on with what an earlier run of the same inputs, options and model left. Raises BatchError.

        `run` is what makes two runs the same run, or None for one that cannot be resumed, as its input is read once.
        """
        self._given = path
        self._files = OutputFiles.of(path)
        self._run = run
        self._journal: IO[bytes] | None = None
        self.counts = self._earlier(resume=resume)
        self._stream: IO[bytes] = self._files.part.open("r+b" if self._files.part.exists() else "wb")
        self._lock()
        self._stream.truncate(self.counts.bytes)
        self._stream.seek(self.counts.bytes)

    def _earlier(self, *, resume: bool) -> Counts:
        """Return what an unfinished run has done. Raises BatchError where this run is not to go on with it."""
        if not self._files.journal.exists() or not self._files.part.exists():
            return Counts()  # nothing is left, or the run ended between giving the output its name and tidying up
        earlier, counts = self._read_journal()
        if counts.is_useless:
            return Counts()
        changes = _changes(earlier, self._run or {})
        if resume and not changes:
            return counts
        there = f"{self._given}: an unfinished run with {counts.records:,} records is there"
        how = f" that differs in {', '.join(changes)}" if changes else ""
        advice = "run it as before with --resume" if changes else "add --resume to go on with it"
        raise BatchError(
            f"{there}{how}: {advice}, or remove {self._files.part} and {self._files.journal} to start anew"
        )

    def _read_journal(self) -> tuple[Mapping[str, Any], Counts]:
        """Return what run the journal belongs to, and the last finished block that the part has whole."""
        try:
            lines = self._files.journal.read_bytes().split(b"\n")[:-1]  # one without an end was never finished
            size = self._files.part.stat().st_size
            done = (Counts(**json.loads(line)) for line in reversed(lines[1:]))
            return dict(json.loads(lines[0])), next(counts for counts in done if counts.bytes <= size)
        except (OSError, ValueError, LookupError, TypeError, StopIteration):
            raise BatchError(
                f"{self._files.journal} or {self._files.part} is damaged: remove both, and start again"
            ) from None

    def _lock(self) -> None:
        """Keep other runs away until this one ends. Raises BatchError where one is there."""
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stream.close()
            raise BatchError(
                f"{self._given}: another run is writing it: wait for it, or choose another output"
            ) from None
        except OSError:
            pass  # a file system without locks

    def begin(self, data: bytes) -> None:
        """Write what stands before the first block."""
        if not self.counts.bytes:
            self._stream.write(data)
            self._stream.flush()
            self.counts = Counts(bytes=len(data))
        if self._run is not None:
            with write_whole(self._files.journal) as new:
                new.write_bytes(_line(self._run) + _line(self.counts.__dict__))
            self._journal = self._files.journal.open("ab", buffering=0)

    def write(self, tagged: Tagged) -> None:
        """Add a block."""
        self._stream.write(tagged.data)
        self._stream.flush()
        self.counts = self.counts.with_block(tagged)
        if self._journal:
            self._journal.write(_line(self.counts.__dict__))

    def stop(self) -> None:
        """Keep what is finished for a run that goes on from here; if nothing was tagged, leave nothing behind."""
        if self.counts.is_useless or self._run is None:
            self._remove()
        self._close()

    def finish(self, whole: WholeOutput | None) -> None:
        """Give the output its name; `whole` says how, where the format can only be written as a whole."""
        self._stream.flush()
        if whole is None:
            sync(self._files.part)
            os.replace(self._files.part, self._files.target)
            sync(self._files.target.parent)
        else:
            with write_whole(self._files.target) as new:
                whole.write(self._files.part, new)
        self._remove()
        self._close()

    def _remove(self) -> None:
        if self._run is not None:
            self._files.journal.unlink(missing_ok=True)
        self._files.part.unlink(missing_ok=True)

    def _close(self) -> None:
        self._stream.close()
        if self._journal:
            self._journal.close()


def _changes(earlier: Mapping[str, Any], run: Mapping[str, Any]) -> Sequence[str]:
    """Return what differs between two runs, in the words of the command line."""
    changes = []
    if earlier.get("input") != run.get("input"):
        changes.append("an input, which has changed or is another")
    if earlier.get("model") != run.get("model"):
        changes.append(f"the model, which was {earlier.get('model')}")
    then, now = earlier.get("options") or {}, run.get("options") or {}
    for name, flag in FLAGS.items():
        if then.get(name) != now.get(name):
            changes.append(f"{flag} ({json.dumps(then.get(name))} then, {json.dumps(now.get(name))} now)")
    return changes


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


class StreamOutput:
    """Standard output, a pipe or a device: nothing to resume, nothing to rename."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Write to `stream`, which the caller closes."""
        self._stream = stream
        self.counts = Counts()

    def begin(self, data: bytes) -> None:
        """Write what stands before the first block."""
        self._stream.write(data)

    def write(self, tagged: Tagged) -> None:
        """Write a block."""
        self._stream.write(tagged.data)
        self._stream.flush()
        self.counts = self.counts.with_block(tagged)

    def stop(self) -> None:
        """Do nothing."""

    def finish(self, whole: WholeOutput | None) -> None:
        """Do nothing."""
