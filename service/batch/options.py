"""What is asked of a batch run, and the error when the run cannot do it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from model.errors import ChudeError
from model.tagger import Page


class BatchError(ChudeError):
    """The run cannot begin, or cannot go on."""

    code = "batch"


@dataclass(frozen=True)
class Options:
    """What is done with each record."""

    text_column: str | None = None
    id_column: str | None = None
    keep: bool = False
    explain: bool = False
    page: Page = "auto"
    format: str = "jsonl"
    compression: str = ""
    bom: bool = False
    """Whether a table begins with a byte order mark, by which Excel knows UTF-8."""
    kept_columns: tuple[str, ...] = ()
    """Columns of the first input that are kept as columns of a table, under the names that they have in the input;
    anything else that is kept goes into one column as JSON."""

    def as_record(self) -> dict[str, Any]:
        """Return the options as they are written to a journal."""
        return {**asdict(self), "kept_columns": list(self.kept_columns)}


FLAGS = {
    "text_column": "--text-column",
    "id_column": "--id-column",
    "keep": "--keep",
    "explain": "--explain",
    "page": "--html, --page or --text",
    "format": "--output-format",
    "compression": "-o with a compression",
    "bom": "--bom",
    "kept_columns": "the header of the first input",
}
"""What a user changes to change an option."""
