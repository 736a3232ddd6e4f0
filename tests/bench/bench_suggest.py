"""`make bench`, fourth part: labels in the order of `chude labels suggest` against labels at random."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
from bench_tagging import DATA, REPO

from model import TopicTagger
from training.corpus.examples import Example, label_matrix
from training.corpus.readers import read_examples
from training.fit.fitting import FitOptions, fit_examples
from training.labels.suggestions import suggest

FIRST, STEP, LAST = 150, 150, 900
SEEDS = (0, 1)


def macro_f1(tagger: TopicTagger, examples: list[Example], tags: list[str]) -> float:
    labels = label_matrix(examples, tags)
    results = tagger.tag_many([example.text for example in examples])
    given = np.array([[tag in result["tags"] for tag in tags] for result in results])
    hits = (labels & given).sum(axis=0)
    return float((2 * hits / np.maximum(labels.sum(axis=0) + given.sum(axis=0), 1)).mean())


def learn(pool: list[Example], dev: list[Example], tags: list[str], seed: int, by_uncertainty: bool) -> list[float]:
    drawn = random.Random(seed).sample(pool, len(pool))
    labelled, rest = drawn[:FIRST], drawn[FIRST:]
    scores = []
    while True:
        tagger = TopicTagger(fit_examples(labelled, FitOptions(penalties=(2.0,))).artifact)
        scores.append(macro_f1(tagger, dev, tags))
        if len(labelled) >= LAST:
            return scores
        if by_uncertainty:
            wanted = {s.id for s in suggest(tagger, ((e.id, e.document) for e in rest), set(), STEP, seed=seed)}
        else:
            wanted = {example.id for example in rest[:STEP]}
        labelled += [example for example in rest if example.id in wanted]
        rest = [example for example in rest if example.id not in wanted]


def main() -> None:
    if not DATA.is_dir():
        print("the simulation of suggestions needs ../shared/data: not measured")
        return
    pool, dev = (read_examples([DATA / f"{name}.jsonl.gz"]) for name in ("train", "dev"))
    tags = sorted({tag for example in pool for tag in example.tags})
    sizes = list(range(FIRST, LAST + 1, STEP))
    print(f"| labels | {' | '.join(map(str, sizes))} |\n|---|{'---|' * len(sizes)}")
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    for name, by_uncertainty in (("suggested", True), ("random", False)):
        scores = np.mean([learn(pool, dev, tags, seed, by_uncertainty) for seed in SEEDS], axis=0)
        print(f"| {name} | {' | '.join(f'{score:.3f}' for score in scores)} |", flush=True)
        axes.plot(sizes, scores, marker="o", label=name)
    axes.set(xlabel="labels", ylabel="macro-F1 on dev", title=f"What to label next, mean of {len(SEEDS)} runs")
    axes.legend()
    target = Path(sys.argv[1] if len(sys.argv) > 1 else REPO / "report")
    target.mkdir(parents=True, exist_ok=True)
    figure.savefig(target / "suggest.png", dpi=120)


if __name__ == "__main__":
    main()
