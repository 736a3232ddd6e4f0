"""Where `chude batch` writes: nothing that is read is lost, no output replaces another, devices stay devices."""

from __future__ import annotations

import csv
import os
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from batching import read_jsonl, write_jsonl
from conftest import REPO

from service.batch.destination import name_parts
from service.batch.options import BatchError, Options
from service.batch.rows import OUTPUT_FORMATS
from training.corpus.sources import find_sources

Chude = Callable[..., subprocess.CompletedProcess[str]]
SYRIA = {"text": "Chiến sự Syria"}
ELECTIONS = {"text": "Bầu cử tổng thống"}


@pytest.mark.parametrize(
    ("inputs", "parts"),
    [
        (["a/news.jsonl", "b/news.jsonl"], ["a/news.jsonl", "b/news.jsonl"]),
        (["d/news.csv", "d/news.jsonl"], ["news.csv.jsonl", "news.jsonl"]),
        (["d/x.jsonl", "d/x.jsonl.gz", "d/y.ndjson"], ["x.jsonl", "x.jsonl.gz.jsonl", "y.jsonl"]),
        (["d/n.csv", "d/n.jsonl", "d/n.csv.jsonl"], ["d/n.csv.jsonl", "n.jsonl", "n.csv.jsonl"]),
        (["d/news.tsv"], ["news.jsonl"]),
    ],
)
def test_each_input_has_a_part_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: list[str], parts: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in inputs:
        write_jsonl(Path(name), SYRIA)
    assert name_parts(find_sources(inputs), inputs, Path("out"), Options()) == [Path("out", part) for part in parts]


def test_parts_that_cannot_be_told_apart_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = write_jsonl(tmp_path / "n.jsonl", SYRIA)
    alike = write_jsonl(whole.relative_to("/"), SYRIA)
    inputs = [str(whole), str(alike)]
    with pytest.raises(BatchError, match=f"{whole} and {alike} would both be written to out/"):
        name_parts(find_sources(inputs), inputs, Path("out"), Options())


def test_the_parts_of_folders_keep_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("crawl/a.jsonl", "crawl/x/a.jsonl", "more/b.csv", "more/a.jsonl"):
        write_jsonl(Path(name), SYRIA)
    inputs = ["crawl/", "./more"]
    parts = name_parts(find_sources(inputs), inputs, Path("out"), Options(format="csv", compression=".gz"))
    names = ["crawl/a.jsonl.csv.gz", "x/a.csv.gz", "more/a.jsonl.csv.gz", "b.csv.gz"]
    assert [str(part) for part in parts] == [f"out/{name}" for name in names]


def test_inputs_of_one_name_are_all_tagged(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a" / "news.jsonl", SYRIA)
    write_jsonl(tmp_path / "b" / "news.jsonl", ELECTIONS)
    done = chude("batch", "a/news.jsonl", "b/news.jsonl", "-o", "out/", cwd=tmp_path)
    assert (done.returncode, "2 records, 0 with an error; elections 1, syria 1" in done.stderr) == (0, True)
    parts = {name: read_jsonl((tmp_path / "out" / name / "news.jsonl").read_bytes()) for name in ("a", "b")}
    assert [(part["id"], part["tags"]) for (part,) in parts.values()] == [
        ("a/news.jsonl:1", ["syria"]),
        ("b/news.jsonl:1", ["elections"]),
    ]
    together = chude("batch", "a/news.jsonl", "b/news.jsonl", "-o", "-", cwd=tmp_path)
    assert [output["id"] for output in read_jsonl(together.stdout.encode())] == ["a/news.jsonl:1", "b/news.jsonl:1"]


def test_an_input_is_never_replaced(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA, ELECTIONS)
    write_jsonl(tmp_path / "d" / "g.jsonl", SYRIA)
    (tmp_path / "link.jsonl").symlink_to("f.jsonl")
    (tmp_path / "hard.jsonl").hardlink_to(source)
    (tmp_path / "same").symlink_to("d")
    (tmp_path / "x.jsonl.part").write_bytes(source.read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for arguments, said in (
        (("f.jsonl", "-o", "f.jsonl"), "is the input f.jsonl, which would be lost"),
        (("f.jsonl", "-o", "./f.jsonl"), "is the input f.jsonl"),
        (("f.jsonl", "-o", "link.jsonl"), "is the input f.jsonl"),
        (("link.jsonl", "-o", "f.jsonl"), "is the input link.jsonl"),
        (("f.jsonl", "-o", "hard.jsonl"), "is the input f.jsonl"),
        (("f.jsonl", "-o", "./"), "is the input f.jsonl"),
        (("d", "-o", "d/g.jsonl"), "is the input d/g.jsonl"),
        (("x.jsonl.part", "--format", "jsonl", "-o", "x.jsonl"), "is the input x.jsonl.part"),
        (("d", "-o", "d/"), "is, or lies in, the input d"),
        (("d", "-o", "same/"), "is, or lies in, the input d"),
        (("d", "-o", "d/out/"), "is, or lies in, the input d"),
        (("f.jsonl", "f.jsonl", "-o", "o.jsonl"), "give it once"),
    ):
        done = chude("batch", *arguments, cwd=tmp_path)
        assert (done.returncode, said in done.stderr) == (1, True), (arguments, done.stderr)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_standard_streams_that_are_an_input_are_refused(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA)
    before = source.read_bytes()
    command = list(map(str, chude("batch", "--help").args[:3]))
    with source.open("rb") as stdin:
        done = subprocess.run([*command, "batch", "-", "-o", source], stdin=stdin, capture_output=True, check=False)
    assert (done.returncode, b"is the input -" in done.stderr) == (1, True)
    with source.open("ab") as stdout:
        appended = subprocess.run(
            [*command, "batch", source, "-o", "-"], stdout=stdout, stderr=subprocess.PIPE, check=False
        )
    assert (appended.returncode, b"standard output goes to it" in appended.stderr) == (1, True)
    assert source.read_bytes() == before


def test_an_output_in_the_folder_that_is_read_is_not_read_the_next_time(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "crawl" / "a.jsonl", SYRIA)
    write_jsonl(tmp_path / "crawl" / "old.jsonl.part.jsonl", {"input": []})
    (tmp_path / "crawl" / "old.jsonl.part").write_bytes(b"")
    first = chude("batch", "crawl/", "-o", "crawl/tags.jsonl", cwd=tmp_path)
    assert (first.returncode, "1 record, 0 with an error" in first.stderr) == (0, True)
    output = (tmp_path / "crawl" / "tags.jsonl").read_bytes()
    again = chude("batch", "crawl/", "-o", "crawl/tags.jsonl", cwd=tmp_path)
    assert (again.returncode, "choose another output, outside of the folders" in again.stderr) == (1, True)
    assert (tmp_path / "crawl" / "tags.jsonl").read_bytes() == output


def test_the_file_behind_a_link_is_replaced_and_the_link_stays(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA)
    (tmp_path / "deep").mkdir()
    link, target = tmp_path / "out.jsonl", tmp_path / "deep" / "target.jsonl"
    link.symlink_to("deep/target.jsonl")
    target.write_text("before", encoding="utf-8")
    for _ in range(2):
        assert chude("batch", source, "-o", link).returncode == 0
        assert link.is_symlink()
        assert read_jsonl(target.read_bytes())[0]["tags"] == ["syria"]
        target.unlink()  # the link leads nowhere
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "f.jsonl", "out.jsonl"]


def test_pipes_and_devices_are_written_in_place(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA)
    assert chude("batch", source, "-o", "/dev/null").returncode == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert chude("batch", source, "-o", pipe).returncode == 0
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [row["tags"] for row in csv.DictReader(read[0].splitlines())] == ["syria"]
    (tmp_path / "to-stdout").symlink_to("/dev/stdout")
    for output in ("/dev/stdout", "/dev/fd/1", tmp_path / "to-stdout"):
        assert read_jsonl(chude("batch", source, "-o", output).stdout.encode())[0]["tags"] == ["syria"]
    full = chude("batch", source, "-o", "/dev/full")
    assert (full.returncode, "No space left on device" in full.stderr) == (1, True)


def test_an_open_file_is_continued(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA)
    command = list(map(str, chude("batch", "--help").args[:3]))
    with (tmp_path / "all.jsonl").open("wb") as stdout:
        stdout.write(b"before\n")
        stdout.flush()
        subprocess.run([*command, "batch", source, "-o", "/dev/stdout"], stdout=stdout, check=True)
        os.write(stdout.fileno(), b"behind\n")
    lines = (tmp_path / "all.jsonl").read_bytes().splitlines()
    assert (lines[0], lines[2], len(lines)) == (b"before", b"behind", 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.jsonl", "f.jsonl"]
    assert (tmp_path / "all.jsonl").stat().st_nlink == 1


def test_a_pipe_as_input(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA)
    parts = chude("batch", "-", source, "-o", f"{tmp_path}/out/", "--jobs", 2, stdin=source.read_bytes() * 3)
    assert (parts.returncode, "4 records, 0 with an error" in parts.stderr) == (0, True)
    assert len(read_jsonl((tmp_path / "out" / "stdin.jsonl").read_bytes())) == 3
    assert not (tmp_path / "out" / ".stdin.jsonl.done").exists()


def test_a_part_that_was_changed_is_made_again(chude: Chude, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in" / "f.jsonl", SYRIA)
    part = tmp_path / "out" / "f.jsonl"
    for _ in range(2):
        assert chude("batch", tmp_path / "in", "-o", f"{tmp_path}/out/").returncode == 0
        assert read_jsonl(part.read_bytes())[0]["tags"] == ["syria"]
        part.write_bytes(b"something else\n")


def test_without_a_scheduler_no_folder_is_left(chude: Chude, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", SYRIA)
    done = chude("batch", source, "-o", f"{tmp_path}/out/", "--dask", "tcp://127.0.0.1:9")
    assert (done.returncode, "no Dask scheduler answers there" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["f.jsonl"]


def test_every_output_format_says_so_itself() -> None:
    assert set(OUTPUT_FORMATS) == {"jsonl", "csv", "tsv", "parquet", "xlsx"}
    for source in (REPO / "service").rglob("*.py"):
        assert '"xlsx"' not in source.read_text(encoding="utf-8")
