"""Texts without labels, as the user's stream brings them, for a command that learns from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from model.document import FieldError
from model.errors import DataError, Problem, TextError
from model.page.content import prose_of
from service.commands.columns import notify
from training.corpus.sources import find_sources

MAX_TEXTS = 50_000
"""How many texts are read: further ones would add little."""


def read_texts(files: Iterable[str]) -> list[str]:
    """Return the texts of the records in some files, the first MAX_TEXTS; a note says how many cannot be read.

    Labels that stand in the files are not looked at. Raises DataError when no record has a text.
    """
    names = list(files)
    refused: list[Problem] = []
    texts = list(islice(_texts(names, refused), MAX_TEXTS))
    if refused:
        notify(f"{refused[0]}; {len(refused):,} records of {', '.join(names)} are left out")
    if names and not texts:
        raise DataError([Problem(", ".join(names), 0, "", "has no text to learn the stream from")])
    return texts


def _texts(names: list[str], refused: list[Problem]) -> Iterator[str]:
    for source in find_sources(names) if names else ():
        for record in source.records():
            if isinstance(record, Problem):
                refused.append(record)
                continue
            try:
                yield prose_of(record.document(None))
            except FieldError as error:
                refused.append(Problem(source.name, record.line, error.field, error.message))
            except TextError as error:
                refused.append(Problem(source.name, record.line, "text", str(error)))
