"""What commands write to: no input, no file that is not their own; pipes and devices stay what they are."""

from __future__ import annotations

import gzip
import json
import os
import stat
import threading
from pathlib import Path

import pytest
import zstandard
from batching import read_jsonl, write_jsonl
from conftest import SEEDS
from running import Run

from model.files import is_written_in_place, write_whole

RICE = {"id": 1, "text": "Giá gạo xuất khẩu tăng nhẹ trong tuần qua.", "tags": []}
SYRIA = {"id": 2, "text": "Chiến sự Syria lan tới ngoại ô Damascus.", "tags": ["syria"]}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A folder with a labelled file that has other names as well."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "g.jsonl").write_bytes((SEEDS / "articles.jsonl").read_bytes())
    (folder / "link.jsonl").symlink_to("g.jsonl")
    os.link(folder / "g.jsonl", folder / "hard.txt")
    os.link(folder / "g.jsonl", folder / "report.md")
    (folder / "notes.json").write_text('{"keep": "me"}', encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--json", "{}/g.jsonl"], "g.jsonl: is the input"),
        (["--json", "{}/link.jsonl"], "link.jsonl: is the input"),
        (["--json", "{}/hard.txt"], "hard.txt: is the input"),
        (["--card", "{}/hard.txt"], "hard.txt: is the input"),
        (["--report", "{}"], "report.md: is the input"),
        (["--json", "{}/notes.json"], "notes.json: is there, and is no file of figures"),
        (["--compare", "{}/notes.json", "--json", "{}/notes.json"], "is the input"),
    ],
)
def test_evaluation_replaces_nothing_but_its_own(run: Run, labelled: Path, options: list[str], message: str) -> None:
    before = contents(labelled)
    done = run("eval", labelled / "g.jsonl", *(option.format(labelled) for option in options), status=1)
    assert message in done.stderr
    assert contents(labelled) == before


def test_figures_are_replaced_by_figures(run: Run, labelled: Path, tmp_path: Path) -> None:
    figures, report = tmp_path / "figures.json", tmp_path / "report"
    write_jsonl(labelled / "few.jsonl", RICE, SYRIA)
    for _ in range(2):
        run("eval", labelled / "few.jsonl", "--json", figures)
        assert set(json.loads(figures.read_text(encoding="utf-8"))) == {"model", "figures", "comparison"}
    report.mkdir()
    (report / "report.md").write_text("Ghi chép của tôi", encoding="utf-8")
    done = run("eval", labelled / "few.jsonl", "--report", report, status=1)
    assert "is there, and is no folder with a report" in done.stderr
    assert contents(report) == {"report.md": "Ghi chép của tôi".encode()}


def test_an_estimator_replaces_only_an_estimator(run: Run, labelled: Path, tmp_path: Path) -> None:
    before = contents(labelled)
    done = run("models", "export", "--sklearn", labelled / "g.jsonl", status=1)
    assert "g.jsonl: is there, and is no file that `chude models export --sklearn` has written" in done.stderr
    assert contents(labelled) == before
    for _ in range(2):
        run("models", "export", "--sklearn", tmp_path / "chude.joblib")


def test_an_export_replaces_only_what_is_in_the_store(run: Run, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "g.jsonl", RICE, SYRIA)
    run("labels", "import", source)
    (tmp_path / "link.jsonl").symlink_to("g.jsonl")
    unknown = write_jsonl(tmp_path / "unknown.jsonl", {**RICE, "text": "Một bài khác chưa ai nhập."})
    richer = write_jsonl(tmp_path / "richer.jsonl", {**RICE, "url": "https://bao.example/1"})
    unlabelled = write_jsonl(tmp_path / "unlabelled.jsonl", {"text": RICE["text"]})
    known = write_jsonl(tmp_path / "known.jsonl", RICE)
    assert "0 added, 0 changed, 1 unchanged" in run("labels", "import", known).stdout
    before = contents(tmp_path)
    for path, reason in (
        (source, f"was imported as {source}"),
        (tmp_path / "link.jsonl", f"was imported as {source}"),
        (known, f"was imported as {known}"),
        (unknown, "has records that are not in the store"),
        (richer, "has fields that are not in the store, such as url"),
        (unlabelled, "has records that are not in the store"),
    ):
        done = run("labels", "export", path, status=1)
        assert f"{path}: is there, and {reason}: choose another name, or replace it with --overwrite" in done.stderr
    assert contents(tmp_path) == before
    for name in ("out.jsonl", "out.json", "out.csv", "out.jsonl.gz"):
        for _ in range(2):
            assert "2 examples" in run("labels", "export", tmp_path / name).stdout
    run("labels", "export", "--overwrite", richer)
    assert "url" not in richer.read_text(encoding="utf-8")


def test_exports_are_compressed_and_marked_as_outputs_of_batch_are(run: Run, tmp_path: Path) -> None:
    run("labels", "import", write_jsonl(tmp_path / "in.jsonl", RICE, SYRIA))
    run("labels", "export", tmp_path / "out.jsonl")
    plain = (tmp_path / "out.jsonl").read_bytes()
    run("labels", "export", tmp_path / "out.jsonl.gz")
    assert gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()) == plain
    run("labels", "export", tmp_path / "out.jsonl.zst")
    assert zstandard.ZstdDecompressor().decompressobj().decompress((tmp_path / "out.jsonl.zst").read_bytes()) == plain
    run("labels", "export", tmp_path / "out.csv", "--bom")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    for name, message in (("x.jsonl", "this is jsonl"), ("x.xlsx.gz", "xlsx is not written compressed")):
        assert message in run("labels", "export", tmp_path / name, "--bom", status=1).stderr
    again = run("labels", "import", tmp_path / "out.csv", tmp_path / "out.jsonl.gz", tmp_path / "out.jsonl.zst")
    assert again.stdout.count("0 added, 0 changed, 2 unchanged") == 3


def read_in_background(pipe: Path, read: list[bytes]) -> threading.Thread:
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    return reader


def test_pipes_stay_pipes_whichever_command_writes(run: Run, tmp_path: Path) -> None:
    few = write_jsonl(tmp_path / "in.jsonl", RICE, SYRIA)
    run("labels", "import", few)
    pipe = tmp_path / "q.jsonl"
    os.mkfifo(pipe)
    for command in (
        ("labels", "export", pipe),
        ("eval", few, "--json", pipe),
        ("models", "export", "--sklearn", pipe),
    ):
        read: list[bytes] = []
        reader = read_in_background(pipe, read)
        run(*command)
        reader.join()
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert read[0]
        if command[0] == "labels":
            assert [record["id"] for record in read_jsonl(read[0])] == [1, 2]


def test_a_device_is_written_and_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    assert is_written_in_place(link)
    assert not is_written_in_place(tmp_path)
    assert not is_written_in_place(tmp_path / "nothing")
    with write_whole(link) as part:
        part.write_bytes(b"x")
    assert link.is_symlink()
    assert stat.S_ISCHR(link.stat().st_mode)


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (("tag", "--text", "--html", "f.jsonl"), 2, "--html and --text exclude each other"),
        (("batch", "f.jsonl", "-o", "-", "--page", "--html"), 2, "--html and --page exclude each other"),
        (("serve", "--port", "99999"), 1, "--port must be at most 65535, not 99999"),
        (("serve", "--request-timeout", "0"), 1, "--request-timeout must be at least 1, not 0"),
        (("batch", "case.jsonl", "-o", "-"), 1, "there is Title, Text; did you mean title in place of Title?"),
        (("batch", "null.jsonl", "-o", "-"), 1, "null.jsonl:1: text: is null: a text needs at least one word"),
    ],
)
def test_what_messages_say(run: Run, tmp_path: Path, command: tuple[str, ...], status: int, message: str) -> None:
    write_jsonl(tmp_path / "f.jsonl", RICE)
    write_jsonl(tmp_path / "case.jsonl", {"Title": "Tin", "Text": "Giá gạo tăng."})
    write_jsonl(tmp_path / "null.jsonl", {"text": None})
    done = run(*(str(tmp_path / word) if ".jsonl" in word else word for word in command), status=status)
    assert message in done.stderr


def test_advice_names_what_the_command_has(run: Run, tmp_path: Path) -> None:
    (tmp_path / "noext").write_text("x", encoding="utf-8")
    assert "--format" not in run("labels", "import", tmp_path / "noext", status=1).stderr
    missing = run("batch", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "-o", "-", status=1).stderr
    assert "a.jsonl: cannot be read: no such file" in missing
    assert "b.jsonl: cannot be read: no such file" in missing
    assert "chude check" not in missing


def test_an_empty_text_has_one_code(run: Run, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", {"text": ""}, {"text": "  "}, {"text": None}, {"text": "..."}, RICE)
    outputs = read_jsonl(run("batch", source, "-o", "-").stdout.encode())
    assert [output.get("error", {}).get("code") for output in outputs] == [*["empty-text"] * 4, None]
    (tmp_path / "empty.txt").write_bytes(b"")
    done = run("tag", "--json", tmp_path / "empty.txt", status=1)
    assert json.loads(done.stdout)["error"]["code"] == "empty-text"
