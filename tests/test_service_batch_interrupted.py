"""`chude batch` that is interrupted, or loses a process of its own: what it says, and what it leaves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import IO, Any

import pytest
from batching import (
    end,
    endless,
    helpers_of,
    is_running,
    journal_of,
    n_finished,
    part_of,
    running,
    wait_for,
)
from running import Run

from service.batch.run import WORTH_HELP_BYTES


@pytest.fixture(scope="module")
def long_source(batch_records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = endless(tmp_path_factory.mktemp("endless"), batch_records)
    assert path.stat().st_size > WORTH_HELP_BYTES
    return path


def test_ctrl_c_says_how_to_go_on(chude: Run, long_source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with running(long_source, "-o", output, "--jobs", 1) as process:
        wait_for(lambda: n_finished(output) >= 3, process)
        for arguments, said in (((), "add --resume"), (("--resume",), "another run is writing it")):
            done = chude("batch", long_source, "-o", output, *arguments)
            assert (done.returncode, said in done.stderr) == (1, True), done.stderr
        process.send_signal(signal.SIGINT)
        said = end(process)
        assert (process.returncode, said) == (
            1,
            "chude: stopped: run the same command with --resume to go on\n",
        )
    assert n_finished(output) >= 3


def test_ctrl_c_while_processes_start_leaves_no_traceback(long_source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with running(long_source, "-o", output, "--jobs", 2) as process:
        wait_for(lambda: bool(helpers_of(process)), process)
        os.killpg(process.pid, signal.SIGINT)
        said = end(process)
        assert said.splitlines() in (
            ["chude: stopped"],
            ["chude: stopped: run the same command with --resume to go on"],
        )
        assert journal_of(output).exists() == ("--resume" in said)


def open_for_reader(pipe: Path, process: subprocess.Popen[str]) -> IO[bytes]:
    """Open a pipe once the process reads it; opening it before would hang if the process ended."""

    def is_read() -> bool:
        try:
            descriptors.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    descriptors: list[int] = []
    wait_for(is_read, process)
    os.set_blocking(descriptors[0], True)
    return open(descriptors[0], "wb", buffering=0)


def test_what_reads_a_pipe_and_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    pipe, output = tmp_path / "pipe.jsonl", tmp_path / "out.jsonl"
    os.mkfifo(pipe)
    line = json.dumps({"text": "Chiến sự Syria. " * 40}).encode() + b"\n"
    with running(pipe, "-o", output) as process:
        with contextlib.suppress(BrokenPipeError), open_for_reader(pipe, process) as stream:
            while not (part_of(output).exists() and part_of(output).stat().st_size):
                stream.write(line * 1000)
            process.send_signal(signal.SIGINT)
            while process.poll() is None:
                stream.write(line * 1000)
        assert (end(process), process.returncode) == ("chude: stopped\n", 1)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_killed_worker_is_named(long_source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with running(long_source, "-o", output, "--jobs", 2) as process:
        wait_for(lambda: bool(helpers_of(process)) and n_finished(output) >= 3, process)
        os.kill(helpers_of(process)[0], signal.SIGKILL)
        said = end(process)
        assert (process.returncode, "killed from outside" in said, "--resume" in said) == (1, True, True), said


def test_the_workers_of_a_killed_run_end_as_well(long_source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with running(long_source, "-o", output, "--jobs", 2) as process:
        wait_for(lambda: n_finished(output) >= 4, process)
        helpers = helpers_of(process)
        assert helpers
        process.kill()
        process.communicate()  # their ends of the pipes are closed, too
        wait_for(lambda: not any(map(is_running, helpers)))
