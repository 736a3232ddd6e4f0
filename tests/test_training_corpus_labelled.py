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
from records import read_labelled, tags_of

from model.errors import DataError, Problem
from training.corpus.examples import Columns, Example
from training.corpus.readers import read_examples, read_records
from training.corpus.writers import as_record, write_examples

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
        ('{"tags": [], "content": "a"}', "text", "there is tags, content: name the one to read with --text-column"),
        ('{"text": "  ", "tags": []}', "text", "is empty"),
        ('{"title": "", "body": "", "tags": []}', "title", "is empty"),
        ('{"text": "a", "tags": [], "id": {}}', "id", "must be a string or a number"),
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
    assert str(records[1]) == f"{path}:2: text: is not UTF-8: save the file as UTF-8"
    assert isinstance(records[2], Example)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.csv", b"text,topic\na,syria\n", "x.csv:1: tags: no such column; the header has text, topic"),
        ("x.csv", b"content,tags\na,syria\n", "x.csv:1: text: no such column; .* name the one to read with --text-col"),
        ("x.csv", b"text,tags\na,syria,extra\n", "x.csv:2: has 3 cells, and the header 2"),
        ("x.csv", b"text,tags,text\na,syria,b\n", "x.csv:1: text: names 2 columns: rename or remove all but one"),
        ("x.csv", b"", "x.csv: has no labelled record"),
        ("x.parquet", b"no parquet", "cannot be read as parquet"),
        ("x.xlsx", b"no workbook", "cannot be read as xlsx"),
        ("x.jsonl.zst", b"no zstd", "cannot be read as jsonl"),
        ("x.jsonl", b'[{"text": "a", "tags": []}]', "x.jsonl:1: is one JSON array, not one object per line"),
        ("x.json", b"1", "must be a list of records or of Label Studio's tasks"),
        ("x.txt", b"M\xe1\xbb\x99t b\xc3\xa0i\n\nHai", "x.txt: has no __label__ in any line"),
        ("x.jsonl.gz", b"no gzip", "cannot be read"),
        ("x.docx", b"", "unknown kind of file"),
        ("missing.jsonl", None, "cannot be read: no such file"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_examples([path])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file to read in it: names end in .csv"):
        read_examples([tmp_path])


@pytest.mark.parametrize("id", ["a", 7, 1.0, 1.5, "1.0", "7"])
def test_an_id_keeps_its_type(tmp_path: Path, id: object) -> None:
    (example,), _ = read_labelled(tmp_path / "x.jsonl", [{"id": id, "text": "Một bài", "tags": []}])
    assert isinstance(example, Example)
    assert (example.id, type(example.id)) == (id, type(id))


@pytest.mark.parametrize("id", [True, [1], {"a": 1}, float("nan"), float("inf")])
def test_an_id_of_another_type_is_refused(tmp_path: Path, id: object) -> None:
    (problem,), _ = read_labelled(tmp_path / "x.jsonl", [{"id": id, "text": "Một bài", "tags": []}])
    assert "x.jsonl:1: id: must be a string or a number, not" in str(problem)


def test_every_field_and_the_evidence_are_kept(tmp_path: Path) -> None:
    record = {
        "id": 3,
        "title": "Bầu cử ở tỉnh",
        "lead": "Cử tri đi bỏ phiếu.",
        "text": "Mưa lớn suốt ngày.",
        "tags": ["elections"],
        "borderline": ["ukraine"],
        "evidence": {"elections": ["Cử tri đi bỏ phiếu."]},
    }
    for name in ("y.jsonl", "y.csv", "y.tsv", "y.parquet", "y.xlsx", "y.json"):
        records, _ = read_labelled(tmp_path / "x.jsonl", [record])
        assert write_examples((one for one in records if isinstance(one, Example)), tmp_path / name) == 1
        (example,) = read_examples([tmp_path / name])
        assert as_record(example) == {**record, "id": "3" if name in ("y.csv", "y.tsv") else 3}


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        (["a"], "must be an object such as"),
        ({"syria": "a"}, "must be an object such as"),
        ({"Syria": ["a"]}, "'Syria' is no tag"),
        ("{", "must be JSON such as"),
    ],
)
def test_broken_evidence_is_named(tmp_path: Path, evidence: object, message: str) -> None:
    (problem,), _ = read_labelled(tmp_path / "x.jsonl", [{"text": "a", "tags": [], "evidence": evidence}])
    assert isinstance(problem, Problem)
    assert problem.field == "evidence"
    assert message in problem.message


def test_fields_of_other_names(tmp_path: Path) -> None:
    record = {"url": "u1", "content": "Một bài", "topics": "syria", "title": "Tên"}
    records, _ = read_labelled(tmp_path / "x.jsonl", [record], Columns("content", "url", "topics"))
    assert [(one.id, one.text) for one in records if isinstance(one, Example)] == [("u1", "Một bài")]
    assert tags_of(records) == [["syria"]]


def test_a_long_column_that_is_not_read_is_named(tmp_path: Path) -> None:
    content = "Đây là một bài viết. " * 20
    _, notes = read_labelled(tmp_path / "x.jsonl", [{"title": "Tên bài", "content": content, "tags": []}] * 3)
    advice = "read: title; not read: content (420 characters on average): --text-column content reads it"
    assert notes == [f"{tmp_path}/x.jsonl: {advice}"]


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("x.jsonl", '{"text": "a", "tags": ["rice"], "tags": []}', "1: tags: stands twice in the record"),
        ("x.jsonl", '{"text": "a", "cats": {"rice": 1, "rice": 0}}', "1: cats: has rice twice"),
        ("x.jsonl", '{"text": "a", "tags": [], "borderline": "rice", "borderline": ""}', "1: borderline: stands twice"),
        ("x.json", '[{"data": {"text": "a", "text": "b"}, "tags": []}]', "1: text: data: has text twice"),
    ],
)
def test_labels_that_stand_twice_are_refused(tmp_path: Path, name: str, line: str, message: str) -> None:
    (tmp_path / name).write_text(line, encoding="utf-8")
    (problem,) = read_records([tmp_path / name])
    assert f"{name}:{message}" in str(problem)
