"""Runs of `chude batch` that failed or were killed, and are gone on with: the same bytes, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from batching import (
    journal_of,
    n_finished,
    part_of,
    read_jsonl,
    start,
    write_jsonl,
)
from running import Run

LARGE = 14
"""So many times the source are worth a second process."""


@pytest.fixture(scope="module")
def faulty(batch_records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of six megabytes with a bad record behind the fourth: with --max-errors 0 a run stops there."""
    text = "\n".join(record["text"] for record in batch_records[:60])
    n_records = 4_500_000 // len(text.encode())
    records: list[object] = [{"id": n, "text": f"{n} {text}"} for n in range(n_records)]
    return write_jsonl(
        tmp_path_factory.mktemp("faulty") / "in.jsonl", *records, {"text": 7}, *records[: n_records // 2]
    )


def stopped(chude: Run, source: Path, output: Path, *options: object) -> None:
    """Leave an unfinished run with at least three blocks."""
    done = chude("batch", source, "-o", output, "--jobs", 1, "--max-errors", 0, *options)
    assert (done.returncode, "more than --max-errors 0" in done.stderr) == (1, True), done.stderr
    assert n_finished(output) >= 3
    assert not output.exists()


def contents(path: Path) -> bytes:
    """Return the bytes of a file; of a workbook, which names the time when it was made, those of its sheet."""
    return zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml") if path.suffix == ".xlsx" else path.read_bytes()


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz", "out.tsv.zst", "out.parquet", "out.xlsx"])
def test_resumed_it_gives_the_same_bytes(chude: Run, faulty: Path, tmp_path: Path, name: str) -> None:
    whole, output = tmp_path / "whole" / name, tmp_path / name
    whole.parent.mkdir()
    assert chude("batch", faulty, "-o", whole, "--jobs", 1).returncode == 0
    stopped(chude, faulty, output)
    done = chude("batch", faulty, "-o", output, "--resume")
    assert (done.returncode, " records, 1 with an error" in done.stderr) == (0, True)
    assert contents(output) == contents(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "whole"]


def test_an_unfinished_run_is_not_lost_to_another(chude: Run, faulty: Path, tmp_path: Path) -> None:
    copy, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    copy.write_bytes(faulty.read_bytes())
    stopped(chude, copy, output)
    left = part_of(output).read_bytes()
    for arguments, said in (
        ((), "records is there: add --resume to go on with it, or remove"),
        (("--resume", "--explain"), "differs in --explain (false then, true now): run it as before with --resume"),
        (("--text-column", "text"), 'differs in --text-column (null then, "text" now): run it as before'),
        (("--resume", "--text"), '--html, --page or --text ("auto" then, "never" now)'),
    ):
        done = chude("batch", copy, "-o", output, *arguments)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
        assert str(part_of(output)) in done.stderr
    copy.write_bytes(faulty.read_bytes() + b"\n")
    changed = chude("batch", copy, "-o", output, "--resume")
    assert (changed.returncode, "differs in an input, which has changed" in changed.stderr) == (1, True)
    assert part_of(output).read_bytes() == left


def test_a_corrected_command_starts_after_one_that_failed(chude: Run, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", *({"content": "Chiến sự Syria"} for _ in range(3000)))
    good = write_jsonl(tmp_path / "g.jsonl", {"text": "Chiến sự Syria"})
    broken = tmp_path / "b.jsonl.gz"
    broken.write_bytes(b"no such thing")
    output = tmp_path / "out.jsonl"
    for failing in (
        (source, "-o", output, "--max-errors", 10),
        (broken, "-o", output),
        (good, "-o", output, "--dask", "tcp://127.0.0.1:1"),
        (source, "-o", output, "--text-column", "txt"),
        (good, "-o", output, "--model", tmp_path / "nowhere"),
    ):
        assert chude("batch", *failing).returncode == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == ["b.jsonl.gz", "f.jsonl", "g.jsonl"]
    assert chude("batch", source, "-o", output, "--text-column", "content").returncode == 0
    assert len(read_jsonl(output.read_bytes())) == 3000


def test_what_a_killed_run_left_before_its_first_block_is_nothing(chude: Run, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "f.jsonl", {"text": "Chiến sự Syria"})
    output = tmp_path / "out.jsonl"
    part_of(output).write_bytes(b"half a bl")
    journal_of(output).write_text('{"input": [], "model": "m", "options": {}}\n{"blocks": 0}\n', encoding="utf-8")
    assert chude("batch", source, "-o", output).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.jsonl", "out.jsonl"]


def test_a_journal_that_was_cut_or_spoilt(chude: Run, faulty: Path, tmp_path: Path) -> None:
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    assert chude("batch", faulty, "-o", whole).returncode == 0
    stopped(chude, faulty, output)
    journal, part = journal_of(output), part_of(output)
    kept, done = journal.read_bytes(), part.read_bytes()
    for spoil in (
        lambda: journal.write_bytes(kept[:-7]),  # the last line was not finished
        lambda: part.write_bytes(done[: len(done) // 2]),  # the disk has less than the journal says
        part.unlink,  # killed between renaming and tidying up
    ):
        journal.write_bytes(kept)
        part.write_bytes(done)
        spoil()
        assert chude("batch", faulty, "-o", output, "--resume").returncode == 0
        assert output.read_bytes() == whole.read_bytes()
        assert not journal.exists()
        assert not part.exists()
    journal.write_bytes(kept[9:])
    part.write_bytes(done)
    spoilt = chude("batch", faulty, "-o", output, "--resume")
    assert (spoilt.returncode, "is damaged: remove both" in spoilt.stderr) == (1, True)


@pytest.mark.parametrize(("name", "jobs", "copies"), [("out.csv.gz", 1, 6), ("out.jsonl", 2, LARGE)])
def test_resumed_after_sigkill_it_gives_the_same_bytes(
    chude: Run, batch_source: Path, tmp_path: Path, name: str, jobs: int, copies: int
) -> None:
    whole, output, source = tmp_path / f"whole-{name}", tmp_path / name, tmp_path / "in.jsonl"
    source.write_bytes(batch_source.read_bytes() * copies)
    assert chude("batch", source, "-o", whole, "--jobs", jobs).returncode == 0
    moments = random.Random(7)
    killed = 0
    while killed < 2:
        output.unlink(missing_ok=True)  # a run came to its end before it was killed: once more
        while not output.exists() and killed < 12:
            before = n_finished(output)
            process = start(source, "-o", output, "--jobs", jobs, "--resume")
            while process.poll() is None and n_finished(output) <= before:
                time.sleep(moments.uniform(0.0, 0.01))
            killed += process.poll() is None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert chude("batch", source, "-o", output, "--jobs", jobs, "--resume").returncode == 0
    assert output.read_bytes() == whole.read_bytes()
