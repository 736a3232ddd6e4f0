"""`chude batch` as the real program: formats, errors, order, resuming after SIGKILL, processes, a Dask cluster."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import zstandard
from conftest import REPO, SEEDS
from serving import free_port

from model import TopicTagger
from model.errors import DataError, Problem
from service.batch import inputs
from service.batch.blocks import Stretch
from service.batch.run import WORTH_HELP_BYTES
from service.batch.workers import Workers
from training.corpus.examples import Example

Chude = Callable[..., subprocess.CompletedProcess[str]]
N_RECORDS = 6000
LARGE = 14
"""So many times the source are worth a second process."""


@pytest.fixture(scope="module")
def texts(seed_examples: list[Example]) -> list[str]:
    return [example.text for example in seed_examples]


@pytest.fixture(scope="module")
def records(texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": f"r{n}", "text": texts[n % len(texts)], "n": n} for n in range(N_RECORDS)]


@pytest.fixture(scope="module")
def source(records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("batch") / "in.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def expected(records: list[dict[str, Any]], shipped: TopicTagger) -> list[dict[str, Any]]:
    results = shipped.tag_many(record["text"] for record in records)
    return [{"id": record["id"], **result} for record, result in zip(records, results, strict=True)]


def read_jsonl(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


@pytest.mark.parametrize(("jobs", "copies"), [(1, 1), (2, LARGE)])
def test_every_record_has_its_result_in_order(
    chude: Chude, source: Path, expected: list[dict[str, Any]], tmp_path: Path, jobs: int, copies: int
) -> None:
    (tmp_path / "in.jsonl").write_bytes(source.read_bytes() * copies)
    done = chude("batch", tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl", "--jobs", jobs)
    assert done.returncode == 0
    counts = [copies * sum(tag in result["tags"] for result in expected) for tag in ("arms-control", "syria")]
    assert f"{6000 * copies:,} records, 0 with an error; arms-control {counts[0]:,}" in done.stderr
    assert f"syria {counts[1]:,}" in done.stderr
    assert read_jsonl((tmp_path / "out.jsonl").read_bytes()) == expected * copies
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def who(n: int) -> tuple[int, int]:
    time.sleep(0.002)
    return n, os.getpid()


@pytest.mark.parametrize(("n_tasks", "n_processes"), [(0, 0), (1, 1), (300, 3)])
def test_this_process_does_its_share(n_tasks: int, n_processes: int) -> None:
    results = list(Workers(3).share(who, ((n,) for n in range(n_tasks))))
    assert [n for n, _ in results] == list(range(n_tasks))
    processes = {process for _, process in results}
    assert len(processes) == n_processes
    assert n_tasks < 300 or os.getpid() in processes


@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_that_end_with_an_exception_are_done_before_it(jobs: int) -> None:
    def tasks() -> Iterator[tuple[int]]:
        yield from ((n,) for n in range(30))
        raise DataError([Problem("in.jsonl.gz", 0, "", "ends in the middle")])

    done: list[int] = []
    with pytest.raises(DataError, match="ends in the middle"):
        done.extend(n for n, _ in Workers(jobs).share(who, tasks()))
    assert done == list(range(30))


def test_blocks_by_place_are_the_same_blocks(
    records: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "BLOCK_BYTES", 5000)
    monkeypatch.setattr(inputs, "MAX_LINE_BYTES", 9000)
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in records[:300]]
    lines[100] = b"x" * 30_000  # too long: cut, and the next lines keep their numbers
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines))
    (file,) = inputs.find_inputs([str(path)])
    as_bytes, by_place = list(file.blocks()), list(file.blocks(by_place=True))
    assert len(by_place) > 10
    assert sum(isinstance(block.items[0], Stretch) for block in by_place) == len(by_place) - 1
    assert [(b.first, b.position, b.data()) for b in by_place] == [(b.first, b.position, b.data()) for b in as_bytes]
    kept = b"".join(block.data() for block in as_bytes).split(b"\n")
    assert [line for line in kept if len(line) < 9000] == [line for line in lines if len(line) < 9000]
    numbers = [block.first + n for block in as_bytes for n in range(block.data().count(b"\n"))]
    assert numbers == list(range(1, 300))
    path.write_bytes(b"\n".join(lines[:50]))
    with pytest.raises(DataError, match="became shorter"):
        by_place[-1].data()
    path.unlink()
    with pytest.raises(DataError, match="cannot be read again: No such file"):
        by_place[0].data()


def test_a_killed_worker_is_named_and_the_run_goes_on(chude: Chude, source: Path, tmp_path: Path) -> None:
    whole, output, files = tmp_path / "whole.jsonl", tmp_path / "out.jsonl", [source] * 40
    assert sum(file.stat().st_size for file in files[:LARGE]) > WORTH_HELP_BYTES
    assert chude("batch", *files, "-o", whole, "--jobs", 1).returncode == 0
    process = start(*files, "-o", output, "--jobs", 2)
    while not (workers := [pid for pid in group(process.pid) if b"popen_loky" in command_line(pid)]):
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, b"killed from outside" in said, b"--resume" in said) == (1, True, True), said
    assert chude("batch", *files, "-o", output, "--jobs", 2, "--resume").returncode == 0
    assert output.read_bytes() == whole.read_bytes()


def command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


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
    chude: Chude, records: list[dict[str, Any]], expected: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    path = write_as(name, tmp_path, records[:300])
    done = chude("batch", path, "-o", "-", "--jobs", 1)
    assert done.returncode == 0
    assert read_jsonl(done.stdout.encode()) == expected[:300]


@pytest.mark.parametrize("name", ["o.csv", "o.tsv.gz", "o.csv.zst", "o.parquet", "o.jsonl.gz", "o.jsonl.zst"])
def test_outputs_of_every_format(
    chude: Chude, source: Path, expected: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    assert chude("batch", source, "-o", output, "--keep", "--jobs", 2).returncode == 0
    data = output.read_bytes()
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    elif name.endswith(".zst"):
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    kind = name.split(".")[1]
    if kind == "jsonl":
        assert read_jsonl(data) == [{**result, "n": n} for n, result in enumerate(expected)]
        return
    if kind == "parquet":
        rows = pyarrow.parquet.read_table(output).to_pylist()
        assert [row["tags"] for row in rows] == [result["tags"] for result in expected]
        assert [row["scores"] for row in rows] == [result["scores"] for result in expected]
    else:
        rows = list(csv.DictReader(io.StringIO(data.decode()), delimiter="\t" if kind == "tsv" else ","))
        assert [row["tags"].split() for row in rows] == [result["tags"] for result in expected]
        assert [float(row["score_syria"]) for row in rows] == [result["scores"]["syria"] for result in expected]
    assert [row["id"] for row in rows] == [result["id"] for result in expected]
    assert [json.loads(row["kept"]) for row in rows] == [{"n": n} for n in range(N_RECORDS)]


def test_bad_records_are_records(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text":"Chi\xe1\xba\xbfn s\xe1\xbb\xb1 Syria"}\n\n{"txt":1}\n"abc"\n{"id":5,"text":null}\n{bad\n'
        b'{"text":"\xff"}\n{"id":"e","text":"..."}\n{"id":"t","text":7}\n{"id":"x",'
        b'"title":"B\xe1\xba\xa7u c\xe1\xbb\xad","tags":["old"]}'
    )
    done = chude("batch", path, "-o", "-", "--keep")
    outputs = read_jsonl(done.stdout.encode())
    assert done.returncode == 0
    assert "9 records, 7 with an error" in done.stderr
    ids = ["bad.jsonl:1", "bad.jsonl:3", "bad.jsonl:4", 5, "bad.jsonl:6", "bad.jsonl:7", "e", "t", "x"]
    assert [output["id"] for output in outputs] == ids
    assert outputs[0]["tags"] == ["syria"]
    said = [output.get("error", {}).get("message", "") for output in outputs]
    for n, part in enumerate(["", "has txt", "must be an object", "text: is missing", "not JSON", "not JSON", "empty"]):
        assert part in said[n]
    assert said[7] == "bad.jsonl:9: text: must be a string, not int"
    assert outputs[8]["tags"] == ["elections"]
    assert outputs[8]["input_tags"] == ["old"]
    stopped = chude("batch", path, "-o", tmp_path / "out.jsonl", "--max-errors", 2)
    assert (stopped.returncode, "more than --max-errors 2" in stopped.stderr) == (1, True)


def test_tables_with_bad_rows_and_other_columns(chude: Chude) -> None:
    table = 'nr,body,x\n1,"Chiến sự\nSyria",y\n2,Bầu cử tổng thống,z\n3,a\n4,b,c,d\n'.encode() + b"5,\xff,e\n"
    arguments = ("batch", "-", "--format", "csv", "-o", "-", "--output-format", "csv", "--keep")
    done = chude(*arguments, "--text-column", "body", "--id-column", "nr", stdin=table)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["id"] for row in rows] == ["1", "2", "-:5", "-:6", "5"]
    assert [row["tags"] for row in rows[:2]] == ["syria", "elections"]
    assert [row["error"] for row in rows[2:]] == [
        "-:5: has fewer columns than the header",
        "-:6: has more columns than the header",
        "-:7: body: is not UTF-8",
    ]
    assert json.loads(rows[0]["kept"]) == json.loads(rows[4]["kept"]) | {"x": "y"} == {"x": "y"}


def test_columns_of_a_table_stay_columns(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id\ttext\tdate\n1\tChiến sự Syria\t2026-01-02\n", encoding="utf-8")
    done = chude("batch", tmp_path / "a.tsv", "-o", tmp_path / "b.csv", "--keep", "--explain")
    assert done.returncode == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "b.csv").read_text(encoding="utf-8")))
    assert (row["date"], row["kept"]) == ("2026-01-02", "")
    assert json.loads(row["evidence"])[0]["sentence"] == "Chiến sự Syria"


def test_folders_of_documents_and_several_inputs(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"text": "Chiến sự Syria"}\n', encoding="utf-8")
    done = chude("batch", SEEDS / "pages", tmp_path / "one.jsonl", "-o", "-")
    outputs = {output["id"]: output["tags"] for output in read_jsonl(done.stdout.encode())}
    tags = json.loads((SEEDS / "pages" / "tags.json").read_text(encoding="utf-8"))
    assert {name: sorted(given) for name, given in tags.items()} == {name: outputs[name] for name in tags}
    assert outputs["one.jsonl:1"] == ["syria"]


def start(*arguments: object) -> subprocess.Popen[bytes]:
    # Not measured: coverage waits for its own lock for ever when it is interrupted while it holds it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environ = {**inherited, "PYTHONPATH": str(REPO), "CHUDE_HOME": str(REPO / "nowhere")}
    command = [sys.executable, "-m", "service", "batch", *map(str, arguments)]
    return subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


@pytest.mark.parametrize(
    ("name", "jobs", "copies"), [("out.jsonl", 1, 6), ("out.csv.gz", 2, LARGE), ("out.parquet", 1, 6)]
)
def test_resumed_after_sigkill_it_gives_the_same_bytes(
    chude: Chude, source: Path, tmp_path: Path, name: str, jobs: int, copies: int
) -> None:
    whole, broken = tmp_path / f"whole-{name}", tmp_path / name
    files = [source] * copies
    assert chude("batch", *files, "-o", whole, "--jobs", jobs).returncode == 0
    moments = random.Random(7)
    killed = 0
    for _ in range(12):
        process = start(*files, "-o", broken, "--jobs", jobs, "--resume")
        time.sleep(moments.uniform(0.15, 0.75))
        killed += process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (broken.exists() and broken.read_bytes() != whole.read_bytes())
    assert killed >= 3
    assert chude("batch", *files, "-o", broken, "--jobs", jobs, "--resume").returncode == 0
    assert broken.read_bytes() == whole.read_bytes()


def unfinished(source: Path, output: Path) -> None:
    process = start(*[source] * 60, "-o", output, "--jobs", 1)
    state = output.with_name(output.name + ".part.jsonl")
    while not state.exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    try:
        _, said = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        _, said = process.communicate()
    assert (process.returncode, b"--resume" in said) == (1, True)


def test_an_interrupted_run_says_how_to_go_on_and_refuses_another(chude: Chude, source: Path, tmp_path: Path) -> None:
    copy, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    copy.write_bytes(source.read_bytes())
    unfinished(copy, output)
    again = chude("batch", *[copy] * 60, "-o", output)
    assert (again.returncode, "unfinished run" in again.stderr) == (1, True)
    other = chude("batch", *[copy] * 60, "-o", output, "--resume", "--explain")
    assert (other.returncode, "had another options" in other.stderr) == (1, True)
    copy.write_bytes(source.read_bytes() + b"\n")
    changed = chude("batch", *[copy] * 60, "-o", output, "--resume")
    assert (changed.returncode, "had another input" in changed.stderr) == (1, True)


def test_the_workers_of_a_killed_run_end_as_well(source: Path, tmp_path: Path) -> None:
    process = start(*[source] * 200, "-o", tmp_path / "out.jsonl", "--jobs", 2)
    family = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    journal = tmp_path / "out.jsonl.part.jsonl"
    while not journal.exists() or len(journal.read_bytes().splitlines()) < 4:
        assert process.poll() is None
        time.sleep(0.01)
    children = family.read_text().split()
    assert len(children) >= 2
    process.kill()
    process.communicate(timeout=20)  # their ends of the pipes are closed, too
    for _ in range(200):
        if not any(is_running(child) for child in children):
            return
        time.sleep(0.05)
    pytest.fail("a worker is left")


def is_running(pid: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_journal_that_was_cut_or_spoilt(chude: Chude, source: Path, tmp_path: Path) -> None:
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    files = [source] * 60
    assert chude("batch", *files, "-o", whole).returncode == 0
    unfinished(source, output)
    journal, part = (output.with_name(output.name + end) for end in (".part.jsonl", ".part"))
    kept, done = journal.read_bytes(), part.read_bytes()
    assert len(kept.splitlines()) > 3
    for spoil in (
        lambda: journal.write_bytes(kept[:-7]),  # the last line was not finished
        lambda: part.write_bytes(done[: len(done) // 2]),  # the disk has less than the journal says
        part.unlink,  # killed between renaming and tidying up
    ):
        journal.write_bytes(kept)
        part.write_bytes(done)
        spoil()
        assert chude("batch", *files, "-o", output, "--resume").returncode == 0
        assert output.read_bytes() == whole.read_bytes()
        assert not journal.exists()
        assert not part.exists()
    journal.write_bytes(kept[9:])
    part.write_bytes(done)
    spoilt = chude("batch", *files, "-o", output, "--resume")
    assert (spoilt.returncode, "is damaged: remove both" in spoilt.stderr) == (1, True)


def test_a_reader_that_goes_is_no_error(source: Path) -> None:
    process = start(source, source, "-o", "-", "--jobs", 1)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["id"] == "r0"
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(20), said) == (0, b"")


def test_wrong_usage_is_named(chude: Chude, source: Path, tmp_path: Path) -> None:
    for arguments, status, said in (
        ((source, "-o", tmp_path / "out.docx"), 2, "name the output .jsonl"),
        ((tmp_path / "no.jsonl", "-o", "-"), 1, "no such file"),
        ((tmp_path, "-o", "-"), 1, "no file to tag in it"),
        ((source, "-o", tmp_path / "no" / "out.jsonl"), 1, "no such folder"),
        (("-", "-o", tmp_path / "out.jsonl", "--resume"), 2, "cannot read standard input again"),
        ((source, "-o", "-", "--output-format", "parquet"), 2, "Parquet"),
        ((source, "-o", "-", "--dask", "tcp://127.0.0.1:1"), 1, "no Dask scheduler answers"),
    ):
        done = chude("batch", *arguments)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    for broken in ("a.jsonl.gz", "a.parquet", "a.jsonl.zst"):
        (tmp_path / broken).write_bytes(b"no such thing")
        done = chude("batch", tmp_path / broken, "-o", "-", "--jobs", 1)
        assert (done.returncode, "cannot be read as" in done.stderr) == (1, True), done.stderr


def test_memory_does_not_grow_with_the_file(source: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.jsonl"
    large.write_bytes(source.read_bytes() * 2 * LARGE)
    process = start(large, "-o", tmp_path / "out.jsonl", "--jobs", 2)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(resident_mb(pid) for pid in group(process.pid)))
        time.sleep(0.05)
    process.communicate()
    assert process.returncode == 0
    assert 20 < peak < 400


def group(leader: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def resident_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real scheduler, and two worker processes."""
    address = f"tcp://127.0.0.1:{free_port()}"
    environ = {**os.environ, "PYTHONPATH": str(REPO)}
    out: dict[str, Any] = {"env": environ, "cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    port = address.rpartition(":")[2]
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    processes = [subprocess.Popen([*scheduler, "--no-dashboard"], **out)]
    processes += [subprocess.Popen([*worker, "--no-nanny"], **out) for _ in range(2)]
    try:
        yield address, processes
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def test_a_dask_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    chude: Chude, source: Path, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, processes = cluster
    assert chude("batch", source, "-o", tmp_path / "here.jsonl", "--jobs", 1).returncode == 0
    assert chude("batch", source, "-o", tmp_path / "there.jsonl", "--dask", address).returncode == 0
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()
    parts = tmp_path / "parts"
    parts.mkdir()
    for n in range(12):
        (parts / f"{n:02d}.jsonl").write_bytes(source.read_bytes())
    run = start(parts, "-o", f"{tmp_path}/tagged/", "--dask", address)
    while len(list((tmp_path / "tagged").glob("*.jsonl"))) < 2:
        assert run.poll() is None
        time.sleep(0.02)
    processes[2].kill()
    _, said = run.communicate()
    assert run.returncode == 0, said
    assert b"72,000 records, 0 with an error" in said
    for n in range(12):
        assert (tmp_path / "tagged" / f"{n:02d}.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()
    (tmp_path / "tagged" / "03.jsonl").unlink()
    assert chude("batch", parts, "-o", f"{tmp_path}/tagged/", "--jobs", 2).returncode == 0
    assert (tmp_path / "tagged" / "03.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()
