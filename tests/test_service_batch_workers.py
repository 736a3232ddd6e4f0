"""Who does the work of `chude batch`: this process, several, or a Dask cluster; the bytes are the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from batching import end, group, read_jsonl, running, start, wait_for
from conftest import REPO
from serving import free_port

from model.errors import DataError, Problem
from service.batch.workers import Workers

Chude = Callable[..., subprocess.CompletedProcess[str]]
LARGE = 14
"""So many times the source are worth a second process."""


@pytest.mark.parametrize(("jobs", "copies"), [(1, 1), (2, LARGE)])
def test_every_record_has_its_result_in_order(
    chude: Chude, batch_source: Path, batch_expected: list[dict[str, Any]], tmp_path: Path, jobs: int, copies: int
) -> None:
    (tmp_path / "in.jsonl").write_bytes(batch_source.read_bytes() * copies)
    done = chude("batch", tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl", "--jobs", jobs)
    assert done.returncode == 0
    counts = [copies * sum(tag in result["tags"] for result in batch_expected) for tag in ("arms-control", "syria")]
    assert f"{6000 * copies:,} records, 0 with an error; arms-control {counts[0]:,}" in done.stderr
    assert f"syria {counts[1]:,}" in done.stderr
    assert read_jsonl((tmp_path / "out.jsonl").read_bytes()) == batch_expected * copies
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def who(n: int) -> tuple[int, int]:
    time.sleep(0.002)
    return n, os.getpid()


@pytest.mark.parametrize("n_tasks", [0, 1, 300])
def test_this_process_does_its_share(n_tasks: int) -> None:
    results = list(Workers(3).share(who, ((n,) for n in range(n_tasks))))
    assert [n for n, _ in results] == list(range(n_tasks))
    processes = {process for _, process in results}
    if n_tasks == 300:
        assert len(processes) > 1
        assert os.getpid() in processes


@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_that_end_with_an_exception_are_done_before_it(jobs: int) -> None:
    def tasks() -> Iterator[tuple[int]]:
        yield from ((n,) for n in range(30))
        raise DataError([Problem("in.jsonl.gz", 0, "", "ends in the middle")])

    done: list[int] = []
    with pytest.raises(DataError, match="ends in the middle"):
        done.extend(n for n, _ in Workers(jobs).share(who, tasks()))
    assert done == list(range(30))


def test_without_other_processes_this_one_does_everything(
    chude: Chude, batch_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBLIB_MULTIPROCESSING", "0")
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(batch_source.read_bytes() * (LARGE // 2))
    inputs = (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    for output in ("out.jsonl", "out/"):
        done = chude("batch", *inputs, "-o", f"{tmp_path}/{output}", "--jobs", 2)
        assert (done.returncode, "84,000 records, 0 with an error" in done.stderr) == (0, True), done.stderr


def test_memory_does_not_grow_with_the_file(batch_source: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.jsonl"
    large.write_bytes(batch_source.read_bytes() * LARGE)
    peak = 0.0
    with running(large, "-o", tmp_path / "out.jsonl", "--jobs", 2) as process:
        while process.poll() is None:
            peak = max(peak, sum(resident_mb(pid) for pid in group(process.pid)))
            time.sleep(0.05)
        end(process)
        assert process.returncode == 0
    assert 20 < peak < 400


def resident_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real scheduler, and two worker processes, in a folder of their own."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    address = f"tcp://127.0.0.1:{free_port()}"
    environ = {**os.environ, "PYTHONPATH": str(REPO)}
    out: dict[str, Any] = {"env": environ, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
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
    chude: Chude, batch_source: Path, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, processes = cluster
    (tmp_path / "in.jsonl").write_bytes(batch_source.read_bytes())
    wait_for(lambda: answers(chude, address, tmp_path))
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    assert chude("batch", "in.jsonl", "-o", "here.jsonl", "--jobs", 1, cwd=tmp_path).returncode == 0
    assert chude("batch", "in.jsonl", "-o", "there.jsonl", "--dask", address, cwd=tmp_path).returncode == 0
    assert there.read_bytes() == here.read_bytes()
    parts = tmp_path / "parts"
    parts.mkdir()
    for n in range(12):
        (parts / f"{n:02d}.jsonl").write_bytes(batch_source.read_bytes())
    run = start("parts", "-o", "tagged/", "--dask", address, cwd=tmp_path)  # paths that the workers don't share
    wait_for(lambda: len(list((tmp_path / "tagged").glob("*.jsonl"))) >= 2, run)
    processes[2].kill()
    said = end(run)
    assert run.returncode == 0, said
    assert "72,000 records, 0 with an error" in said
    for n in range(12):
        assert (tmp_path / "tagged" / f"{n:02d}.jsonl").read_bytes() == here.read_bytes()
    (tmp_path / "tagged" / "03.jsonl").unlink()
    assert chude("batch", "parts", "-o", "tagged/", "--jobs", 2, cwd=tmp_path).returncode == 0
    assert (tmp_path / "tagged" / "03.jsonl").read_bytes() == here.read_bytes()
    assert not [path for path in (tmp_path / "cluster").rglob("*.jsonl")]


def answers(chude: Chude, address: str, folder: Path) -> bool:
    """Tell whether a first record comes back from the cluster."""
    (folder / "one.jsonl").write_text('{"text": "Chiến sự Syria"}\n', encoding="utf-8")
    return chude("batch", folder / "one.jsonl", "-o", "-", "--dask", address).returncode == 0
