"""`make bench`, third part: the service beside its own empty endpoint and beside a plain one, and under faults."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

from bench_tagging import REPO, TRAIN, UNLABELLED, read_texts
from load import Load, get, post, run_load
from plain_service import SYSTEM
from serving import free_port, wait_until_ready

from model import TopicTagger

ROUNDS = 5
SECONDS = 2.0
CONNECTIONS = (64, 16, 1)
"""Clients at a time; 64 is the load that the service is tested with."""
ARTICLE_BYTES = 3300
WORKERS = 2
FAULT_SECONDS = 20.0
SMALL_CLIENTS, OTHER_CLIENTS = 40, 24
HALF_SENT = 200
END_EVERY_S = 4.0


@contextmanager
def served(command: Sequence[object], port: int, **variables: str) -> Iterator[int]:
    """Run a server in a home of its own until the block ends; yields its process number."""
    with tempfile.TemporaryDirectory() as home:
        path = os.pathsep.join([str(REPO), str(REPO / "tests" / "bench")])
        environ = {"CHUDE_HOME": home, "PYTHONPATH": path, "PATH": os.environ["PATH"], **variables}
        process = subprocess.Popen([*map(str, command)], env=environ, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(port)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


@contextmanager
def service(home: str = "", **settings: object) -> Iterator[tuple[int, int]]:
    """Run the real service; yields its port and process number."""
    port = free_port()
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    command = [sys.executable, "-m", "service", "serve", "--port", port, *options]
    with served(command, port, **({"CHUDE_HOME": home} if home else {})) as pid:
        yield port, pid


@contextmanager
def plain_service(folder: Path, workers: int) -> Iterator[int]:
    """Run Flask with a scikit-learn pipeline under gunicorn's own workers; yields its port."""
    port = free_port()
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", workers]
    with served([sys.executable, "-m", "gunicorn", *bind, f"plain_service:create({str(folder)!r})"], port):
        yield port


def unique_mb(pid: int) -> float:
    """Return the memory that belongs to the process alone, in MB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private")) / 1024


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def compare_endpoints(port: int, requests: list[bytes]) -> dict[str, list[tuple[float, float]]]:
    """One-article requests beside the empty endpoint: rates and tails, (ours, its), a pair for each round."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):
        for n in CONNECTIONS:
            empty = run_load(port, [get("/healthz")], connections=n, seconds=SECONDS)
            predict = run_load(port, requests, connections=n, seconds=SECONDS)
            _add(pairs, f"{n} clients; /healthz", predict, empty)
    return pairs


def compare_services(folder: Path, requests: list[bytes]) -> dict[str, list[tuple[float, float]]]:
    """One-article requests beside a plain service with as many workers: rates and tails, a pair for each round."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    with service(workers=WORKERS) as (port, _), plain_service(folder, WORKERS) as plain:
        for _ in range(ROUNDS):
            for n in CONNECTIONS:
                theirs = run_load(plain, requests, connections=n, seconds=SECONDS)
                ours = run_load(port, requests, connections=n, seconds=SECONDS)
                _add(pairs, f"{n} clients; plain Flask + {SYSTEM}", ours, theirs)
    return pairs


def _add(pairs: dict[str, list[tuple[float, float]]], name: str, ours: Load, theirs: Load) -> None:
    pairs.setdefault(f"requests per second, {name}", []).append((ours.rate, theirs.rate))
    tails = (ours.percentile_s(99) * 1000, theirs.percentile_s(99) * 1000)
    pairs.setdefault(f"99th percentile, ms, {name}", []).append(tails)


def compare_bulk(port: int, texts: list[str]) -> list[tuple[float, float]]:
    """A thousand articles in one request beside tagging them in this process: articles per second."""
    many = [post("/predict", {"documents": [{"text": text} for text in texts]})]
    tagger = TopicTagger.load()
    pairs = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        tagger.tag_many(texts)
        middle = time.perf_counter()
        run_load(port, many, connections=1, seconds=0)
        pairs.append((len(texts) / (time.perf_counter() - middle), len(texts) / (middle - began)))
    return pairs


def under_faults(small: list[bytes], texts: list[str]) -> tuple[Load, Load]:
    """Return what small requests see while others send large, dear, broken and endless ones, and what those see."""
    dear = "<!doctype html><body>" + "<p>a</p>" * 19_000
    page = f"<!doctype html><body><article>{''.join(f'<p>{line}</p>' for line in texts[0].splitlines() * 5)}</article>"
    others = [
        post("/predict", {"documents": [{"text": text} for text in texts[:300]]}),
        post("/predict?explain=1", {"text": texts[1]}),
        post("/predict", {"text": page}),
        post("/predict", {"text": dear}),
        post("/predict", {"text": "a\u0323\u0302 " * 20_000}),
        post("/predict", {"text": " ".join(texts[:100])}),
        get("/topics"),
    ]
    over = multiprocessing.Event()
    results: SimpleQueue[Load] = multiprocessing.SimpleQueue()
    with tempfile.TemporaryDirectory() as home, service(home, workers=WORKERS) as (port, pid):
        # Processes, not threads: those would share the interpreter of the clients whose waiting is measured.
        besides = [
            multiprocessing.Process(target=send_others, args=(port, others, over, results)),
            multiprocessing.Process(target=break_things, args=(port, Path(home), over)),
            multiprocessing.Process(target=end_workers, args=(pid, over)),
        ]
        for process in besides:
            process.start()
        seen = run_load(port, small, connections=SMALL_CLIENTS, seconds=FAULT_SECONDS)
        over.set()
        others_seen = results.get()
        for process in besides:
            process.join()
    return seen, others_seen


def send_others(port: int, others: list[bytes], over: Event, results: SimpleQueue[Load]) -> None:
    """Send the requests in turn until it is over, and put what came back into `results`."""
    results.put(run_load(port, others, connections=OTHER_CLIENTS, until=over.is_set))


def end_workers(pid: int, over: Event) -> None:
    """Kill a worker of the service every few seconds, or tell it to stop."""
    rng = random.Random(1)
    while not over.wait(END_EVERY_S):
        if workers := children(pid):
            with suppress(ProcessLookupError):
                os.kill(rng.choice(workers), rng.choice([signal.SIGKILL, signal.SIGTERM]))


def break_things(port: int, home: Path, over: Event) -> None:
    """Keep half-sent requests open, send bodies without end, and lock the label store, again and again."""
    rng = random.Random(1)
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    half_sent = [socket.create_connection(("127.0.0.1", port)) for _ in range(HALF_SENT)]
    for sock in half_sent:
        sock.sendall(rng.choice([b"", head, head + b"Content-Length: 900000\r\n\r\n" + b" " * 100_000]))
    while not over.is_set():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(head + b"Content-Length: 999999999999\r\n\r\n")
            for _ in range(200):
                sock.sendall(b"x" * 1_000_000)
        with suppress(sqlite3.Error), sqlite3.connect(home / "labels.sqlite") as store:
            store.execute("BEGIN EXCLUSIVE")
            time.sleep(rng.random() / 2)
    for sock in half_sent:
        sock.close()


def print_table(title: str, compared: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n| {title} | /predict | compared with | ratio, median |\n|---|---|---|---|")
    for name, pairs in compared.items():
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"| {name} | {ours:.4g} | {theirs:.4g} | {statistics.median(a / b for a, b in pairs):.2f} |", flush=True)


def main() -> None:
    texts = read_texts(UNLABELLED, 2000)
    near = sorted(texts, key=lambda text: abs(len(text.encode()) - ARTICLE_BYTES))[:50]
    one = [post("/predict", {"text": text}) for text in near]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(REPO / "tests" / "bench" / "bench_systems.py"), "fit", SYSTEM, folder]
        subprocess.run([*command, str(TRAIN)], check=True)
        print_table(f"service, {WORKERS} workers", compare_services(Path(folder), one))
    with service(workers=1) as (port, _):
        compared = compare_endpoints(port, one)
        compared["articles per second, 1,000 in a request; tag_many in process"] = compare_bulk(port, texts[:1000])
    print_table("service, one worker", compared)
    small, others = under_faults(one, texts)
    print(
        f"\n{SMALL_CLIENTS} clients with one article each, beside {OTHER_CLIENTS} with dear requests and with faults: "
        f"{small.rate:.0f} per second, median {small.percentile_s(50) * 1000:.0f} ms, "
        f"99th percentile {small.percentile_s(99) * 1000:.0f} ms, answers {small.statuses}, broken {small.broken}; "
        f"the others: {others.statuses}"
    )
    with service(workers=2) as (port, pid):
        run_load(port, one, connections=max(CONNECTIONS), seconds=SECONDS)
        print(f"\nmemory of each of two workers alone: {', '.join(f'{unique_mb(n):.0f} MB' for n in children(pid))}")


if __name__ == "__main__":
    main()
