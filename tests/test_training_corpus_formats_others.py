"""JSON, Parquet and Excel: what one broken record costs, and which cells are read as what."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from records import read, read_bytes, values, write

from model.document import FieldError
from model.errors import DataError, Problem
from training.corpus.records import Record


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"id": 1, "text": "a b", "x": NaN}', ""),
        ('{"id": 1, "text": "a b", "x": [Infinity, -Infinity]}', ""),
        ('{"id": 1, "text": "a b", "x": "\\ud800"}', ""),
        ('{"id": 1, "text": "a b", "x": 1, "x": 2}', ""),
        ('{"id": 1, "text": "a b", "text": "a b"}', ""),
        ('{"id": 1, "text": "a \\": b", "x": {"y": 1}}', ""),
        ('{"id": 1, "text": NaN}', "text: must be a string, not float nan"),
        ('{"id": 1, "text": "a", "text": "b"}', "text: stands twice in the record, with different values: keep one"),
        ('{"id": 1, "text": "\\ud800"}', "text: has half a character: export it again"),
    ],
)
def test_only_a_field_that_is_used_can_cost_a_json_record(tmp_path: Path, line: str, fault: str) -> None:
    record, last = read_bytes(tmp_path / "x.jsonl", f'{line}\n{{"text": "c"}}\n')
    assert isinstance(record, Record)
    assert isinstance(last, Record)
    assert record.identity("x.jsonl") == 1
    if fault:
        with pytest.raises(FieldError, match=fault):
            record.document()
    else:
        assert record.document().text.startswith("a ")
    assert json.dumps(record.fields, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "a"', "x.jsonl:2: not JSON"),
        (b"[" * 100_000, "x.jsonl:2: objects or arrays are nested too deep"),
        (b"5", "x.jsonl:2: must be an object"),
        (b'"a"', "x.jsonl:2: must be an object"),
        (b"NaN", "x.jsonl:2: must be an object"),
        (b'{"x": "' + b"a" * (1 << 26) + b'"}', "x.jsonl:2: the line has more than 67,108,864 bytes"),
    ],
)
def test_a_broken_line_is_one_problem(tmp_path: Path, line: bytes, message: str) -> None:
    first, problem, last = read_bytes(tmp_path / "x.jsonl", b'{"text": "a"}\n' + line + b'\n\n{"text": "b"}')
    assert isinstance(problem, Problem)
    assert message in str(problem)
    assert [first.line, last.line] == [1, 4]


@pytest.mark.parametrize(
    "data",
    [
        '[{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]',
        '[{"id": 1, "data": {"text": "a"}}, {"id": 2, "data": {"text": "b"}}]',
        '{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n',
    ],
)
def test_json_as_a_list_or_as_lines(tmp_path: Path, data: str) -> None:
    assert values(read_bytes(tmp_path / "x.json", data)) == [[1, "a"], [2, "b"]]


def test_a_json_file_of_one_object(tmp_path: Path) -> None:
    assert values(read_bytes(tmp_path / "x.json", '{\n "id": 1,\n "text": "a"\n}\n')) == [[1, "a"]]


def test_parquet_columns_of_every_type(tmp_path: Path) -> None:
    nano = 1_700_000_000_000_000_001
    columns = {
        "id": pyarrow.array([7]),
        "text": pyarrow.array(["một".encode()], pyarrow.binary()),
        "at": pyarrow.array([nano], pyarrow.timestamp("ns")),
        "zoned": pyarrow.array([nano], pyarrow.timestamp("ns", tz="UTC")),
        "time": pyarrow.array([1_000_000_001], pyarrow.time64("ns")),
        "price": pyarrow.array([decimal.Decimal("1.50")]),
        "day": pyarrow.array([datetime.date(2024, 5, 1)]),
        "image": pyarrow.array([b"\xff\xd8"], pyarrow.large_binary()),
        "times": pyarrow.array([[nano]], pyarrow.list_(pyarrow.timestamp("ns"))),
        "nested": pyarrow.array([{"at": datetime.datetime(2024, 5, 1)}]),
        "kind": pyarrow.array(["a"]).dictionary_encode(),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "x.parquet")
    (record,) = read(tmp_path / "x.parquet")
    assert isinstance(record, Record)
    assert (record.identity("x"), record.document().text) == (7, "một")
    assert record.fields["at"] == "2023-11-14T22:13:20.000000001"
    assert record.fields["zoned"] == "2023-11-14T22:13:20.000000001Z"
    assert [record.fields[name] for name in ("time", "price", "day")] == ["00:00:01.000000001", "1.50", "2024-05-01"]
    assert [problem.field for problem in record.problems] == ["image"]
    assert json.dumps(record.fields)


def test_excel_says_what_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x.xlsx:2: text: has 32,768 characters, and a cell of Excel holds 32,767"):
        write(tmp_path / "x.xlsx", ["id", "text"], [["a", "b" * 32_768]])


def test_excel_cells(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(1, 0, ["id", "title", "text", "day"])
        sheet.write_row(2, 0, [7, 2024, "một"])
        sheet.write_datetime(2, 3, datetime.datetime(2024, 5, 1), workbook.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_row(4, 0, [1.5, "", "hai"])
    first, second = read(path)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert first == Record(3, {"id": 7, "title": "2024", "text": "một", "day": "2024-05-01"})
    assert (second.line, second.fields["id"]) == (5, 1.5)
