"""The progress of a retraining job, and how it hears that it was cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from model.errors import ChudeError
from training.progress import Progress

T = TypeVar("T")


class JobCancelled(ChudeError):
    """The job was cancelled while it ran."""

    code = "cancelled"


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
            self.position = f"{what}: {number} of {total}"
            yield item
