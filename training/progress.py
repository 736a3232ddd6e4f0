"""How long work tells that it is still going: a function around an iterable, given by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Passes the items of an iterable on while showing how many of `total` have come."""

    def __call__(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Yield the items."""
        ...


def silent(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Yield the items and show nothing."""
    return iter(items)
