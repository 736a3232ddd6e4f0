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


@given(st.lists(st.text(max_size=3) | st.sampled_from([*OURS, "input_input_tags", "input_score_syria"]), unique=True))
def test_the_names_of_what_is_kept_are_distinct(names: list[str]) -> None:
    layout = Layout.of(("syria",), Options(kept_columns=tuple(names)))
    assert len(set(layout.columns)) == len(layout.columns)
    assert [new for new, name in zip(layout.kept, names, strict=True) if name not in layout.own_names] == [
        name for name in names if name not in layout.own_names
    ]
    assert all(new.endswith(name) for new, name in zip(layout.kept, names, strict=True))


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
