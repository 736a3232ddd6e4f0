"""`make bench`, second part: `chude batch` end to end, and how cost grows with articles, length, terms and tags."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from bench_tagging import REPO, UNLABELLED, read_texts

from model import TopicTagger
from model.artifact.artifact import Artifact, Tag
from model.artifact.files import versioned
from model.page.signs import looks_like_a_page
from model.scan.spelling import normalise, repair
from model.weights import SparseWeights

ROUNDS = 3
N_LINES = 500_000
N_TEXTS = 2000
# The sizes at which the cost is measured, each beside the smaller ones.
N_ARTICLES = (1000, 10_000, 50_000, 200_000)
N_CHARS = (1000, 10_000, 100_000, 1_000_000)
N_TERMS = (1000, 10_000, 100_000)
N_TAGS = (4, 40, 400)


def timed(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median seconds of a call."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def batch(source: Path, target: Path, jobs: int) -> Callable[[], object]:
    command = [sys.executable, "-m", "service", "batch", str(source), "-o", str(target), "--jobs", str(jobs)]
    return lambda: subprocess.run(command, check=True, capture_output=True, cwd=REPO)


def end_to_end(texts: Sequence[str], tagger: TopicTagger) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        with source.open("w", encoding="utf-8") as stream:
            for n in range(N_LINES):
                stream.write(json.dumps({"id": str(n), "text": texts[n % len(texts)]}, ensure_ascii=False) + "\n")
        megabytes = source.stat().st_size / 1e6
        rounds = []
        for _ in range(ROUNDS):
            one, two = (timed(batch(source, target, jobs), 1) for jobs in (1, 2))
            inside = timed(lambda: [tagger.tag_many(texts) for _ in range(N_LINES // len(texts))], 1)
            rounds.append((one, two, inside))
    n = N_LINES
    one, two, inside = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"\n`chude batch`, {n:,} articles, {megabytes:.0f} MB of JSON Lines, medians of {ROUNDS} rounds:\n")
    print("| | articles per second | MB per second |\n|---|---|---|")
    for name, seconds in (("one process", one), ("two processes", two), ("tag_many in process", inside)):
        print(f"| {name} | {n / seconds:,.0f} | {megabytes / seconds:.0f} |")
    end = statistics.median(i / o for o, _, i in rounds)
    print(f"\none process against tag_many: {end:.2f}; two processes against one: ", end="")
    print(f"{statistics.median(o / t for o, t, _ in rounds):.2f}")


def artifact_of(words: Sequence[str], n_terms: int, n_tags: int) -> Artifact:
    """An artifact with random weights for terms that occur."""
    rng = np.random.default_rng(0)
    terms = list(dict.fromkeys(f"{a} {b}" for a, b in zip(words, words[1:], strict=False)))[:n_terms]
    weights = SparseWeights(
        np.arange(len(terms) + 1), rng.integers(0, n_tags, len(terms)), rng.normal(0, 1, len(terms)), n_tags
    )
    tags = tuple(Tag(f"tag-{n}", 0.5, 1.0, -3.0, 10, 0.5, {}) for n in range(n_tags))
    return versioned(Artifact(tags, tuple(terms), {}, weights, weights, np.ones(len(terms))))


def growth(texts: Sequence[str], tagger: TopicTagger) -> dict[str, list[tuple[int, float]]]:
    """Return the cost for each size: µs per article, or ns per character for its length.

    The lengths are tried on plain articles: the signs of a page, and characters to repair, would come with the length.
    """
    words = normalise("\n".join(texts)).split()
    plain = [text for text in texts if not looks_like_a_page(text) and repair(text) == text]
    joined = "\n".join(plain)
    curves: dict[str, list[tuple[int, float]]] = {
        "articles": [],
        "characters of an article": [],
        "characters of a page": [],
        "terms": [],
        "tags": [],
    }
    tagger.tag_many(texts)
    for n in N_ARTICLES:
        many = [texts[k % len(texts)] for k in range(n)]
        curves["articles"].append((n, timed(lambda m=many: tagger.tag_many(m), 1) / n * 1e6))
    for n in N_CHARS:
        pieces = [joined[k : k + n] for k in range(0, len(joined) - n, n)][: max(1, 3_000_000 // n)]
        chars = sum(map(len, pieces))
        for name, page in (("an article", "auto"), ("a page", "always")):
            seconds = timed(lambda p=pieces, page=page: tagger.tag_many(p, page=page))
            curves[f"characters of {name}"].append((n, seconds / chars * 1e9))
    for n in N_TERMS:
        other = TopicTagger(artifact_of(words, n, 4))
        curves["terms"].append((len(other.artifact.terms), timed(lambda t=other: t.tag_many(texts)) / len(texts) * 1e6))
    for n in N_TAGS:
        other = TopicTagger(artifact_of(words, 10_000, n))
        curves["tags"].append((n, timed(lambda t=other: t.tag_many(texts)) / len(texts) * 1e6))
    return curves


def plot(curves: dict[str, list[tuple[int, float]]], target: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(curves), figsize=(16, 3.2))
    for (name, points), axes in zip(curves.items(), panels, strict=True):
        axes.plot(*zip(*points, strict=True), marker="o")
        axes.set(xscale="log", xlabel=name, ylim=(0, None))
    panels[0].set_ylabel("µs per article")
    for panel in panels[1:3]:
        panel.set_ylabel("ns per character")
    figure.tight_layout()
    target.mkdir(parents=True, exist_ok=True)
    figure.savefig(target / "growth.png", dpi=120)


def main() -> None:
    texts = read_texts(UNLABELLED, N_TEXTS)
    tagger = TopicTagger.load()
    end_to_end(texts, tagger)
    curves = growth(texts, tagger)
    print("\n| cost against | | | | |\n|---|---|---|---|---|")
    for name, points in curves.items():
        unit = "ns per character" if "characters" in name else "µs"
        cells = [f"{size:,}: {cost:.0f} {unit}" for size, cost in points]
        print(f"| {name} | {' | '.join([*cells, *[''] * (4 - len(cells))])} |")
    plot(curves, Path(sys.argv[1] if len(sys.argv) > 1 else REPO / "report"))


if __name__ == "__main__":
    main()
