"""Real pages with gold, for tests and for `make bench`. Nothing of them is in the repository."""

from __future__ import annotations

import csv
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

WORD = re.compile(r"\w+")


class Pages:
    """The unpacked pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with (folder / "index.tsv").open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        self.kinds = {row["file"]: row["kind"] for row in rows}
        self.sites = {Path(row["file"]).stem: row["site"] for row in rows}

    def html(self, kind: str) -> Iterator[Path]:
        """Yield the pages of a kind: "article", "listing"."""
        return (
            path for path in sorted((self.folder / "html").iterdir()) if self.kinds[f"html/{path.name}"][:7] == kind
        )

    def gold(self, name: str, marks: str) -> str:
        lines = (self.folder / "gold" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
        return "\n".join(line[2:] for line in lines if line[:1] in marks and line[1:2] == "\t")

    def marked(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield the name of each raw text and its lines with their marks."""
        for path in sorted((self.folder / "textmarks").iterdir()):
            rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").split("\n") if "\t" in line]
            yield path.stem, [(mark, text) for mark, text in rows]


def unpack(source: Path, folder: Path) -> Pages:
    """Unpack ../shared/pages-real into a folder."""
    with tarfile.open(source / "pages-real.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    inner = next(path.parent for path in folder.rglob("gold"))
    (inner / "index.tsv").write_bytes((source / "index.tsv").read_bytes())
    return Pages(inner)


def words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in WORD.findall(text))


def score(kept: str, needed: str, optional: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of words; those of `optional` count neither way."""
    kept_words, needed_words = words(kept), words(needed)
    right = sum((kept_words & needed_words).values())
    wrong = sum((kept_words - needed_words - words(optional)).values())
    precision, recall = right / max(1, right + wrong), right / max(1, sum(needed_words.values()))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)
