"""CSV and TSV as other programs write them; one broken row costs one record."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import problems, read, read_bytes, values, write

from model.document import FieldError
from model.errors import DataError
from training.corpus.records import Record

BOM = b"\xef\xbb\xbf"
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
