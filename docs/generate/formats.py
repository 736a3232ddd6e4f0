"""The file formats, out of their registry."""

from __future__ import annotations

import inspect
import sys

from generate.markdown import table
from service.batch.options import Options
from service.batch.rows import Layout
from training.corpus.format import AppendedFormat, Format, WholeFormat
from training.corpus.registry import FORMATS


def format_table() -> str:
    """Return what each format is called, how its files end, and where it is read and written."""
    return table(
        ("`--format`", "names end in", "what it is", "read without labels", "read with labels", "written by"),
        ([f"`{name}`", *_cells(format)] for name, format in FORMATS.items()),
    )


def _cells(format: Format) -> list[str]:
    written = ["`chude batch`"] if format.holds_results else []
    if isinstance(format, AppendedFormat | WholeFormat):
        written.append("`chude labels export`")
    said = type(format).__doc__ or sys.modules[type(format).__module__].__doc__ or ""
    return [
        ", ".join(f"`{suffix}`" for suffix in format.suffixes),
        inspect.cleandoc(said).split("\n\n")[0].rstrip("."),
        "yes" if format.unlabelled else "no",
        "yes" if format.labelled else "no",
        ", ".join(written),
    ]


def batch_columns() -> str:
    """Return the columns of a table that `chude batch` writes."""
    options = Options(format="csv")
    return ", ".join(f"`{column}`" for column in Layout.of(("<tag>",), options).columns) + "\n"
