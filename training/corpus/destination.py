"""What a command may write to: never a file that it reads, nor one that it has not written itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from model.errors import DataError, Problem
from model.files import file_identity
from training.corpus.sources import Source

_STDIN = 0


def check_apart(inputs: Iterable[Source | Path], outputs: Iterable[Path]) -> None:
    """Raise DataError where an output is a file that is read, whatever name or link leads to it."""
    read: dict[tuple[int, int], str] = {}
    for one in inputs:
        name, file = (str(one), one) if isinstance(one, Path) else (one.name, one.path or _STDIN)
        if identity := file_identity(file):
            read[identity] = name
    for output in outputs:
        identity = file_identity(output)
        if identity in read:
            message = (
                f"is the input {read[identity]}, which would be lost: choose another output, outside of the folders "
                "that are read"
            )
            raise DataError([Problem(str(output), 0, "", message)])


def refuse_to_replace(output: Path, what: str) -> DataError:
    """Return the error for an output that is there, and is not `what` this command writes."""
    message = f"is there, and is no {what}: choose another name, or remove it first"
    return DataError([Problem(str(output), 0, "", message)])
