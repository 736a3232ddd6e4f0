"""What `chude batch` says when something is wrong, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from batching import end, running, start, write_jsonl
from conftest import REPO

Chude = Callable[..., subprocess.CompletedProcess[str]]
PROSE = "Quân đội mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ. " * 20


def test_it_fails_where_every_record_failed(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "bad.jsonl", {"a": 1}, {"text": ""})
    write_jsonl(tmp_path / "good.jsonl", {"text": "Chiến sự Syria"})
    (tmp_path / "empty.jsonl").write_bytes(b"")
    for output in ("-", "o.csv", "o.parquet", "parts/"):
        done = chude("batch", "bad.jsonl", "-o", output, cwd=tmp_path)
        assert done.returncode == 1
        assert "not one record could be tagged; the first error is bad.jsonl:1: text: is missing" in done.stderr
        assert "; there is a: name the one to read with --text-column\n" in done.stderr
        assert output == "-" or (tmp_path / output).exists()
    for inputs in (("bad.jsonl", "good.jsonl"), ("empty.jsonl",)):
        assert chude("batch", *inputs, "-o", "-", cwd=tmp_path).returncode == 0


def test_columns_that_are_not_there_are_named_before_anything_is_written(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", {"id": 1, "text": "Chiến sự Syria"})
    (tmp_path / "b.csv").write_text("nr,body\n1,Syria\n", encoding="utf-8")
    (tmp_path / "c.txt").write_text("Chiến sự Syria", encoding="utf-8")
    for arguments, said in (
        (("a.jsonl", "--text-column", "txt"), "a.jsonl: --text-column txt: is in none of its records"),
        (("a.jsonl", "--text-column", "txt"), "there is id, text; did you mean text?"),
        (("a.jsonl", "--id-column", "nr"), "a.jsonl: --id-column nr: is in none"),
        (("a.jsonl", "b.csv", "--id-column", "id"), "b.csv: --id-column id: is in none"),
        (("b.csv", "--text-column", "bdy"), "there is nr, body; did you mean body?"),
    ):
        for output in ("o.jsonl", "o/"):
            done = chude("batch", *arguments, "-o", output, cwd=tmp_path)
            assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    data = (tmp_path / "a.jsonl").read_bytes()
    piped = chude("batch", "-", "--id-column", "nr", "-o", "o.jsonl", cwd=tmp_path, stdin=data)
    assert (piped.returncode, "-: --id-column nr: is in none" in piped.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.csv", "c.txt"]
    assert chude("batch", "b.csv", "c.txt", "--text-column", "body", "-o", "-", cwd=tmp_path).returncode == 0


def test_a_long_column_that_is_not_read_is_named_once_for_each_input(chude: Chude, tmp_path: Path) -> None:
    records = [{"url": "https://bao.example/1", "title": "Một bài", "content": PROSE}] * 3000
    write_jsonl(tmp_path / "a.jsonl", *records)
    write_jsonl(tmp_path / "b.jsonl", *records[:3])
    note = f"read: title; not read: content ({len(PROSE):,} characters on average): --text-column content reads it"
    for output in ("o.jsonl", "o/"):
        done = chude("batch", "a.jsonl", "b.jsonl", "-o", output, cwd=tmp_path)
        assert done.returncode == 0
        notes = [line for line in done.stderr.splitlines() if "not read" in line]
        assert notes == [f"chude: a.jsonl: {note}", f"chude: b.jsonl: {note}"]
    piped = chude("batch", "-", "-o", "-", stdin=(tmp_path / "a.jsonl").read_bytes())
    assert piped.stderr.count(f"chude: -: {note}") == 1
    quiet = chude("batch", "a.jsonl", "-o", "-", "--text-column", "content", cwd=tmp_path)
    assert (quiet.returncode, "not read" in quiet.stderr) == (0, False)


def test_wrong_usage_is_named(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", {"text": "Chiến sự Syria"})
    (tmp_path / "empty").mkdir()
    for arguments, status, said in (
        ((source, "-o", tmp_path / "out.docx"), 2, "name the output .jsonl"),
        ((tmp_path / "no.jsonl", "-o", "-"), 1, "no such file"),
        ((tmp_path / "empty", "-o", "-"), 1, "no file to read in it"),
        ((source, "-o", tmp_path / "no" / "out.jsonl"), 1, "no such folder"),
        (("-", "-o", tmp_path / "out.jsonl", "--resume"), 2, "cannot read standard input again"),
        ((source, "-o", "-", "--resume"), 2, "--resume needs a file as output"),
        ((source, "-o", "-", "--output-format", "parquet"), 2, "parquet"),
        ((source, "-o", tmp_path / "o.xlsx.gz"), 2, "xlsx: can be neither written to standard output"),
        ((source, "-o", "-", "--dask", "tcp://127.0.0.1:1"), 1, "no Dask scheduler answers"),
    ):
        done = chude("batch", *arguments)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    for broken in ("a.jsonl.gz", "a.parquet", "a.jsonl.zst", "a.xlsx"):
        (tmp_path / broken).write_bytes(b"no such thing")
        done = chude("batch", tmp_path / broken, "-o", "-", "--jobs", 1)
        assert (done.returncode, "cannot be read as" in done.stderr) == (1, True), done.stderr


def test_a_package_that_is_missing_is_named_before_anything_is_written(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", {"text": "Chiến sự Syria"})
    for package, arguments, extra in (
        ("dask.distributed", ("-o", "o.jsonl", "--dask", "tcp://127.0.0.1:1"), "cluster"),
        ("pyarrow.parquet", ("-o", "o.parquet"), "parquet"),
        ("xlsxwriter", ("-o", "o.xlsx"), ""),
    ):
        code = f"import sys; sys.modules[{package!r}] = None; from service.cli import main; main()"
        command = [sys.executable, "-c", code, "batch", "in.jsonl", *arguments]
        environ = {"PYTHONPATH": str(REPO), "CHUDE_HOME": str(tmp_path / "home")}
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("chude: ")
        assert (f"pip install 'chude[{extra}]'" if extra else "pip install chude") in done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


def test_a_reader_that_goes_is_no_error(batch_source: Path) -> None:
    with running(batch_source, "-o", "-", "--jobs", 1) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == "r0"
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        assert (process.wait(), said) == (0, b"")


def test_the_help_says_what_happens_to_names(chude: Chude) -> None:
    said = " ".join(chude("batch", "--help").stdout.split())
    assert "one called like ours comes back as input_<name>" in said
    assert "inputs whose parts would share a name keep their suffix" in said


def test_an_empty_folder_and_relative_paths(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", {"text": "Chiến sự Syria"})
    process = start("in.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert (end(process), process.returncode) == ("out.jsonl: 1 record, 0 with an error; syria 1\n", 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
