"""Each part of `make bench` runs from its beginning to its end, at the smallest size that it has."""

from __future__ import annotations

import gzip
import importlib
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from conftest import REPO, SEEDS
from texts import SYRIA

BENCH = REPO / "tests" / "bench"
ARTICLES = SEEDS / "articles.jsonl"
SHIPPED, PEER = "chude, shipped model, pages cut", "scikit-learn TF-IDF (1,2) + SVM"


class Bench:
    """The scripts as modules; their sizes and data are set for one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, report: Path) -> None:
        self.monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(BENCH)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as the scripts do: it is theirs to the end of the test only
        monkeypatch.setattr(sys, "argv", ["bench", str(report)])

    def script(self, name: str, **sizes: object) -> Any:
        module = importlib.import_module(name)
        for constant, value in sizes.items():
            self.monkeypatch.setattr(module, constant, value)
        return module


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    return Bench(monkeypatch, tmp_path / "report")


def test_make_bench_runs_every_script() -> None:
    named = re.findall(r"tests/bench/(bench_\w+)\.py", (REPO / "Makefile").read_text(encoding="utf-8"))
    alone = {"bench_systems"}  # the process that the other scripts start
    assert set(named) == {path.stem for path in BENCH.glob("bench_*.py")} - alone


def test_tagging(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    systems = bench.script("systems").SYSTEMS
    bench.script(
        "bench_tagging",
        TRAIN=ARTICLES,
        DEV=ARTICLES,
        UNLABELLED=ARTICLES,
        ROUNDS=1,
        N_TEXTS=20,
        N_SINGLE=2,
        N_LINES=50,
        OURS=SHIPPED,
        SYSTEMS={name: systems[name] for name in (SHIPPED, PEER)},
    ).main()
    table = capsys.readouterr().out
    assert re.search(rf"^\| {re.escape(SHIPPED)} \|.* \| 1\.00 \|", table, re.M)
    assert re.search(rf"^\| {re.escape(PEER)} \|", table, re.M)
    assert "`chude tag FILE` as a process: " in table
    assert (tmp_path / "report" / "speed.png").stat().st_size > 1000


def test_batch(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bench.script(
        "bench_batch",
        UNLABELLED=ARTICLES,
        ROUNDS=1,
        N_LINES=60,
        N_TEXTS=20,
        N_ARTICLES=(10,),
        N_CHARS=(100,),
        N_TERMS=(100,),
        N_TAGS=(4,),
    ).main()
    table = capsys.readouterr().out
    assert re.search(r"^\| two processes \| [\d,]+ \| \d+ \|$", table, re.M)
    assert re.search(r"^\| characters of a page \| 100: \d+ ns per character \|", table, re.M)
    assert (tmp_path / "report" / "growth.png").stat().st_size > 1000


def test_service(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The comparison with the plain service, which starts all kinds of processes that the script has."""
    script = bench.script("bench_service", ROUNDS=1, SECONDS=0.1, CONNECTIONS=(2,), WORKERS=1)
    bench.script("systems").SYSTEMS[PEER].fit(ARTICLES, tmp_path)
    script.print_table("service", script.compare_services(tmp_path, [script.post("/predict", {"text": SYRIA})]))
    row = rf"^\| requests per second, 2 clients; plain Flask \+ {re.escape(PEER)} \| [1-9]"
    assert re.search(row, capsys.readouterr().out, re.M)


@pytest.mark.whole
def test_service_as_a_whole(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {"ROUNDS": 1, "SECONDS": 0.1, "CONNECTIONS": (2,), "FAULT_SECONDS": 0.5, "HALF_SENT": 10}
    bench.script("bench_service", UNLABELLED=ARTICLES, TRAIN=ARTICLES, **sizes).main()
    table = capsys.readouterr().out
    assert re.search(r"answers \{200: \d+\}, broken 0", table)
    assert re.search(r"^memory of each of two workers alone: \d+ MB, \d+ MB$", table, re.M)


def test_suggest(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "dev"):
        (data / f"{name}.jsonl.gz").write_bytes(gzip.compress(ARTICLES.read_bytes()))
    bench.script("bench_suggest", DATA=data, FIRST=150, LAST=150, SEEDS=(0,)).main()
    assert re.search(r"^\| suggested \| 0\.\d{3} \|\n\| random \| 0\.\d{3} \|$", capsys.readouterr().out, re.M)


def test_pages(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listing = REPO / "tests" / "pages" / "r2_listing.html"
    gold = tmp_path / "a.txt"
    gold.write_text("T\tThanh sát viên trở lại bãi thử cũ\n", encoding="utf-8")
    source = tmp_path / "source"
    source.mkdir()
    with tarfile.open(source / "pages-real.tar.gz", "w:gz") as archive:
        archive.add(SEEDS / "pages" / "10_article.html", "pages/html/a.html")
        archive.add(listing, "pages/html/b.html")
        archive.add(gold, "pages/gold/a.txt")
    index = "file\tkind\tsite\nhtml/a.html\tarticle\tours\nhtml/b.html\tlisting\tours\n"
    (source / "index.tsv").write_text(index, encoding="utf-8")
    script = bench.script("bench_pages", SOURCE=source)
    bench.monkeypatch.setattr(script, "SYSTEMS", (script.chude,))
    script.main()
    assert re.search(r"^\| chude \| 0\.\d{3} \| 1\.000 \|.* \| 0 \| 0 \| \d+ \|$", capsys.readouterr().out, re.M)
