"""One of the systems that `make bench` compares, fitted or run in a process of its own.

`python bench_systems.py fit SYSTEM FOLDER TRAIN` writes a model to FOLDER; `python bench_systems.py run SYSTEM FOLDER
TEXTS` loads it, tags one text, and then does what it is told line by line: "many FIRST LAST", "one FIRST LAST",
"f1 EXAMPLES", "memory". Each answer is a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from systems import REPO, SYSTEMS, System

FIRST_TEXT = "Hội đồng Bảo an Liên hợp quốc họp về tình hình Syria."


def macro_f1(system: System, path: Path) -> dict[str, float]:
    """Return macro-F1 over all decisions, of articles and of teasers."""
    from training.corpus.examples import tag_names, teaser_flags
    from training.corpus.readers import read_examples

    examples = read_examples([path])
    rows = list(zip(system.given(system.predict([e.text for e in examples])), examples, strict=True))
    teaser = teaser_flags(examples).tolist()
    figures = {}
    for name, wanted in (("articles", False), ("teasers", True)):
        part = [(given, set(e.tags)) for (given, e), is_teaser in zip(rows, teaser, strict=True) if is_teaser is wanted]
        scores = []
        for tag in tag_names(examples):
            hits = sum(tag in given and tag in true for given, true in part)
            scores.append(2 * hits / max(sum((tag in given) + (tag in true) for given, true in part), 1))
        figures[name] = sum(scores) / len(scores)
    return figures


def obey(system: System, texts: list[str], command: str, *arguments: str) -> object:
    """Do one command."""
    if command == "memory":
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    if command == "f1":
        return macro_f1(system, Path(" ".join(arguments)))
    part = texts[int(arguments[0]) : int(arguments[1])]
    began = time.perf_counter()
    if command == "many":
        system.predict(part)
    else:
        for text in part:
            system.predict([text])
    return time.perf_counter() - began


def main(mode: str, name: str, folder: Path, data: Path) -> None:
    """Be the process of one system."""
    system = SYSTEMS[name]
    if mode == "fit":
        system.fit(data, folder)
        return
    system.load(folder)
    system.predict([FIRST_TEXT])
    print(json.dumps("ready"), flush=True)
    texts = json.loads(data.read_text(encoding="utf-8"))
    for line in sys.stdin:
        print(json.dumps(obey(system, texts, *line.split())), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(REPO))
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
