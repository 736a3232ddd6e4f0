"""`make bench`, first part: chude beside other systems on the same articles, alternating in one run, as ratios.

All are fitted on the same records and tag the same texts: ../shared/data where it is, the seed corpus elsewhere. Each
system runs in processes of its own, one for each core (`bench_systems.py`); only one works at a time, except for the
column "all cores", where the texts are shared out to all processes of a system.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from systems import SYSTEMS

REPO = Path(__file__).parents[2]
SYSTEMS_PY = Path(__file__).with_name("bench_systems.py")
DATA = REPO.parent / "shared" / "data"
HERE = DATA.is_dir()
TRAIN = DATA / "train.jsonl.gz" if HERE else REPO / "seeds" / "articles.jsonl"
DEV = DATA / "dev.jsonl.gz" if HERE else TRAIN
UNLABELLED = DATA / "unlabelled.jsonl.gz" if HERE else TRAIN
ROUNDS = 7
N_TEXTS = 1000
N_SINGLE = 200
N_LINES = 20_000
OURS = "chude"
FASTTEXT = "fastText, 100 dimensions"


def read_texts(path: Path, n_texts: int) -> list[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        records = (json.loads(line) for line in lines)
        texts = ("\n".join(r[p] for p in ("title", "lead", "body") if r[p]) for r in records if r["body"])
        return list(itertools.islice(texts, n_texts))


class Worker:
    """A process that runs one system."""

    def __init__(self, name: str, folder: Path, texts: Path) -> None:
        began = time.perf_counter()
        command = [sys.executable, str(SYSTEMS_PY), "run", name, str(folder), str(texts)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.answer()
        self.first_s = time.perf_counter() - began

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        print(command, file=self.process.stdin, flush=True)

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, command: str) -> Any:
        self.tell(command)
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@dataclass
class Measured:
    """What was seen of one system."""

    workers: list[Worker]
    training_s: float
    model_mb: float
    bulk_us: list[float] = field(default_factory=list)
    single_us: list[float] = field(default_factory=list)
    all_cores_us: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    f1: dict[str, float] = field(default_factory=dict)

    def measure(self, n_texts: int) -> None:
        """Time one round: many texts, single ones, and many shared out to all processes."""
        self.bulk_us.append(self.workers[0].ask(f"many 0 {n_texts}") / n_texts * 1e6)
        self.single_us.append(self.workers[0].ask(f"one 0 {N_SINGLE}") / N_SINGLE * 1e6)
        began = time.perf_counter()
        for worker in self.workers:
            worker.tell(f"many 0 {n_texts}")
        for worker in self.workers:
            worker.answer()
        self.all_cores_us.append((time.perf_counter() - began) / n_texts / len(self.workers) * 1e6)


def start(name: str, folder: Path, texts: Path, training_s: dict[Path, float]) -> Measured | None:
    """Fit a system and start its processes; None if it is not installed. `training_s` is filled in."""
    target = folder / SYSTEMS[name].folder
    if target not in training_s:
        target.mkdir()
        command = [sys.executable, str(SYSTEMS_PY), "fit", name, str(target), str(TRAIN)]
        began = time.perf_counter()
        ended = subprocess.run(command, capture_output=True, text=True)
        training_s[target] = time.perf_counter() - began
        if ended.returncode:
            print(f"{name}: not measured: {ended.stderr.strip().splitlines()[-1]}")
            return None
    model = [path for path in target.rglob("*") if path.is_file() and "cache" not in path.parts]
    workers = [Worker(name, target, texts) for _ in range(os.cpu_count() or 1)]
    return Measured(workers, training_s[target], sum(path.stat().st_size for path in model) / 1e6)


def table(seen: dict[str, Measured], kilobytes: float) -> None:
    print(
        "| system | µs per article | MB/s | times chude | one alone, µs | all cores, µs | F1 articles | F1 teasers ",
        end="",
    )
    print("| training, s | model, MB | memory, MB | first tag, s |\n|" + "---|" * 12)
    for name, m in seen.items():
        bulk, single, every = (statistics.median(v) for v in (m.bulk_us, m.single_us, m.all_cores_us))
        ratio = statistics.median(a / b for a, b in zip(m.bulk_us, seen[OURS].bulk_us, strict=True))
        f1 = " | ".join(f"{value:.3f}" for value in m.f1.values()) if any(m.f1.values()) else "– | –"
        first = statistics.median(worker.first_s for worker in m.workers)
        cells = f"{bulk:.1f} | {kilobytes / bulk * 1000:.0f} | {ratio:.2f} | {single:.0f} | {every:.1f} | {f1}"
        print(f"| {name} | {cells} | {m.training_s:.0f} | {m.model_mb:.1f} | {m.memory_mb:.0f} | {first:.2f} |")


def plot(seen: dict[str, Measured], target: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for name, m in seen.items():
        if any(m.f1.values()):
            rate = 1e6 / statistics.median(m.bulk_us)
            axes.scatter(rate, m.f1["articles"])
            axes.annotate(name, (rate, m.f1["articles"]), textcoords="offset points", xytext=(4, 4), fontsize=8)
    axes.set(xscale="log", xlabel="articles per second, one core", ylabel="macro-F1 of articles")
    axes.margins(x=0.25, y=0.1)
    figure.tight_layout()
    target.mkdir(parents=True, exist_ok=True)
    figure.savefig(target / "speed.png", dpi=120)


def time_process(command: list[str], target: Path | None = None) -> float:
    with (target or Path(os.devnull)).open("w") as out:
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=out, stderr=subprocess.DEVNULL, cwd=REPO)
        return time.perf_counter() - began


def processes(texts: list[str], folder: Path, *, with_fasttext: bool) -> None:
    """Whole processes on one file: `chude tag` and `import numpy`; `chude batch` and `fasttext predict-prob`."""
    chude = [sys.executable, "-m", "service"]
    article = REPO / "seeds" / "pages" / "04_syria_clean.txt"
    pairs = [
        (time_process([*chude, "tag", str(article)]), time_process([sys.executable, "-c", "import numpy"]))
        for _ in range(ROUNDS)
    ]
    tag_s, numpy_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"\n`chude tag FILE` as a process: {tag_s:.3f} s; `import numpy`: {numpy_s:.3f} s; ratio {ratio:.2f}")
    if not (shutil.which("fasttext") and with_fasttext):
        print("`fasttext predict-prob` not measured: there is no such command (Debian: apt install fasttext)")
        return
    lines = folder / "lines.tsv"
    plain = [text.replace("\n", " ").replace("\t", " ").replace('"', "”") for text in texts]
    lines.write_text("text\n" + "".join(f"{plain[n % len(plain)]}\n" for n in range(N_LINES)), encoding="utf-8")
    model = folder / SYSTEMS[FASTTEXT].folder / "model.bin"
    batch = [*chude, "batch", str(lines), "-o", str(folder / "out.jsonl"), "--jobs", "1"]
    peer = ["fasttext", "predict-prob", str(model), str(lines), "5"]
    seconds = [(time_process(batch), time_process(peer, folder / "peer.txt")) for _ in range(3)]
    chude_s, peer_s = (statistics.median(column) for column in zip(*seconds, strict=True))
    ratio = statistics.median(b / a for a, b in seconds)
    print(f"{N_LINES:,} lines as whole processes, one core: `chude batch` {chude_s:.2f} s, ", end="")
    print(f"`fasttext predict-prob` (100 dimensions) {peer_s:.2f} s, {ratio:.2f} times as long")


def main() -> None:
    report = Path(sys.argv[1] if len(sys.argv) > 1 else REPO / "report")
    texts = read_texts(UNLABELLED, N_TEXTS)
    kilobytes = statistics.mean(len(text.encode()) for text in texts) / 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        training_s: dict[Path, float] = {}
        started = {name: start(name, folder, folder / "texts.json", training_s) for name in SYSTEMS}
        seen = {name: measured for name, measured in started.items() if measured}
        for _ in range(ROUNDS):
            for measured in seen.values():
                measured.measure(len(texts))
        for measured in seen.values():
            measured.memory_mb = measured.workers[0].ask("memory")
            measured.f1 = measured.workers[0].ask(f"f1 {DEV}")
        print(f"{len(texts)} articles of {kilobytes:.1f} kB on average, medians of {ROUNDS} rounds on one core\n")
        table(seen, kilobytes)
        plot(seen, report)
        processes(texts, folder, with_fasttext=FASTTEXT in seen)
        for measured in seen.values():
            for worker in measured.workers:
                worker.end()


if __name__ == "__main__":
    main()
