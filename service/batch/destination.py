"""Where the results of a run go: worked out, and compared with what is read, before anything is written."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from model.files import file_identity, is_open_as, is_written_in_place
from service.batch.options import BatchError, Options
from service.batch.output import OutputFiles
from training.corpus import destination
from training.corpus.sources import Source

_STDIN, _STDOUT = 0, 1


def is_folder(output: str) -> bool:
    """Tell whether an output is a folder that gets one part for each input."""
    return output.endswith(os.sep) or Path(output).is_dir()


def is_stream(output: str) -> bool:
    """Tell whether an output is written in place: standard output, a pipe, a device, an open file of this process."""
    return output == "-" or is_written_in_place(Path(output))


@contextmanager
def open_stream(output: str) -> Iterator[IO[bytes]]:
    """Open an output for which `is_stream` holds, and flush it at the end."""
    if output == "-" or is_open_as(_STDOUT, Path(output)):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with open(output, "ab") as stream:
        yield stream


def name_parts(sources: Sequence[Source], given: Sequence[str], folder: Path, options: Options) -> list[Path]:
    """Return the part of each source in the output folder.

    A part is called after its source, below the folder that was given: `crawl/a/news.csv` gives `a/news.jsonl`. Parts
    that would share a name keep their suffix, `news.csv.jsonl`; those that still would keep their whole path. Raises
    BatchError where two are the same even then.
    """
    suffix = f".{options.format}{options.compression}"
    choices = [_choices(source, given, suffix) for source in sources]
    level, before = [0] * len(sources), None
    while level != before:
        before = level
        counts = Counter(names[n] for names, n in zip(choices, level, strict=True))
        level = [min(n + (counts[names[n]] > 1), len(names) - 1) for names, n in zip(choices, level, strict=True)]
    parts = [folder / names[n] for names, n in zip(choices, level, strict=True)]
    first: dict[Path, Source] = {}
    for source, part in zip(sources, parts, strict=True):
        other = first.setdefault(part.resolve(), source)
        if other is not source:
            raise BatchError(f"{other.name} and {source.name} would both be written to {part}: rename one of them")
    return parts


def _choices(source: Source, given: Sequence[str], suffix: str) -> Sequence[Path]:
    """Return the names that a part may have, the shortest first."""
    path = Path(source.name)
    folders = [Path(name) for name in given if Path(name) != path and path.is_relative_to(name)]
    below = path.relative_to(max(folders, key=lambda folder: len(folder.parts))) if folders else Path(path.name)
    stem = below.with_name(Path(source.stem).name + suffix) if source.path else Path(f"stdin{suffix}")
    whole = Path(*(part for part in path.parts if part not in (path.anchor, "..")))
    return stem, _with_suffix(below, suffix), _with_suffix(whole, suffix)


def _with_suffix(path: Path, suffix: str) -> Path:
    return path if path.name.endswith(suffix) else path.with_name(path.name + suffix)


def check_apart(sources: Iterable[Source], targets: Iterable[Path]) -> None:
    """Raise DataError where a run would write to a file that it reads, also where it keeps what is unfinished."""
    for target in targets:
        destination.check_apart(sources, [target, *OutputFiles.of(target)])


def check_stdout(sources: Iterable[Source]) -> None:
    """Raise BatchError where standard output goes to a file that is read."""
    out = file_identity(_STDOUT)
    for source in sources:
        if out and out == file_identity(source.path or _STDIN):
            raise BatchError(f"{source.name}: is an input, and standard output goes to it: choose another output")


def check_folder(folder: Path, given: Sequence[str]) -> None:
    """Raise BatchError where the output folder lies in a folder that is read: its parts would be inputs next time."""
    for name in given:
        if Path(name).is_dir() and folder.resolve().is_relative_to(Path(name).resolve()):
            raise BatchError(f"{folder}: is, or lies in, the input {name}: choose an output folder outside of it")


def without_journals(sources: Iterable[Source], given: Sequence[str]) -> list[Source]:
    """Return the sources without the journals of unfinished runs that stand in the folders."""
    return [
        source
        for source in sources
        if source.name in given
        or not source.name.endswith(".part.jsonl")
        or not Path(source.name.removesuffix(".jsonl")).exists()
    ]
