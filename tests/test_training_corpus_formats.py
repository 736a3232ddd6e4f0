"""Formats: what is written is what is read, by us and by others, and one broken record costs one record."""

from __future__ import annotations

import csv
import datetime
import decimal
import json
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.document import Document, FieldError
from model.errors import DataError, Problem
from training.corpus.examples import Example
from training.corpus.format import AppendedFormat, WholeFormat
from training.corpus.readers import read_examples
from training.corpus.records import Record
from training.corpus.registry import FORMATS
from training.corpus.sources import find_sources
from training.corpus.writers import as_record, write_examples

BOM = b"\xef\xbb\xbf"
ODD_TEXTS = [
    "một\rhai",
    "một\r\nhai",
    "một\nhai",
    'nói: "hai"',
    '"',
    "a\tb\nc\td",
    "a;b,c|d",
    " hai ",
    "=1+1",
    "_x000D_",
]


def read(path: Path) -> list[Record | Problem]:
    (source,) = find_sources([str(path)])
    return list(source.records())


def read_bytes(path: Path, data: str | bytes) -> list[Record | Problem]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read(path)


def values(records: Iterable[Record | Problem]) -> list[list[object]]:
    return [list(record.fields.values()) for record in records if isinstance(record, Record)]


def problems(records: Iterable[Record | Problem]) -> list[Problem]:
    return [record for record in records if isinstance(record, Problem)]


def write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]], *, bom: bool = False) -> None:
    format = FORMATS[path.suffix[1:]]
    if isinstance(format, AppendedFormat):
        middle = len(rows) // 2
        parts = [
            format.header(columns, bom=bom),
            *(format.encode(part, columns) for part in (rows[:middle], rows[middle:])),
        ]
        path.write_bytes(b"".join(parts))
    else:
        assert isinstance(format, WholeFormat)
        assert format.write(path, columns, rows) == len(rows)


TEXTS = st.text(st.sampled_from("aă \t\r\n\",;|'=\\<_x0D😀\u2028\x0b\x1c"), min_size=1, max_size=12) | st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=20
)
WORDS = TEXTS.filter(lambda text: text.strip() != "")
TAGS = st.frozensets(st.sampled_from(["syria", "arms-control", "x"]), max_size=3)
DOCUMENTS = st.builds(Document, WORDS | st.just(""), WORDS | st.just(""), WORDS, WORDS | st.just(""))
SENTENCES = st.lists(TEXTS, min_size=1, max_size=2).map(tuple)
EVIDENCE = st.dictionaries(st.sampled_from(["syria", "x"]), SENTENCES, max_size=2)
IDS = WORDS | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
EXAMPLES = st.lists(
    st.builds(
        lambda judged, *fields: Example(*fields).judged_only(judged),
        st.none() | TAGS | st.just({"*"}),
        *(IDS, DOCUMENTS, TAGS, TAGS, st.just(""), st.just(0), EVIDENCE, st.none(), WORDS | st.just("")),
    ).filter(lambda example: example.judged != frozenset()),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.tsv", "x.parquet", "x.xlsx", "x.json"])
@given(examples=EXAMPLES)
@example(examples=[Example(f"i{text}", Document(text=f"x{text}x"), frozenset()) for text in ODD_TEXTS])
@example(
    examples=[Example("1", Document(text="a\n2\tb\n3\tc"), frozenset()), Example("2", Document(text="d"), frozenset())]
)
def test_records_read_back_are_the_same(name: str, examples: list[Example]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        assert write_examples(examples, path) == len(examples)
        again = read_examples([path])
    for one, other in zip(examples, again, strict=True):
        assert as_record(one) | {"id": ""} == as_record(other) | {"id": ""}
        if name == "x.xlsx" and not isinstance(one.id, str):
            assert float(other.id) == pytest.approx(float(one.id), rel=1e-14)  # Excel has 15 digits
        else:
            assert str(other.id) == str(one.id) or other.id == one.id
        if name in ("x.jsonl", "x.json"):
            assert type(one.id) is type(other.id)


@given(examples=EXAMPLES)
def test_fasttext_keeps_the_words_and_tags(examples: list[Example]) -> None:
    tagged = [*examples, Example("last", Document(text="một"), frozenset({"syria"}))]
    with tempfile.TemporaryDirectory() as folder:
        write_examples(tagged, Path(folder) / "x.txt")
        again = read_examples([Path(folder) / "x.txt"])
    assert [(one.text.split(), one.tags) for one in tagged] == [(one.text.split(), one.tags) for one in again]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
@pytest.mark.parametrize("bom", [False, True])
def test_other_programs_read_the_tables_that_we_write(tmp_path: Path, name: str, bom: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import duckdb
        import pandas
    path = tmp_path / name
    rows = [[f"i{n}", f"x{text}x", "syria"] for n, text in enumerate(ODD_TEXTS)]
    write(path, ["id", "text", "tags"], rows, bom=bom)
    delimiter = "," if name == "x.csv" else "\t"
    assert values(read(path)) == rows
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file, delimiter=delimiter, strict=True))[1:] == rows
    assert pandas.read_csv(path, sep=delimiter, dtype=str).to_numpy().tolist() == rows
    table = duckdb.read_csv(str(path), sep=delimiter, header=True, all_varchar=True, quotechar='"', escapechar='"')
    assert [list(row) for row in table.fetchall()] == rows


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.parquet", "x.xlsx"])
def test_cells_of_every_kind(tmp_path: Path, name: str) -> None:
    columns = ["id", "tags", "score", "flag", "more"]
    rows = [["a", ["syria", "x"], 0.25, True, {"k": [1]}], [7, [], 2, False, None], ["c", None, None, None, [1, 2]]]
    write(tmp_path / name, columns, rows)
    got = [record.fields for record in read(tmp_path / name) if isinstance(record, Record)]
    assert [str(fields["id"]) for fields in got] == ["a", "7", "c"]
    assert [float(str(fields["score"])) for fields in got[:2]] == [0.25, 2.0]
    nested = name == "x.jsonl"
    assert got[0]["more"] == ({"k": [1]} if nested else '{"k":[1]}')
    assert got[0]["tags"] == (["syria", "x"] if name in ("x.jsonl", "x.parquet") else "syria x")


STRAY = [
    '500,"một bài, có dấu,syria\n',
    '500,"một bài "hỏng" có dấu",syria\n',
    '500,một bài,"syria\n',
    '"500,một bài,syria\n',
    '500,"một bài"",syria\n',
]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("stray", STRAY)
def test_a_stray_quotation_mark_costs_one_record(tmp_path: Path, stray: str, quoted: bool) -> None:
    rows = [f'{n},"bài số {n}, có dấu",syria\n' if quoted else f"{n},bài số {n},syria\n" for n in range(20_000)]
    rows[500] = stray
    records = read_bytes(tmp_path / "x.csv", "id,text,tags\n" + "".join(rows))
    assert len(records) == 20_000
    (problem,) = problems(records)
    assert problem.line == 502
    assert "stray quotation mark" in problem.message
    ids = [record.fields["id"] for record in records if isinstance(record, Record)]
    assert ids == [str(n) for n in range(20_000) if n != 500]


def test_lines_that_a_stray_quotation_mark_joins_to_a_row_are_rows(tmp_path: Path) -> None:
    records = read_bytes(tmp_path / "x.csv", 'id,text,tags\n1,"một,x\n2,",hai",y\n3,ba,z\n')
    assert [record.fields["id"] for record in records if isinstance(record, Record)] == ["2", "3"]
    assert [(problem.line, problem.field) for problem in problems(records)] == [(2, "text")]


def test_plain_tsv_and_quoted_tsv(tmp_path: Path) -> None:
    lines = [
        "id\ttext",
        '1\t"Xin chào", ông nói',
        '2\t"mở',
        '3\tông nói "thế à"',
        '4\t"dòng một\ndòng hai"',
        '5\t"mở',
        '6\tđóng"',
        '7\t"có ""dấu"""',
    ]
    records = read_bytes(tmp_path / "x.tsv", "\n".join(lines) + "\n")
    assert values(records) == [
        ["1", '"Xin chào", ông nói'],
        ["2", '"mở'],
        ["3", 'ông nói "thế à"'],
        ["4", "dòng một\ndòng hai"],
        ["5", '"mở'],
        ["6", 'đóng"'],
        ["7", 'có "dấu"'],
    ]
    assert [record.line for record in records] == [2, 3, 4, 5, 7, 8, 9]


@given(st.lists(st.text('ab "', min_size=1, max_size=8).filter(lambda text: text.strip(' "') != ""), max_size=8))
def test_rows_of_plain_tsv_never_merge(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{n}\t{text}\tz" for n, text in enumerate(texts)]
        records = read_bytes(Path(folder) / "x.tsv", "\n".join(["id\ttext\ttags", *lines]))
    assert [row[0] for row in values(records)] == [str(n) for n in range(len(texts))]


@pytest.mark.parametrize(
    "data",
    [
        b"id;text\n1;m\xe1\xbb\x99t, hai\n",
        b"sep=;\r\nid;text\r\n1;m\xe1\xbb\x99t, hai\r\n",
        BOM + 'id,text\n1,"một, hai"\n'.encode(),
        "id|text\n1|một, hai\n".encode(),
        "id\ttext\n1\tmột, hai\n".encode(),
        "\ufeffid;text\r\n1;một, hai".encode("utf-16-le"),
        "id;text\r\n1;một, hai".encode("utf-16-le"),
        'id,text\n1,"một, hai"\n'.encode("utf-16-be"),
        '\ufeffid,text\n1,"một, hai"\n'.encode("utf-16-be"),
        '\n\nid,text\n\n1,"một, hai"\n\n'.encode(),
    ],
)
def test_tables_as_spreadsheets_write_them(tmp_path: Path, data: bytes) -> None:
    (record,) = read_bytes(tmp_path / "x.csv", data)
    assert isinstance(record, Record)
    assert record.fields == {"id": "1", "text": "một, hai"}


def test_a_table_in_windows_1258(tmp_path: Path) -> None:
    text = "Bầu cử đã diễn ra ở nhiều tỉnh, và cử tri được hỏi về các đảng phái của đất nước. "
    import unicodedata

    plain = unicodedata.normalize("NFD", text)
    letters = unicodedata.normalize("NFC", plain)
    data = "".join(_as_cp1258(char) for char in letters)
    (record,) = read_bytes(tmp_path / "x.csv", b"id,text\n1," + b'"' + data.encode("cp1258") + b'"\n')
    assert isinstance(record, Record)
    assert record.fields["text"] == text


def _as_cp1258(char: str) -> str:
    """Return a letter with its tone mark apart, as windows-1258 has it."""
    import unicodedata

    try:
        char.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", char)
        tone = next(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", parts.replace(tone, "")) + tone
    return char


def test_a_bad_byte_or_nul_costs_one_record(tmp_path: Path) -> None:
    data = b"id,text,note\n1,m\xff,x\n2,hai,\xff\n3,b\0,x\n4,b\xe1\xbb\x91n,x\n"
    records = read_bytes(tmp_path / "x.csv", data)
    refused = {}
    for record in records:
        assert isinstance(record, Record)
        try:
            record.document()
        except FieldError as error:
            refused[record.identity("x.csv")] = str(error)
    assert refused == {
        "1": "text: is not UTF-8: save the file as UTF-8",
        "3": "text: has a NUL byte: export the file again",
    }


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.xlsx", "x.parquet"])
def test_two_columns_of_one_name_are_refused_once(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, ["id", "text", "text"], [["a", "b", "c"]] * 5)
    with pytest.raises(DataError, match="text: names 2 columns: rename or remove all but one") as caught:
        read(tmp_path / name)
    assert len(caught.value.problems) == 1


def test_columns_without_a_name_are_called_by_their_numbers(tmp_path: Path) -> None:
    (record,) = read_bytes(tmp_path / "x.csv", ",text,,\n0,a,b,c\n")
    assert isinstance(record, Record)
    assert record.fields == {"column_1": "0", "text": "a", "column_3": "b", "column_4": "c"}


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
