"""The files that a command was given: found, checked, opened, and read in blocks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from model.errors import DataError, Problem
from training.corpus.blocks import Block
from training.corpus.compression import FAULTS, decompressed
from training.corpus.format import Contents
from training.corpus.records import Record
from training.corpus.registry import FORMATS, format_of, known_suffixes, split_name

_SAMPLE_RECORDS = 100


class InputError(DataError):
    """Inputs that cannot be opened; the message has all of them, one per line."""

    def __str__(self) -> str:
        return "\nchude: ".join(map(str, self.problems))


@dataclass(frozen=True)
class Source:
    """One file to read, or standard input."""

    path: Path | None
    """None for standard input."""
    name: str
    """The path as it was given, below a folder that was given the path from there: `crawl/sub/a.txt`; or `-`."""
    format: str
    """A name in FORMATS."""
    compression: str = ""
    """`.gz`, `.zst` or nothing."""

    @property
    def size(self) -> int:
        """Return the bytes of the file on the disk; 0 for standard input and pipes."""
        return self.path.stat().st_size if self.path else 0

    @property
    def stem(self) -> str:
        """Return the name without the endings that say its format and compression."""
        return split_name(self.name)[0]

    def blocks(self, *, by_place: bool = False) -> Iterator[Block]:
        """Yield the records in blocks. Raises DataError when the file cannot be read, or not to its end.

        With `by_place` a block of lines that stand in a file as they are has their place alone: less to send to a
        process that sees the same disk.
        """
        with self._opened() as contents:
            yield from FORMATS[self.format].blocks(contents, by_place=by_place)

    def records(self) -> Iterator[Record | Problem]:
        """Yield the records, and a problem in place of each that cannot be read. Raises DataError as `blocks` does."""
        for block in self.blocks():
            yield from block.records()

    def sample(self, count: int = _SAMPLE_RECORDS) -> list[Record]:
        """Return the first records, read ahead; none of what can be read only once. Raises DataError."""
        if not self._can_be_read_again:
            return []
        with self._opened() as contents, closing(FORMATS[self.format].records(contents)) as records:
            return [record for record in islice(records, count) if isinstance(record, Record)]

    def columns(self) -> list[str]:
        """Return the columns that the head of the file names; none of what can be read only once. Raises DataError."""
        if not self._can_be_read_again:
            return []
        with self._opened() as contents:
            return FORMATS[self.format].columns(contents)

    @property
    def _can_be_read_again(self) -> bool:
        return self.path is not None and self.path.is_file()

    @contextmanager
    def _opened(self) -> Iterator[Contents]:
        """Open the file; what goes wrong with it while it is open becomes a DataError that names it."""
        try:
            with sys.stdin.buffer if self.path is None else self.path.open("rb") as raw:
                stream = decompressed(raw, self.compression)
                as_it_is = stream is raw and self._can_be_read_again
                yield Contents(stream, raw, self.name, self.path if as_it_is else None)
        except BrokenPipeError:
            raise
        except FAULTS as error:
            what = (error.strerror if isinstance(error, OSError) else None) or str(error)
            message = f"cannot be read as {self.format}: {what.splitlines()[0] if what else type(error).__name__}"
            raise DataError([Problem(self.name, 0, "", message)]) from None


def find_sources(names: Sequence[str], *, forced_format: str | None = None, labelled: bool = False) -> list[Source]:
    """Return the files that are meant; folders are searched with what is below them, hidden files left out.

    `-` is standard input, JSON Lines unless another format is forced. Raises one DataError with everything that is
    missing, of an unknown kind, given twice or empty.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for name in names:
        if name == "-":
            sources.append(Source(None, "-", forced_format or "jsonl"))
        elif Path(name).is_dir():
            sources += _search(name, forced_format, labelled, problems)
        elif source := _source(name, forced_format, labelled):
            sources.append(source)
        else:
            problems.append(_refusal(name, labelled))
    problems += _repeated(sources)
    if not sources and not problems:
        problems.append(
            Problem(", ".join(names), 0, "", f"no file to read in it: names end in {known_suffixes(labelled=labelled)}")
        )
    if problems:
        raise InputError(problems)
    return sources


def _source(name: str, forced: str | None, labelled: bool) -> Source | None:
    """Return the source, if it is there and of a known kind."""
    format = FORMATS[forced] if forced else format_of(name, labelled=labelled)
    if format is None or not Path(name).exists():
        return None
    return Source(Path(name), name, format.name, split_name(name)[2])


def _refusal(name: str, labelled: bool) -> Problem:
    if not Path(name).exists():
        return Problem(name, 0, "", "cannot be read: no such file")
    return Problem(
        name,
        0,
        "",
        f"unknown kind of file: use {known_suffixes(labelled=labelled)}{'' if labelled else ', or --format'}",
    )


def _search(folder: str, forced: str | None, labelled: bool, problems: list[Problem]) -> Iterator[Source]:
    """Yield the files of a folder and of those in it, in order of their paths; add to `problems` what is closed."""

    def report(error: OSError) -> None:
        problems.append(Problem(str(error.filename), 0, "", f"cannot be read: {error.strerror}"))

    names = []
    seen: set[str] = set()
    for parent, folders, files in os.walk(folder, onerror=report, followlinks=True):
        seen.add(os.path.realpath(parent))
        inside = [child for child in folders if not child.startswith(".")]
        folders[:] = [child for child in inside if os.path.realpath(os.path.join(parent, child)) not in seen]
        names += [os.path.join(parent, file) for file in files if not file.startswith(".")]
    for name in sorted(names, key=lambda name: Path(name).parts):
        if source := _source(name, forced, labelled):
            yield source


def _repeated(sources: Sequence[Source]) -> Iterator[Problem]:
    """Yield a problem for each file that was given before, by whichever name."""
    before: dict[tuple[int, int] | None, str] = {}
    for source in sources:
        status = source.path.stat() if source.path else None
        file = (status.st_dev, status.st_ino) if status else None
        if file in before:
            yield Problem(source.name, 0, "", f"is the same file as {before[file]}: give it once")
        before.setdefault(file, source.name)
