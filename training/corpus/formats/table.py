"""CSV and TSV: one stray quotation mark costs the record in which it stands, and no other.

Lines without a quotation mark are parted at the delimiter. The others go through Python's strict parser, which may take
several lines for a quoted cell. Where it fails, the first of these lines is the record at fault, and reading goes on
with the second one. In TSV, which many programs write without any quoting, the line is then read as it stands:

    id<TAB>text
    1<TAB>"Xin chào", ông nói            a cell that begins with a quotation mark, not a quoted cell
    2<TAB>"Dòng một<LF>dòng hai"         a quoted cell
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from model.errors import DataError, Problem
from training.corpus.format import MAX_LINE_BYTES, AppendedFormat, Contents, Records, flat
from training.corpus.formats.jsonl import checked
from training.corpus.header import check_header
from training.corpus.recoding import as_utf8
from training.corpus.records import Record
from training.corpus.table_lines import Lines, split_line, unquoted

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'[",;\t|\r\n]')
_BOM = b"\xef\xbb\xbf"
_SEP = re.compile(r"sep=(.)[\r\n]*\Z", re.IGNORECASE)


def encode_table(rows: Iterable[Sequence[object]], delimiter: str) -> bytes:
    """Return rows as lines of a table; what could be misread by any of the programs that read tables is quoted."""
    return "".join(_line([flat(cell) for cell in row], delimiter) for row in rows).encode("utf-8", "replace")


def _line(cells: Sequence[str | int | float | None], delimiter: str) -> str:
    texts = ["" if cell is None else str(cell) for cell in cells]
    if delimiter == "\t" and any("\t" in text and "\n" in text for text in texts):
        # Lines of such a cell could be taken for rows, unless another quoted cell before them says that they are not.
        return delimiter.join(map(_quote, texts)) + "\n"
    if len(texts) == 1 and not texts[0]:
        return '""\n'
    return delimiter.join(_quote(text) if _QUOTED.search(text) else text for text in texts) + "\n"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class _Table:
    """The rows of a table."""

    def __init__(self, text: Iterator[str], file: str, delimiters: str) -> None:
        """Read the header. Raises DataError where it cannot be used."""
        csv.field_size_limit(MAX_LINE_BYTES)
        self._file = file
        self._lines = Lines(text)
        self._set_delimiter(delimiters)
        self.names: list[str] = []
        self._width = 0
        header = self._next_row()
        if isinstance(header, Problem):
            raise DataError([header])
        if header is not None:
            self.names = check_header(header, self._file, self._lines.first)
            self._width = len(header)

    def _set_delimiter(self, delimiters: str) -> None:
        """Choose the delimiter that parts the first line into most cells, or that Excel's `sep=` names."""
        first = next(iter(self._lines), "")
        named = _SEP.match(first)
        counts = {delimiter: len(split_line(first.rstrip("\r\n"), delimiter)) for delimiter in delimiters}
        self._delimiter = named[1] if named else max(counts, key=lambda delimiter: counts[delimiter])
        if not named and first:
            self._lines.give_back_from(0)
        self._is_plain = self._delimiter == "\t"

    def records(self) -> Iterator[Record | Problem]:
        """Yield the records below the header, and a problem in place of each row that cannot be read."""
        while row := self._next_row():
            line = self._lines.first
            if isinstance(row, Problem):
                yield row
            elif len(row) != self._width:
                message = (
                    f"has {len(row)} cells, and the header {self._width}: quote cells with a {self._shown} in them"
                )
                yield Problem(self._file, line, "", message)
            else:
                yield self._record(line, row)

    def _record(self, line: int, row: Sequence[str]) -> Record:
        fields: dict[str, object] = dict(zip(self.names, row, strict=True))
        text = "".join(self._lines.taken)
        if "\0" not in text and _is_whole(text):
            return Record(line, fields)
        nul = [
            Problem(self._file, line, name, "has a NUL byte: export the file again")
            for name, value in zip(self.names, row, strict=True)
            if "\0" in value
        ]
        return checked(line, fields, self._file, nul, bad_bytes=True)

    def _next_row(self) -> list[str] | Problem | None:
        """Return the cells of the next row that is not blank; None at the end. `taken` has its lines."""
        self._lines.forget()
        for line in self._lines:
            text = line.rstrip("\r\n")
            if '"' in text:
                return self._quoted_row(text)
            if text:
                return text.split(self._delimiter)
            self._lines.forget()
        return None

    def _quoted_row(self, text: str) -> list[str] | Problem:
        """Return the cells of a row with a quotation mark in its first line, which is the one that was taken."""
        self._lines.give_back_from(0)
        try:
            cells = next(csv.reader(self._lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            cells = None
        if cells is not None and self._is_meant(cells, self._lines.taken):
            return cells
        self._lines.give_back_from(1)
        plain = split_line(text, self._delimiter)
        if self._is_plain:
            return [unquoted(cell) for cell in plain]
        stray = next((n for n, cell in enumerate(plain) if cell.startswith('"') and unquoted(cell) == cell), 0)
        column = self.names[stray] if stray < len(self.names) else ""
        message = "has a stray quotation mark: in a quoted cell each one is written twice"
        return Problem(self._file, self._lines.first, column, message)

    def _is_meant(self, cells: Sequence[str], lines: Sequence[str]) -> bool:
        """Tell whether the lines are one row, and not several that a stray quotation mark has joined."""
        if len(lines) == 1 or not self._width:
            return True
        if not self._is_plain:
            return len(cells) == self._width or not all(map(self._is_row, lines[1:]))
        return len(cells) == self._width and not (
            self._width > 1
            and all(line.count(self._delimiter) + 1 == self._width for line in lines)
            and all(unquoted(cell) == cell for cell in split_line(lines[0].rstrip("\r\n"), self._delimiter))
        )

    def _is_row(self, line: str) -> bool:
        return len(split_line(line.rstrip("\r\n"), self._delimiter)) == self._width

    @property
    def _shown(self) -> str:
        return {"\t": "tab", ",": "comma", ";": "semicolon"}.get(self._delimiter, self._delimiter)


@contextmanager
def _table(contents: Contents, delimiters: str) -> Iterator[_Table]:
    """Open a table; the file below it stays open."""
    text = io.TextIOWrapper(as_utf8(contents).stream, "utf-8-sig", "surrogateescape", newline="")
    try:
        yield _Table(text, contents.file, delimiters)
    finally:
        text.detach()


def _is_whole(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode("utf-16-le"))  # refuses the same as UTF-8 in a quarter of the time
    except UnicodeEncodeError:
        return False


class Csv(AppendedFormat):
    """Comma-separated values; read with semicolons, tabs and bars as well, and with Excel's first line `sep=;`."""

    name = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    holds_results = is_table = may_have_bom = True
    delimiters = _DELIMITERS
    """Those that are looked for when reading; the first one is written."""

    def records(self, contents: Contents) -> Records:
        """Yield the records below the header."""
        with _table(contents, self.delimiters) as table:
            yield from table.records()

    def columns(self, contents: Contents) -> list[str]:
        """Return the names in the header."""
        with _table(contents, self.delimiters) as table:
            return table.names

    def header(self, columns: Sequence[str], *, bom: bool = False) -> bytes:
        """Return the line with the names of the columns."""
        return (_BOM if bom else b"") + encode_table([columns], self.delimiters[0])

    def encode(self, rows: Iterable[Sequence[object]], columns: Sequence[str]) -> bytes:
        """Return the lines of the rows."""
        return encode_table(rows, self.delimiters[0])


class Tsv(Csv):
    """Tab-separated values, with quoted cells as Excel writes them or without, as most other programs do."""

    name = "tsv"
    suffixes = (".tsv", ".tab")
    delimiters = "\t"
