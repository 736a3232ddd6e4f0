"""Results as records of the output: their names beside what `--keep` keeps, and the same as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from model.document import FIELDS
from service.batch.options import Options
from training.corpus.format import AppendedFormat
from training.corpus.formats.jsonl import encode_lines
from training.corpus.registry import FORMATS

OUTPUT_FORMATS = sorted(
    (name for name, format in FORMATS.items() if format.holds_results), key=lambda n: (n != "jsonl", n)
)
"""Names of formats, the usual one first."""
_DETAILS = ("evidence", "context", "left_out")
_NAMES = ("id", "tags", "scores", "model", "warnings", "error", "error_code", *_DETAILS, "kept")


class Layout(NamedTuple):
    """What the records of an output are called: the same in every format."""

    tags: tuple[str, ...]
    texts: tuple[str, ...]
    """Fields in which an explanation returns the text that was found in HTML."""
    kept: tuple[str, ...]
    """Columns of the output that hold columns of the first input, if that is a table."""

    @classmethod
    def of(cls, tags: Sequence[str], options: Options) -> Layout:
        """Return the layout of a run."""
        texts: tuple[str, ...] = FIELDS
        if column := options.text_column:
            texts = (f"input_{column}" if column in cls(tuple(tags), (), ()).own_names else column,)
        layout = cls(tuple(tags), texts if options.explain else (), ())
        return layout._replace(kept=layout.rename(options.kept_columns))

    @property
    def own_names(self) -> frozenset[str]:
        """Return every name that a result may have in some format."""
        return frozenset((*_NAMES, *(f"score_{tag}" for tag in self.tags), *self.texts))

    def rename(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names under which columns of one record come back: `input_tags` for one called `tags`.

        `input_` is put before a name of ours until it is neither one nor another column of the record.
        """
        return _rename(self, names)

    @property
    def columns(self) -> list[str]:
        """Return the columns of a table."""
        scores = [f"score_{tag}" for tag in self.tags]
        names = ["id", "tags", *scores, "model", "warnings", "error_code", "error", *_DETAILS]
        return [*names, *self.texts, *self.kept, "kept"]

    def row(self, output: Mapping[str, Any]) -> list[object]:
        """Return an output record as a row of a table."""
        scores, error = output.get("scores", {}), output.get("error", {})
        return [
            output["id"],
            " ".join(output.get("tags", ())),
            *(scores.get(tag) for tag in self.tags),
            output.get("model"),
            "; ".join(output.get("warnings", ())),
            error.get("code"),
            error.get("message"),
            *(as_json(output[name]) if name in output else None for name in _DETAILS),
            *(output.get(name) for name in (*self.texts, *self.kept)),
            self.others(output, self.kept),
        ]

    def others(self, output: Mapping[str, Any], kept: Sequence[str] = ()) -> str | None:
        """Return what else was kept, as JSON."""
        names = self.own_names
        others = {name: value for name, value in output.items() if name not in names and name not in kept}
        return as_json(others) if others else None


@lru_cache(maxsize=1024)
def _rename(layout: Layout, names: tuple[str, ...]) -> tuple[str, ...]:
    own = layout.own_names
    taken = own.union(names)
    renamed = []
    for name in names:
        new = f"input_{name}" if name in own else name
        while name in own and new in taken:
            new = f"input_{new}"
        renamed.append(new)
    return tuple(renamed)


def as_json(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


def is_written_whole(format: str) -> bool:
    """Tell whether a file of this format can only be written when all records are there."""
    return not isinstance(FORMATS[format], AppendedFormat)


def header(layout: Layout, options: Options) -> bytes:
    """Return what stands before the first record."""
    format = FORMATS[options.format]
    return format.header(layout.columns, bom=options.bom) if isinstance(format, AppendedFormat) else b""


def encode_outputs(outputs: Iterable[Mapping[str, Any]], layout: Layout, name: str) -> bytes:
    """Return output records in a format; as JSON Lines for one that is written whole, at the end."""
    format = FORMATS[name]
    if name == "jsonl" or not isinstance(format, AppendedFormat):
        return encode_lines(outputs)
    return format.encode((layout.row(output) for output in outputs), layout.columns)
