"""Every format there is: each module in `formats` has its own, and a new one needs no other file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import PurePath

from training.corpus import formats
from training.corpus.format import Format

COMPRESSIONS = (".gz", ".zst")
_BASE: type[Format] = Format  # type: ignore[type-abstract]


def _collect(base: type[Format]) -> Iterable[Format]:
    for kind in base.__subclasses__():
        yield from _collect(kind)
        if not kind.__abstractmethods__:
            yield kind()


def _discover() -> dict[str, Format]:
    for module in pkgutil.iter_modules(formats.__path__):
        importlib.import_module(f"{formats.__name__}.{module.name}")
    return {format.name: format for format in sorted(_collect(_BASE), key=lambda format: format.name)}


FORMATS = _discover()
"""The formats by name."""


def known_formats(*, labelled: bool) -> dict[str, Format]:
    """Return the formats that are read with labels, or without."""
    return {name: format for name, format in FORMATS.items() if (format.labelled if labelled else format.unlabelled)}


def split_name(name: str) -> tuple[str, str, str]:
    """Return a file's name without its endings, the ending of its format, and that of its compression, in lower case.

    >>> split_name("crawl/A.JSONL.GZ")
    ('crawl/A', '.jsonl', '.gz')
    """
    path = PurePath(name)
    compression = path.suffix.lower() if path.suffix.lower() in COMPRESSIONS else ""
    bare = name[: len(name) - len(compression)]
    suffix = PurePath(bare).suffix
    return bare[: len(bare) - len(suffix)], suffix.lower(), compression


def format_of(name: str, *, labelled: bool = False) -> Format | None:
    """Return the format that a file's name stands for; `.txt` is fastText's where labels are wanted."""
    suffix = split_name(name)[1]
    return next((format for format in known_formats(labelled=labelled).values() if suffix in format.suffixes), None)


def holds_records(name: str) -> bool:
    """Tell whether a file's name says that it has many records, and is no document.

    >>> holds_records("a.PQ"), holds_records("a.csv.gz"), holds_records("a.txt.gz"), holds_records("a")
    (True, True, False, False)
    """
    format = format_of(name) or format_of(name, labelled=True)
    return format is not None and not format.is_one_document


def known_suffixes(*, labelled: bool) -> str:
    """Return the endings of names that are read, for a message."""
    suffixes = [suffix for format in known_formats(labelled=labelled).values() for suffix in format.suffixes]
    return f"{', '.join(suffixes)}, each with {' or '.join(COMPRESSIONS)}"
