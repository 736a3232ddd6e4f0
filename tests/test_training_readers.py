"""Labelled files: every format gives the same examples, and every broken record is named."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from model.errors import DataError, Problem
from training.corpus.examples import Example
from training.corpus.readers import read_examples, read_records

RECORDS = [
    {"id": "a", "text": 'Chiến sự ở Syria, "Aleppo"', "tags": ["syria"]},
    {"id": "b", "text": "Bầu cử và vũ khí", "tags": ["arms-control", "elections"]},
    {"id": "c", "text": "Giá gạo tăng", "tags": []},
]


def write_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS), encoding="utf-8")


def write_jsonl_gz(path: Path) -> None:
    path.write_bytes(gzip.compress("\n\n".join(json.dumps(r) for r in RECORDS).encode()))


def write_table(delimiter: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file, delimiter=delimiter)
            rows.writerow(["id", "text", "tags"])
            rows.writerows([r["id"], r["text"], " ".join(r["tags"])] for r in RECORDS)

    return write


def write_parquet(path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(RECORDS), path)


def write_fasttext(path: Path) -> None:
    lines = (" ".join([*(f"__label__{t}" for t in r["tags"]), str(r["text"])]) for r in RECORDS)
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.jsonl", write_jsonl),
        ("x.jsonl.gz", write_jsonl_gz),
        ("x.csv", write_table(",")),
        ("x.tsv", write_table("\t")),
        ("x.parquet", write_parquet),
        ("x.txt", write_fasttext),
    ],
)
def test_every_format_reads_the_same(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    for given in (tmp_path / name, tmp_path):
        examples = read_examples([given])
        assert [(e.text, sorted(e.tags)) for e in examples] == [(r["text"], r["tags"]) for r in RECORDS]
        if "txt" not in name:
            assert [e.id for e in examples] == ["a", "b", "c"]


def test_parts_make_a_text_and_a_teaser(tmp_path: Path) -> None:
    records = [
        {"title": "Tiêu đề", "lead": "Sa-pô", "body": "Thân bài", "tags": "syria ukraine"},
        {"title": "Tiêu đề", "lead": "Sa-pô", "body": "", "tags": [], "borderline": ["syria"]},
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    article, teaser = read_examples([path])
    assert (article.text, article.is_teaser, article.tags) == ("Tiêu đề\nSa-pô\nThân bài", False, {"syria", "ukraine"})
    assert (teaser.text, teaser.is_teaser, teaser.borderline) == ("Tiêu đề\nSa-pô", True, {"syria"})
    assert article.id == f"{path}:1"


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ('{"text": "a", "tags": ["Syria"]}', "tags", "'Syria' is no tag"),
        ('{"text": "a", "tags": ["arms_control"]}', "tags", "is no tag"),
        ('{"text": "a", "tags": 5}', "tags", "must be a list of tags"),
        ('{"text": "a", "tags": [5]}', "tags", "must be a list of tags"),
        ('{"text": "a"}', "tags", "is missing"),
        ('{"text": 5, "tags": []}', "text", "must be a string, not int 5"),
        ('{"tags": []}', "text", "is missing: give"),
        ('{"text": "  ", "tags": []}', "text", "is empty"),
        ('{"title": "", "body": "", "tags": []}', "title", "is empty"),
        ('{"text": "a", "tags": [], "id": {}}', "id", "must be a string"),
        ('["a"]', "", "must be an object"),
        ('{"text": "a", "tags": []', "", "not JSON"),
        ('{"text": "a", "tags": [], "borderline": "Ü"}', "borderline", "is no tag"),
    ],
)
def test_a_broken_third_line_is_named(tmp_path: Path, line: str, field: str, message: str) -> None:
    good = '{"text": "Một bài", "tags": []}'
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([good, good, line, good]), encoding="utf-8")
    records = list(read_records([path]))
    assert [type(record) for record in records] == [Example, Example, Problem, Example]
    problem = records[2]
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line, problem.field) == (str(path), 3, field)
    assert message in problem.message
    with pytest.raises(DataError, match=f"x.jsonl:3: {field}"):
        read_examples([path])


def test_a_line_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"text": "a b", "tags": []}\n{"text": "\xff", "tags": []}\n{"text": "c", "tags": []}\n')
    records = list(read_records([path]))
    assert str(records[1]) == f"{path}:2: not UTF-8 at byte 10 of the line: save it as UTF-8"
    assert isinstance(records[2], Example)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.csv", b"text,label\na,syria\n", "x.csv:1: tags: no such column; the header has text, label"),
        ("x.csv", b"text,tags\na,syria,extra\n", "x.csv:2: has more or fewer columns"),
        ("x.csv", b"", "x.csv:1: tags: no such column"),
        ("x.parquet", b"no parquet", "not a readable Parquet file"),
        ("x.jsonl.gz", b"no gzip", "cannot be read"),
        ("x.docx", b"", "unknown kind of file"),
        ("missing.jsonl", None, "cannot be read: No such file"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_examples([path])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled record"):
        read_examples([tmp_path])
