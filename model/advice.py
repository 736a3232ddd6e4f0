"""What to do when the live version is broken: the service goes on with the one before, a command or a program stops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from model.errors import ArtifactError

_ADVICE = "go back with `chude models rollback`, or choose one with `chude models activate VERSION`"


@contextmanager
def advice_on_live(chosen: object) -> Iterator[None]:
    """Say in an ArtifactError of the block what to do, where no version was `chosen` and so the live one is meant."""
    try:
        yield
    except ArtifactError as error:
        if chosen is not None:
            raise
        raise type(error)(f"the live version cannot be used: {error}; {_ADVICE}") from None
