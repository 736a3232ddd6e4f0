"""The progress of a retraining job, and how it hears that it was cancelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self, TypeVar

from model.errors import ChudeError
from training.progress import Progress

T = TypeVar("T")


class JobCancelled(ChudeError):
    """The job was cancelled while it ran."""

    code = "cancelled"


_POSITION = re.compile(r"(.+): (\d+) of (\d+)", re.DOTALL)


class Position(NamedTuple):
    """Where the work is.

    >>> str(Position("reading texts", 3, 10)), Position.parse("reading texts: 3 of 10")
    ('reading texts: 3 of 10', Position(what='reading texts', number=3, total=10))
    """

    what: str
    number: int
    """How many of `total` are done."""
    total: int

    def __str__(self) -> str:
        return f"{self.what}: {self.number} of {self.total}"

    @classmethod
    def parse(cls, progress: str) -> Self | None:
        """Return the position that a job tells as its progress; None where it tells no number."""
        match = _POSITION.fullmatch(progress)
        return cls(match[1], int(match[2]), int(match[3])) if match else None


class JobProgress:
    """The progress of a job, which its signs of life tell, and which ends when the job is cancelled."""

    def __init__(self, shown: Progress) -> None:
        """Show all of it to `shown` as well."""
        self._shown = shown
        self.position = ""
        """Where the work is, as the job tells it."""
        self.is_cancelled = False

    def __call__(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Yield the items. Raises JobCancelled."""
        for number, item in enumerate(self._shown(items, what, total)):
            if self.is_cancelled:
                raise JobCancelled("the job was cancelled")
            self.position = str(Position(what, number, total))
            yield item
