"""`chude batch` as the real program: formats, bad records, kinds of text, and offsets."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import zstandard
from batching import read_jsonl, read_rows, write_jsonl
from conftest import SEEDS

Chude = Callable[..., subprocess.CompletedProcess[str]]
SYRIA = "Chiến sự Syria"


def write_as(name: str, folder: Path, records: list[dict[str, Any]]) -> Path:
    path = folder / name
    kind = name.split(".")[1]
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
        return path
    buffer = io.StringIO(newline="")
    if kind == "jsonl":
        buffer.writelines(json.dumps(record) + "\n" for record in records)
    else:
        table = csv.DictWriter(buffer, ["id", "text", "n"], delimiter="," if kind == "csv" else "\t")
        table.writeheader()
        table.writerows(records)
    data = buffer.getvalue().encode()
    half = data.index(b"\n", len(data) // 2) + 1  # two members, as `cat a.gz b.gz` makes
    if name.endswith(".gz"):
        data = gzip.compress(data[:half]) + gzip.compress(data[half:])
    elif name.endswith(".zst"):
        data = b"".join(zstandard.ZstdCompressor().compress(part) for part in (data[:half], data[half:]))
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv", "a.csv.gz", "a.tsv.zst", "a.tsv", "a.parquet"]
)
def test_inputs_of_every_format(
    chude: Chude, batch_records: list[dict[str, Any]], batch_expected: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    path = write_as(name, tmp_path, batch_records[:300])
    done = chude("batch", path, "-o", "-", "--jobs", 1)
    assert done.returncode == 0
    assert read_jsonl(done.stdout.encode()) == batch_expected[:300]


@pytest.mark.parametrize(
    "name", ["o.csv", "o.tsv.gz", "o.csv.zst", "o.xlsx", "o.parquet", "o.jsonl.gz", "o.jsonl.zst", "O.CSV.GZ"]
)
def test_outputs_of_every_format(
    chude: Chude, batch_records: list[dict[str, Any]], batch_expected: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", *batch_records[:2500])
    expected = batch_expected[:2500]
    output = tmp_path / name
    assert chude("batch", source, "-o", output, "--keep").returncode == 0
    rows = read_rows(output)
    if "jsonl" in name:
        assert rows == [{**record, **result} for record, result in zip(batch_records, expected, strict=False)]
        return
    assert [row["id"] for row in rows] == [result["id"] for result in expected]
    assert [json.loads(row["kept"])["n"] for row in rows] == list(range(len(expected)))
    if name == "o.parquet":
        assert [row["tags"] for row in rows] == [result["tags"] for result in expected]
        assert [row["scores"] for row in rows] == [result["scores"] for result in expected]
    else:
        assert [str(row["tags"]).split() for row in rows] == [result["tags"] for result in expected]
        scores = [float(row["score_syria"]) for row in rows]
        assert scores == pytest.approx([result["scores"]["syria"] for result in expected], rel=1e-15)


def test_bad_records_are_records(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text":"Chi\xe1\xba\xbfn s\xe1\xbb\xb1 Syria"}\n\n{"txt":1}\n"abc"\n{"id":5,"text":null}\n{bad\n'
        b'{"text":"\xff"}\n{"id":"e","text":"..."}\n{"id":"t","text":7}\n{"id":"x",'
        b'"title":"B\xe1\xba\xa7u c\xe1\xbb\xad","tags":["old"]}\n{"id":[1],"text":"Syria"}\n'
    )
    done = chude("batch", "bad.jsonl", "-o", "-", "--keep", cwd=tmp_path)
    outputs = read_jsonl(done.stdout.encode())
    assert done.returncode == 0
    assert "10 records, 8 with an error" in done.stderr
    ids = ["bad.jsonl:1", "bad.jsonl:3", "bad.jsonl:4", 5, "bad.jsonl:6", "bad.jsonl:7", "e", "t", "x", "bad.jsonl:11"]
    assert [output["id"] for output in outputs] == ids
    assert outputs[0]["tags"] == ["syria"]
    said = [output.get("error", {}).get("message", "") for output in outputs]
    parts = ["", "there is txt", "must be an object", "text: is null", "not JSON", "text: is not UTF-8", "empty"]
    for n, part in enumerate(parts):
        assert part in said[n]
    assert [message.split(": ")[0] for message in said if message] == [
        f"bad.jsonl:{line}" for line in (3, 4, 5, 6, 7, 8, 9, 11)
    ]
    assert said[7] == "bad.jsonl:9: text: must be a string, not int 7"
    assert said[9] == "bad.jsonl:11: id: must be a string or a number, not list [1]"
    assert outputs[8]["tags"] == ["elections"]
    assert outputs[8]["input_tags"] == ["old"]
    assert {output["error"]["code"] for output in outputs if "error" in output} == {"bad-record", "empty-text"}


def test_tables_with_bad_rows_and_other_columns(chude: Chude) -> None:
    table = 'nr,body,x\n1,"Chiến sự\nSyria",y\n2,Bầu cử tổng thống,z\n3,a\n4,b,c,d\n'.encode() + b"5,\xff,e\n"
    arguments = ("batch", "-", "--format", "csv", "-o", "-", "--output-format", "csv", "--keep")
    done = chude(*arguments, "--text-column", "body", "--id-column", "nr", stdin=table)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["tags"] for row in rows] == ["syria", "elections", "", "", ""]
    assert [row["id"] for row in rows[:2]] == ["1", "2"]
    assert [row["error"] for row in rows[2:4]] == [
        "-:5: has 2 cells, and the header 3: quote cells with a comma in them",
        "-:6: has 4 cells, and the header 3: quote cells with a comma in them",
    ]
    assert "UTF-8" in rows[4]["error"]
    assert json.loads(rows[0]["kept"]) == {"body": "Chiến sự\nSyria", "x": "y"}


def test_columns_of_a_table_stay_columns(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(f"id\ttext\tdate\n1\t{SYRIA}\t2026-01-02\n", encoding="utf-8")
    done = chude("batch", tmp_path / "a.tsv", "-o", tmp_path / "b.csv", "--keep", "--explain")
    assert done.returncode == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "b.csv").read_text(encoding="utf-8")))
    assert (row["date"], row["kept"]) == ("2026-01-02", "")
    assert json.loads(row["evidence"])[0]["sentence"] == SYRIA


def test_folders_of_documents_and_several_inputs(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "one.jsonl", {"text": SYRIA})
    done = chude("batch", SEEDS / "pages", "one.jsonl", "-o", "-", cwd=tmp_path)
    outputs = {output["id"]: output.get("tags") for output in read_jsonl(done.stdout.encode())}
    tags = json.loads((SEEDS / "pages" / "tags.json").read_text(encoding="utf-8"))
    assert {name: sorted(given) for name, given in tags.items()} == {
        name: outputs[str(SEEDS / "pages" / name)] for name in tags
    }
    assert outputs["one.jsonl:1"] == ["syria"]


PAGE = (
    "<html><head><title>Bão</title></head><body><article><h1>Bão vào bờ</h1><p>Mưa lớn ở miền Trung từ sáng nay.</p>"
    '<img alt="Chiến sự Syria"></article></body></html>'
)


@pytest.mark.parametrize("kind", [None, "--text", "--html", "--page"])
@pytest.mark.parametrize("text", [PAGE, SYRIA, f"<p>{SYRIA} &amp; Iraq</p>"])
def test_the_kind_of_text_means_what_it_means_for_tag(
    chude: Chude, tmp_path: Path, text: str, kind: str | None
) -> None:
    """One document in a file of its own, in JSON Lines and in `tag`."""
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    write_jsonl(tmp_path / "a.jsonl", {"text": text})
    options = [kind] if kind else []
    outcomes = [
        read_jsonl(chude(*arguments, *options, cwd=tmp_path).stdout.encode())[0]
        for arguments in (
            ("tag", "a.txt", "--json"),
            ("batch", "a.txt", "-o", "-"),
            ("batch", "a.jsonl", "-o", "-"),
        )
    ]
    tags = [outcome.get("tags", outcome.get("error", {}).get("code")) for outcome in outcomes]
    assert tags[0] == tags[1] == tags[2]
    assert outcomes[0].get("scores") == outcomes[1].get("scores") == outcomes[2].get("scores")


def test_offsets_of_evidence_count_in_the_fields_as_given(chude: Chude, tmp_path: Path) -> None:
    record = {
        "title": "Tin quốc tế: chiến sự Syria",
        "text": "Mưa lớn. Quân đội Syria mở chiến dịch mới ở Idlib.",
    }
    page = {"title": record["title"], "body": f"<div><p>{record['text']}</p></div>"}
    write_jsonl(tmp_path / "in.jsonl", record, page)
    done = chude("batch", tmp_path / "in.jsonl", "-o", "-", "--explain")
    for given_, output in zip((record, page), read_jsonl(done.stdout.encode()), strict=True):
        assert output["evidence"]
        for evidence in output["evidence"]:
            field = evidence["field"]
            read = output.get(field, given_[field])
            assert read[evidence["start"] : evidence["end"]] == evidence["sentence"]
            for term in evidence["terms"]:
                part = output.get(term["field"], given_[term["field"]])
                assert part[term["start"] : term["end"]].lower() == term["term"]


def test_a_file_in_an_old_encoding_has_its_warning(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Chiến sự ở Syria vẫn tiếp diễn, người dân phải rời nhà.".encode("utf-16"))
    text = "Chiến sự ở Syria vẫn tiếp diễn, người dân phải rời nhà."
    (tmp_path / "b.txt").write_bytes(to_cp1258(text))
    outputs = read_jsonl(chude("batch", "a.txt", "b.txt", "-o", "-", cwd=tmp_path).stdout.encode())
    tagged = [json.loads(chude("tag", "--json", name, cwd=tmp_path).stdout) for name in ("a.txt", "b.txt")]
    assert outputs == tagged


def to_cp1258(text: str) -> bytes:
    """Encode as Windows did for Vietnamese: vowels with their mark in one, tones behind them."""
    tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    encoded = []
    for char in text:
        parts = unicodedata.normalize("NFD", char)
        tone = "".join(part for part in parts if part in tones)
        encoded.append(unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones)) + tone)
    return "".join(encoded).encode("cp1258")
