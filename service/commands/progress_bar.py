"""Progress bars on stderr: shown when it is a terminal, and silent otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def show_progress(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Yield the items and show how many of `total` have come, the rate and the time left."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(items, what, total, console=console, disable=not console.is_terminal, transient=True)
