"""`make bench`: how fast chude tags beside other systems, alternating in one run on one core, as ratios.

All systems are fitted on the same texts and tag the same ones: ../shared/data where it is, the seed corpus elsewhere.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from training.baselines import FastText

os.environ.setdefault("OMP_NUM_THREADS", "1")
REPO = Path(__file__).parent.parent
DATA = REPO.parent / "shared" / "data"
ROUNDS = 7
N_TEXTS = 2000


def read_texts(path: Path, n_texts: int) -> list[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        records = (json.loads(line) for line in lines)
        texts = ("\n".join(r[p] for p in ("title", "lead", "body") if r[p]) for r in records if r["body"])
        return list(itertools.islice(texts, n_texts))


def contenders(train: Path) -> dict[str, Callable[[Sequence[str]], object]]:
    from model import TopicTagger
    from training.baselines import ScikitLearn, Underthesea
    from training.fit import label_matrix
    from training.readers import read_examples

    tagger = TopicTagger.load()
    examples = read_examples([train])
    texts, labels = [e.text for e in examples], label_matrix(examples, tagger.tags)
    systems: dict[str, Callable[[Sequence[str]], object]] = {
        "chude tag_many": tagger.tag_many,
        "chude tag, one by one": lambda batch: [tagger.tag(text) for text in batch],
        "str.lower().encode()": lambda batch: [text.lower().encode() for text in batch],
    }
    for baseline in (Underthesea(), FastText(), ScikitLearn()):
        try:
            baseline.fit(texts, labels)
        except ModuleNotFoundError as error:
            print(f"{baseline.name}: not measured, {error.name} is not installed (pip install '.[peers]')")
        else:
            systems[baseline.name] = only_predict(baseline) if isinstance(baseline, FastText) else baseline.score
    return systems


def only_predict(baseline: FastText) -> Callable[[Sequence[str]], object]:
    """fastText alone: `score` would normalise the text first. Its own `predict` fails with numpy 2."""
    predict = baseline.classifier.f.predict
    return lambda batch: [predict(text.replace("\n", " ") + "\n", -1, 0.0, "strict") for text in batch]


def measure(systems: dict[str, Callable[[Sequence[str]], object]], texts: Sequence[str]) -> dict[str, list[float]]:
    """Return microseconds a text of each system in each round; the systems take turns."""
    took: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(ROUNDS):
        for name, run in systems.items():
            began = time.perf_counter()
            run(texts)
            took[name].append((time.perf_counter() - began) / len(texts) * 1e6)
    return took


def time_process(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    here = DATA.is_dir()
    train = DATA / "train.jsonl.gz" if here else REPO / "seeds" / "articles.jsonl"
    texts = read_texts(DATA / "unlabelled.jsonl.gz" if here else train, N_TEXTS)
    chars = statistics.mean(map(len, texts))
    print(f"{len(texts)} articles of {chars:.0f} characters on average, {ROUNDS} rounds, one core\n")
    took = measure(contenders(train), texts)
    ours = took["chude tag_many"]
    print("| system | µs an article, median | times chude, median of ratios |\n|---|---|---|")
    for name, values in took.items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(values, ours, strict=True))
        print(f"| {name} | {statistics.median(values):.1f} | {ratio:.2f} |")
    article = REPO / "seeds" / "pages" / "04_syria_clean.txt"
    tag = [sys.executable, "-m", "service", "tag", str(article)]
    pairs = [(time_process(tag), time_process([sys.executable, "-c", "import numpy"])) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"\n`chude tag` as a process: {statistics.median(a for a, _ in pairs):.3f} s, {ratio:.2f} times `import numpy`"
    )


if __name__ == "__main__":
    main()
