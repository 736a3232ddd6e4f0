"""`chude tag`: a file is read by what is in it, never by its name; what was repaired is said on stderr."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import legacy
import pytest
import zstandard
from conftest import REPO
from documents import ELECTION, PAGE, RICE, mojibake

from model.disguise import REPAIRED
from training.corpus.registry import FORMATS

Chude = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "name", ["a.txt", "-", *(pytest.param(name, marks=pytest.mark.whole) for name in ("A.TXT", "a.html", "a"))]
)
def test_names_do_not_matter(chude: Chude, tmp_path: Path, name: str) -> None:
    def tagged(data: str, *options: str) -> object:
        if name == "-":
            done = chude("tag", "--json", *options, stdin=data.encode())
        else:
            (tmp_path / name).write_text(data, encoding="utf-8")
            done = chude("tag", "--json", *options, tmp_path / name)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["scores"]

    plain, page = tagged(ELECTION), tagged(PAGE)
    assert tagged(f"<p>{ELECTION}</p><img alt='Syria'>") == plain
    assert tagged(ELECTION, "--html") == tagged(ELECTION, "--text") == plain
    assert tagged(PAGE, "--page") == tagged(PAGE, "--html") == page
    assert tagged(PAGE + "<script>Chiến sự Syria</script>", "--text") != page


def test_offsets_of_a_page_count_in_the_text_that_comes_with_them(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "trang.html"
    path.write_text(f"<!-- {'x' * 3000} -->{PAGE}", encoding="utf-8")
    result = json.loads(chude("tag", "--json", "--explain", path).stdout)
    assert result["text"] == f"Bầu cử ở Ukraine\n{ELECTION} {RICE}"
    assert result["evidence"]
    for evidence in result["evidence"]:
        assert result[evidence["field"]][evidence["start"] : evidence["end"]] == evidence["sentence"]


def test_what_was_repaired_is_said(chude: Chude, tmp_path: Path) -> None:
    page = f'<html><head><meta charset="windows-1258"></head><body><p>{ELECTION} {RICE}</p></body></html>'
    files = {
        "mojibake.txt": (mojibake(ELECTION, "cp1252").encode(), REPAIRED),
        "byte.txt": (ELECTION.encode() + b"\xff", "one character is not utf-8"),
        "nul.html": (PAGE.encode().replace(b"<p>", b"<p>\0"), "one NUL character was dropped"),
        "1258.html": (legacy.windows_1258(page), "converted from windows-1258"),
    }
    for name, (data, warning) in files.items():
        (tmp_path / name).write_bytes(data)
        done = chude("tag", tmp_path / name)
        assert done.returncode == 0
        assert f"{tmp_path / name}: elections, ukraine" in done.stdout
        assert f"chude: {tmp_path / name}: {warning}" in done.stderr


def test_what_cannot_be_read_costs_no_other_file(chude: Chude, tmp_path: Path) -> None:
    good, bad, login = tmp_path / "good.txt", tmp_path / "bad.txt", tmp_path / "login.txt"
    good.write_text(ELECTION, encoding="utf-8")
    bad.write_text(legacy.tcvn3(ELECTION).decode("latin-1"), encoding="utf-8")
    login.write_text("<html><body><form><input></form></body></html>", encoding="utf-8")
    done = chude("tag", bad, login, good)
    assert done.returncode == 1
    assert f"chude: {bad}: the text is in TCVN3" in done.stderr
    assert f"chude: {login}: no article in this page" in done.stderr
    assert f"{good}: elections, ukraine" in done.stdout


def test_files_of_records_are_named_whatever_their_format(chude: Chude, tmp_path: Path) -> None:
    suffixes = [
        suffix
        for format in FORMATS.values()
        if not format.is_one_document
        for suffix in format.suffixes
        if suffix != ".txt"
    ]
    assert {".json", ".pq", ".tab", ".xlsm", ".ft"} < set(suffixes)
    names = [tmp_path / f"f{suffix}{compression}" for suffix in suffixes for compression in ("", ".gz", ".ZST")]
    for name in names:
        name.write_text(ELECTION, encoding="utf-8")
    done = chude("tag", *names)
    assert done.returncode == 1
    assert done.stdout == ""
    for name in names:
        assert f"{name}: its name says that it has many records" in done.stderr
    forced = chude("tag", "--text", tmp_path / "f.json")
    assert f"{tmp_path}/f.json: elections, ukraine" in forced.stdout


@pytest.mark.parametrize("name", ["a.txt.gz", "a.TXT.ZST", "a.html.gz", "a.gz", "a.json.gz"])
def test_compressed_texts_are_read(chude: Chude, tmp_path: Path, name: str) -> None:
    data = PAGE.encode()
    compress = gzip.compress if name.lower().endswith(".gz") else zstandard.ZstdCompressor().compress
    (tmp_path / name).write_bytes(compress(data))
    options = ["--page"] if "json" in name else []
    assert f"{tmp_path / name}: elections, ukraine" in chude("tag", *options, tmp_path / name).stdout
    (tmp_path / name).write_bytes(compress(data)[:-20])
    damaged = chude("tag", *options, tmp_path / name)
    assert (damaged.returncode, f"{tmp_path / name}: cannot be decompressed" in damaged.stderr) == (1, True)


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.md", "a"])
def test_nothing_heavy_is_imported_to_tell_a_text_from_records(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(ELECTION, encoding="utf-8")
    code = (
        "import sys; from service.cli import main\n"
        f"sys.argv = ['chude', 'tag', {str(tmp_path / name)!r}]\n"
        "try: main()\nexcept SystemExit: print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPO, check=True)
    modules = done.stdout.splitlines()[-1]
    for heavy in ("pyarrow", "python_calamine", "xlsxwriter", "zstandard", "sqlalchemy", "joblib"):
        assert f"'{heavy}'" not in modules
    assert ("'training.corpus.registry'" in modules) == (name == "a.md")
