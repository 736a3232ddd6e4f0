"""What the columns of `chude batch` hold: ids of their own type, what `--keep` keeps, cells of any kind."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest
from batching import read_jsonl, read_rows, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from service.batch.options import Options
from service.batch.rows import Layout

Chude = Callable[..., subprocess.CompletedProcess[str]]
SYRIA = "Chiến sự Syria"

OURS = ("tags", "scores", "model", "error", "warnings", "score_syria", "kept", "evidence", "error_code", "input_tags")


@pytest.mark.parametrize("source", ["in.csv", "in.jsonl", "in.parquet"])
@pytest.mark.parametrize("name", ["o.jsonl", "o.csv", "o.tsv", "o.parquet", "o.xlsx"])
def test_what_is_kept_never_takes_a_name_of_ours(chude: Chude, tmp_path: Path, source: str, name: str) -> None:
    record = {"nr": "7", "id": "other", "text": SYRIA, "date": "2026", **{column: f"gold-{column}" for column in OURS}}
    if source == "in.csv":
        lines = (",".join(record), ",".join(record.values()))
        (tmp_path / source).write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif source == "in.parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([record]), tmp_path / source)
    else:
        write_jsonl(tmp_path / source, record)
    done = chude("batch", tmp_path / source, "-o", tmp_path / name, "--keep", "--id-column", "nr")
    assert done.returncode == 0
    (row,) = read_rows(tmp_path / name)
    assert row["tags"] in (["syria"], "syria")
    assert str(row["id"]) == "7"
    assert "gold" not in str(row["model"])
    row |= json.loads(str(row.pop("kept", None) or "{}"))
    expected = {f"input_{column}": f"gold-{column}" for column in OURS if "tags" not in column}
    expected |= {"input_input_tags": "gold-tags", "input_tags": "gold-input_tags", "input_id": "other", "date": "2026"}
    assert {column: row[column] for column in expected} == expected


@pytest.mark.parametrize(
    ("source", "name", "options", "tagged"),
    [
        ("in.csv", "o.jsonl", (), [0]),
        ("in.csv", "o.csv", ("--text-column", "headline"), [1]),
        ("in.csv", "o.xlsx", (), [0]),
        ("in.csv", "o.parquet", ("--text-column", "headline"), [1]),
        ("in.parquet", "o.parquet", (), [0]),
    ],
)
def test_what_was_read_is_kept_as_a_column(
    chude: Chude, tmp_path: Path, source: str, name: str, options: tuple[str, ...], tagged: list[int]
) -> None:
    rows = [{"id": 7, "title": SYRIA, "headline": "Giá gạo", "n": 3}, {"id": 8, "title": "", "headline": SYRIA, "n": 4}]
    if source == "in.csv":
        lines = [",".join(map(str, values)) for values in (rows[0], *(row.values() for row in rows))]
        (tmp_path / source).write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / source)
    assert chude("batch", tmp_path / source, "-o", tmp_path / name, "--keep", *options).returncode == 0
    found = read_rows(tmp_path / name)
    assert [n for n, row in enumerate(found) if "syria" in (row.get("tags") or "")] == tagged
    for output, row in zip(found, rows, strict=True):
        assert {column: str(output[column] or "") for column in row} == {c: str(v) for c, v in row.items()}
        assert not output.get("kept")
        assert not [column for column in output if column.startswith("input_")]


def test_kept_columns_of_parquet_have_their_own_type(chude: Chude, tmp_path: Path) -> None:
    row = {"text": SYRIA, "n": 3, "part": 0.5, "is_new": True, "words": ["a", "b"], "nested": {"a": [1]}, "none": None}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "in.parquet")
    assert chude("batch", tmp_path / "in.parquet", "-o", tmp_path / "o.parquet", "--keep").returncode == 0
    (kept,) = pyarrow.parquet.read_table(tmp_path / "o.parquet", columns=list(row)).to_pylist()
    assert kept == {**row, "nested": '{"a":[1]}'}


def test_a_document_in_a_file_of_its_own_has_no_fields_to_keep(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SYRIA, encoding="utf-8")
    (output,) = read_jsonl(chude("batch", "a.txt", "-o", "-", "--keep", cwd=tmp_path).stdout.encode())
    assert (output["id"], output["tags"], "text" in output) == ("a.txt", ["syria"], False)


@given(st.lists(st.text(max_size=3) | st.sampled_from([*OURS, "input_input_tags", "input_score_syria"]), unique=True))
def test_the_names_of_what_is_kept_are_distinct(names: list[str]) -> None:
    layout = Layout.of(("syria",), Options(kept_columns=tuple(names)))
    assert len(set(layout.columns)) == len(layout.columns)
    assert [new for new, name in zip(layout.kept, names, strict=True) if name not in layout.own_names] == [
        name for name in names if name not in layout.own_names
    ]
    assert all(new.endswith(name) for new, name in zip(layout.kept, names, strict=True))


def test_ids_that_stand_twice_are_named(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", {"id": 1, "text": SYRIA}, {"id": 2, "text": SYRIA})
    write_jsonl(tmp_path / "b.jsonl", {"text": SYRIA}, {"id": 3, "text": SYRIA}, {"id": "2", "text": SYRIA})
    done = chude("batch", "a.jsonl", "b.jsonl", "-o", "o.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert "record 2 and record 5 have the same id: name another field with --id-column" in done.stderr
    assert "the same id" not in chude("batch", "a.jsonl", "-o", "-", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("ids", "kind", "in_parquet"),
    [
        ([1, 2, 3], "int64", [1, 2, 3]),
        ([1.0, 2.5, 1e300], "double", [1.0, 2.5, 1e300]),
        (["1", "b", "3"], "string", ["1", "b", "3"]),
        ([1, "b", 2.5], "string", ["1", "b", "2.5"]),
        ([1, None, 3], "string", ["1", "in.jsonl:2", "3"]),
        ([2**63, 1, 2], "string", [str(2**63), "1", "2"]),
    ],
)
def test_ids_keep_their_type(
    chude: Chude, tmp_path: Path, ids: list[object], kind: str, in_parquet: list[object]
) -> None:
    write_jsonl(tmp_path / "in.jsonl", *({"id": value, "text": SYRIA} for value in ids))
    done = chude("batch", "in.jsonl", "-o", "-", cwd=tmp_path)
    out = [output["id"] for output in read_jsonl(done.stdout.encode())]
    assert out == ["in.jsonl:2" if value is None else value for value in ids]
    assert [type(value) for value in out] == [str if value is None else type(value) for value in ids]
    assert chude("batch", "in.jsonl", "-o", "o.parquet", cwd=tmp_path).returncode == 0
    column = pyarrow.parquet.read_table(tmp_path / "o.parquet")["id"]
    assert (str(column.type), column.to_pylist()) == (kind, in_parquet)
    again = chude("batch", "o.parquet", "-o", "-", "--text-column", "model", cwd=tmp_path)
    assert [output["id"] for output in read_jsonl(again.stdout.encode())] == in_parquet


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.csv.gz"])
def test_cells_with_every_line_end_are_read_back(chude: Chude, tmp_path: Path, name: str) -> None:
    kept = ["a\rb", "\r", "a\r\nb", "a\nb", '"', 'a"b', "a\tb,c;", "\ufeffa", "=1+1", " a "]
    write_jsonl(tmp_path / "in.jsonl", *({"id": f"{n}\r{n}", "text": SYRIA, "x": x} for n, x in enumerate(kept)))
    assert chude("batch", tmp_path / "in.jsonl", "-o", tmp_path / name, "--keep").returncode == 0
    rows = read_rows(tmp_path / name)
    assert [row["id"] for row in rows] == [f"{n}\r{n}" for n in range(len(kept))]
    assert [json.loads(str(row["kept"]))["x"] for row in rows] == kept
    (tmp_path / "in.csv").write_bytes(b'id,text,x\r\n1,Syria,"a\rb"\r\n2,Syria,"\r"\r\n')
    assert chude("batch", tmp_path / "in.csv", "-o", tmp_path / name, "--keep").returncode == 0
    assert [row["x"] for row in read_rows(tmp_path / name)] == ["a\rb", "\r"]


def test_a_byte_order_mark_for_excel(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", {"id": 1, "text": SYRIA})
    for name, option, start in (("o.csv", "--bom", b"\xef\xbb\xbfid,"), ("o.csv", "--keep", b"id,")):
        assert chude("batch", tmp_path / "in.jsonl", "-o", tmp_path / name, option).returncode == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    refused = chude("batch", tmp_path / "in.jsonl", "-o", tmp_path / "o.jsonl", "--bom")
    assert (refused.returncode, "--bom is for CSV and TSV" in refused.stderr) == (2, True)


def test_what_a_cell_of_excel_cannot_hold_is_cut_with_a_warning(chude: Chude, tmp_path: Path) -> None:
    long = "𠀀" * 20_000
    (tmp_path / "in.csv").write_text(f"id,text,x\n1,{SYRIA},{long}\n2,{SYRIA},kurz\n", encoding="utf-8")
    assert chude("batch", tmp_path / "in.csv", "-o", tmp_path / "o.xlsx", "--keep").returncode == 0
    first, second = read_rows(tmp_path / "o.xlsx")
    assert (first["x"], second["x"]) == (long[:16_383], "kurz")
    assert "cut to the 32,767 characters of a cell: x" in str(first["warnings"])
    assert not second["warnings"]


BROKEN_KEPT = [
    (b'"x": 1, "x": 2', "x: stands twice in the record, with different values: keep one"),
    (b'"x": {"y": [{"a": 1, "a": 2}]}', "x: has a twice, with different values: keep one"),
    (b'"x": "Gi\xe1"', "x: is not UTF-8: save the file as UTF-8"),
    (b'"x": "\\ud800"', "x: has half a character: export it again"),
    (b'"x": 1e400', "x: has the number inf, which JSON does not have: it is read as null"),
    (b'"x": {"y": [-Infinity]}', "x: has the number -inf, which JSON does not have: it is read as null"),
    (b'"x": NaN', "x: has the number nan, which JSON does not have: it is read as null"),
    (b'"x\xe1": 1, "x\xe2": 2', "x??: is the name of two fields that differ in a broken character only"),
]


@pytest.mark.parametrize(("member", "warning"), BROKEN_KEPT)
def test_what_is_kept_broken_is_named_and_the_tags_are_given(
    chude: Chude, tmp_path: Path, member: bytes, warning: str
) -> None:
    line = b'{"id": 4, %s, "text": "%s"}\n' % (member, SYRIA.encode())
    (tmp_path / "in.jsonl").write_bytes(line)
    for options, warnings in (((), None), (("--keep",), [warning.replace("??", "?")])):
        done = chude("batch", tmp_path / "in.jsonl", "-o", "-", *options)
        (output,) = read_jsonl(done.stdout.encode())
        assert (output["id"], output["tags"], output.get("warnings")) == (4, ["syria"], warnings)
    assert chude("batch", tmp_path / "in.jsonl", "-o", tmp_path / "o.csv", "--keep").returncode == 0
    (row,) = read_rows(tmp_path / "o.csv")
    assert warning.replace("??", "?") in row["warnings"]


def test_what_is_kept_twice_with_one_value_is_not_broken(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(f'{{"id": 4, "x": [1], "x": [1], "text": "{SYRIA}"}}\n', encoding="utf-8")
    (output,) = read_jsonl(chude("batch", tmp_path / "in.jsonl", "-o", "-", "--keep").stdout.encode())
    assert "warnings" not in output


def test_an_infinite_number_of_parquet_is_named(chude: Chude, tmp_path: Path) -> None:
    records = [{"text": SYRIA, "x": float("inf"), "n": 1}, {"text": SYRIA, "x": float("nan"), "n": 2}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), tmp_path / "in.parquet")
    first, missing = read_jsonl(chude("batch", tmp_path / "in.parquet", "-o", "-", "--keep").stdout.encode())
    assert first["warnings"] == ["x: has the number inf, which JSON does not have: it is read as null"]
    assert (missing["x"], missing["tags"], "warnings" in missing) == (None, ["syria"], False)


@pytest.mark.parametrize(("column", "returned"), [("content", "content"), ("model", "input_model")])
def test_evidence_names_the_column_as_it_was_given(chude: Chude, tmp_path: Path, column: str, returned: str) -> None:
    write_jsonl(tmp_path / "in.jsonl", {"id": 1, column: SYRIA}, {"id": 2, column: f"<p>{SYRIA}</p>", "text": "khác"})
    arguments = ("batch", tmp_path / "in.jsonl", "--explain", "--keep", "--text-column", column, "-o")
    plain, html = read_jsonl(chude(*arguments, "-").stdout.encode())
    for output in (plain, html):
        assert output["tags"] == ["syria"]
        assert {evidence["field"] for evidence in output["evidence"]} == {column}
        terms = [term for part in (*output["evidence"], *output["context"]) for term in part["terms"]]
        assert {term["field"] for term in terms} == {column}
    assert html[returned] == SYRIA
    assert html[f"input_{returned}"] == f"<p>{SYRIA}</p>"
    assert html["text"] == "khác"
    assert (returned in plain, plain[f"input_{returned}"]) == (False, SYRIA)
    for name in ("o.csv", "o.parquet"):
        assert chude(*arguments, tmp_path / name).returncode == 0
        row = read_rows(tmp_path / name)[1]
        assert row[returned] == SYRIA
        assert json.loads(str(row["kept"]))[f"input_{returned}"] == f"<p>{SYRIA}</p>"
