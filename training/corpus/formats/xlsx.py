"""Excel workbooks: the first sheet, whose first row that is not empty names the columns.

python-calamine reads them, in Rust and 2.4 to 6 times as fast as openpyxl (measured); XlsxWriter writes them, each row
with the memory of one row, and says what does not fit, where openpyxl cuts a long cell off without a word.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from model.document import FIELDS
from model.errors import DataError, Problem
from training.corpus.format import Contents, Records, WholeFormat, flat
from training.corpus.header import check_header
from training.corpus.records import Record

MAX_CELL_CHARS = 32_767
MAX_ROWS = 1_048_576
"""What a sheet of Excel can hold."""
_EXACT_INTEGERS = 2**53
_LARGEST = 9.99e307
"""Greatest number in a cell of Excel."""


class Xlsx(WholeFormat):
    """Excel workbook."""

    name = "xlsx"
    suffixes = (".xlsx", ".xlsm")
    holds_results = is_table = True
    writer = "xlsxwriter"
    max_rows = MAX_ROWS
    max_cell_chars = MAX_CELL_CHARS

    def records(self, contents: Contents) -> Records:
        """Yield the rows of the first sheet that are not empty, each with the number that Excel shows."""
        first, names, rows = _open(contents)
        for line, row in enumerate(rows, first + 1):
            if any(cell != "" for cell in row):
                yield Record(line, {name: _plain(name, cell) for name, cell in zip(names, row, strict=True)})

    def columns(self, contents: Contents) -> list[str]:
        """Return the names in the header."""
        return _open(contents)[1]

    def write(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Write a sheet. Raises DataError for a cell or a number of rows that Excel does not have."""
        import xlsxwriter

        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        workbook = xlsxwriter.Workbook(str(path), options)
        sheet = workbook.add_worksheet()
        count = -1
        try:
            for count, row in enumerate(chain([columns], rows)):
                _check_row(path, count)
                for n, cell in enumerate(row):
                    _write_cell(sheet, path, count, n, columns[n], flat(cell))
        finally:
            workbook.close()
        return count


def _check_row(path: Path, row: int) -> None:
    if row >= MAX_ROWS:
        raise DataError([Problem(str(path), row + 1, "", f"a sheet holds {MAX_ROWS:,} rows: write .csv or .parquet")])


def _write_cell(sheet: Any, path: Path, row: int, column: int, name: str, cell: str | int | float | None) -> None:
    if isinstance(cell, int | float) and abs(cell) > (_EXACT_INTEGERS if isinstance(cell, int) else _LARGEST):
        cell = str(cell)
    if isinstance(cell, str):
        if len(cell.encode("utf-16-le")) // 2 > MAX_CELL_CHARS:
            message = f"has {len(cell):,} characters, and a cell of Excel holds {MAX_CELL_CHARS:,}: write .csv"
            raise DataError([Problem(str(path), row + 1, name, message)])
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write_number(row, column, cell)


def _open(contents: Contents) -> tuple[int, list[str], Iterator[list[Any]]]:
    """Return the number of the header's row, the names of the columns, and the rows below it."""
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(contents.stream.read()))
        sheet = workbook.get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except calamine.CalamineError as error:
        raise DataError([Problem(contents.file, 0, "", f"cannot be read as xlsx: {error}")]) from None
    for number, row in enumerate(rows, 1):
        if any(cell != "" for cell in row):
            return number, check_header([str(cell) for cell in row], contents.file, number), iter(rows[number:])
    return 0, [], iter(())


def _plain(name: str, cell: Any) -> object:
    """Return a cell as JSON has it; a number where text is read was a text before Excel saw it."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= _EXACT_INTEGERS:
        cell = int(cell)
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return str(cell)
    return str(cell) if name in FIELDS else cell
