"""`make bench`, third part: the service beside its own empty endpoint, in one run, as ratios."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_tagging import REPO, UNLABELLED, read_texts
from load import get, post, run_load
from serving import free_port, wait_until_ready

from model import TopicTagger

ROUNDS = 5
SECONDS = 2.0
CONNECTIONS = (64, 16, 1)
"""Clients at a time; 64 is the load that the service is tested with."""
ARTICLE_BYTES = 3300


@contextmanager
def service(**settings: object) -> Iterator[tuple[int, int]]:
    """Run the real service; yields its port and process number."""
    port = free_port()
    options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "service", "serve", "--port", str(port), *options]
        environ = {"CHUDE_HOME": home, "PYTHONPATH": str(REPO)}
        process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


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
            pairs.setdefault(f"requests a second, {n} clients; /healthz", []).append((predict.rate, empty.rate))
            tails = (predict.percentile_s(99) * 1000, empty.percentile_s(99) * 1000)
            pairs.setdefault(f"99th percentile, ms, {n} clients; /healthz", []).append(tails)
    return pairs


def compare_bulk(port: int, texts: list[str]) -> list[tuple[float, float]]:
    """A thousand articles in one request beside tagging them in this process: articles a second."""
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


def main() -> None:
    texts = read_texts(UNLABELLED, 2000)
    near = sorted(texts, key=lambda text: abs(len(text.encode()) - ARTICLE_BYTES))[:50]
    one = [post("/predict", {"text": text}) for text in near]
    with service(workers=1) as (port, _):
        compared = compare_endpoints(port, one)
        compared["articles a second, 1,000 in a request; tag_many in process"] = compare_bulk(port, texts[:1000])
    print("\n| service, one worker | /predict | compared with | ratio, median |\n|---|---|---|---|")
    for name, pairs in compared.items():
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"| {name} | {ours:.4g} | {theirs:.4g} | {statistics.median(a / b for a, b in pairs):.2f} |")
    with service(workers=2) as (port, pid):
        run_load(port, one, connections=max(CONNECTIONS), seconds=SECONDS)
        print(f"\nmemory of each of two workers alone: {', '.join(f'{unique_mb(n):.0f} MB' for n in children(pid))}")


if __name__ == "__main__":
    main()
