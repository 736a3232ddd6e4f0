"""What the tests of `chude batch` share: the program in the background, inputs of any size, and its output."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import zstandard
from conftest import REPO

from training.corpus.sources import find_sources

HANG_S = 300
"""Waiting ends after this: far more than a loaded machine needs."""


def read_jsonl(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table in any format, as strings."""
    (source,) = find_sources([str(path)])
    return [dict(record.fields) for record in source.records() if hasattr(record, "fields")]


def write_jsonl(path: Path, *records: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def start(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """Start `chude batch` as the leader of a group of processes."""
    # Not measured: coverage waits for its own lock for ever when it is interrupted while it holds it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environ = {**inherited, "PYTHONPATH": str(REPO), "CHUDE_HOME": str(REPO / "nowhere")}
    command = [sys.executable, "-m", "service", "batch", *map(str, arguments)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environ, cwd=cwd, start_new_session=True, **pipes)


@contextlib.contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """Start `chude batch`, and end it with all of its processes."""
    process = start(*arguments)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(event: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    """Return when the event is there; fail when the process ends before."""
    deadline = time.monotonic() + HANG_S
    while not event():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def end(process: subprocess.Popen[bytes]) -> str:
    """Wait for the end, and return what the program said on stderr."""
    return process.communicate(timeout=HANG_S)[1].decode()


def n_finished(output: Path) -> int:
    """Return how many blocks the journal of an unfinished run has."""
    with contextlib.suppress(OSError):
        return max(0, journal_of(output).read_bytes().count(b"\n") - 2)
    return 0


def journal_of(output: Path) -> Path:
    return output.with_name(f"{output.name}.part.jsonl")


def part_of(output: Path) -> Path:
    return output.with_name(f"{output.name}.part")


def endless(folder: Path, records: list[dict[str, Any]]) -> Path:
    """Return a file that takes some ten minutes to tag: 17 MB on the disk, 50 GB of text."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records[:100]).encode()
    frame = zstandard.ZstdCompressor().compress(lines * (20_000_000 // len(lines)))
    path = folder / "endless.jsonl.zst"
    path.write_bytes(frame * (17_000_000 // len(frame)))
    return path


def group(leader: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def helpers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes that tag for another one."""
    return [pid for pid in group(process.pid) if b"popen_loky" in command_line(pid)]


def command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
