"""Real pages and raw texts with gold: figures over all of them, and by site. Nothing of them is in the repository."""

from __future__ import annotations

import csv
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import NoArticle, TopicTagger
from model.page.article import find_article
from model.page.html import read_html

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


@pytest.fixture(scope="module")
def pages(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    folder = tmp_path_factory.mktemp("pages")
    with tarfile.open(shared / "pages-real" / "pages-real.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    inner = next(path.parent for path in folder.rglob("gold"))
    (inner / "index.tsv").write_bytes((shared / "pages-real" / "index.tsv").read_bytes())
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


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def by_site(pages: Pages, scores: dict[str, tuple[float, float, float]]) -> Iterator[tuple[str, list[float]]]:
    """Yield the means over all and over the pages of each site."""
    groups = defaultdict(list)
    for name, values in scores.items():
        groups["all"].append(values)
        groups[pages.sites[name]].append(values)
    for site, group in groups.items():
        means = [mean(list(column)) for column in zip(*group, strict=True)]
        print(site, len(group), [round(value, 3) for value in means])
        yield site, means


def test_html_pages_reach_their_figures(pages: Pages) -> None:
    scores = {
        path.stem: score(
            read_html(path.read_text("utf-8", "replace")), pages.gold(path.stem, "TLB"), pages.gold(path.stem, "O")
        )
        for path in pages.html("article")
    }
    assert min(f1 for _, _, f1 in scores.values()) >= 0.95
    for _, (_, _, f1) in by_site(pages, scores):
        assert f1 >= 0.995


def test_texts_of_whole_pages_reach_their_figures(pages: Pages) -> None:
    scores = {}
    for path in pages.html("article"):
        text = (pages.folder / "wet" / f"{path.stem}.txt").read_text(encoding="utf-8")
        scores[path.stem] = score(find_article(text).text, pages.gold(path.stem, "TLB"), pages.gold(path.stem, "O"))
    for _, (precision, recall, _) in by_site(pages, scores):
        assert precision >= 0.93
        assert recall >= 0.99


def test_every_listing_is_refused(pages: Pages, shipped: TopicTagger) -> None:
    listings = list(pages.html("listing"))
    assert listings
    for path in listings:
        with pytest.raises(NoArticle, match="no article in this page"):
            read_html(path.read_text("utf-8", "replace"))
        with pytest.raises(NoArticle, match="no article in this text"):
            shipped.tag((pages.folder / "wet" / f"{path.stem}.txt").read_text(encoding="utf-8"))


def test_lines_of_raw_texts_reach_their_figures(pages: Pages) -> None:
    n_lines: Counter[str] = Counter()
    n_kept: Counter[str] = Counter()
    for _, lines in pages.marked():
        article = find_article("\n".join(text for _, text in lines)).text
        at = 0
        for mark, text in lines:
            if text.strip():
                n_lines[mark] += 1
                n_kept[mark] += bool(article[at : at + len(text)].strip())
            at += len(text) + 1
    print({mark: (n_kept[mark], n) for mark, n in n_lines.items()})
    assert n_kept["R"] <= 0.1 * n_lines["R"]
    assert n_lines["B"] - n_kept["B"] < 0.003 * n_lines["B"]


def test_no_tag_comes_from_what_is_around_an_article(pages: Pages, shipped: TopicTagger) -> None:
    for path in pages.html("article"):
        right = shipped.tag(pages.gold(path.stem, "TLB"), page="never")["tags"]
        assert shipped.tag(path.read_text("utf-8", "replace"))["tags"] == right, path.stem
        text = (pages.folder / "wet" / f"{path.stem}.txt").read_text(encoding="utf-8")
        assert shipped.tag(text)["tags"] == right, path.stem
    for name, lines in pages.marked():
        right = shipped.tag("\n".join(text for mark, text in lines if mark in "BO"), page="never")["tags"]
        assert shipped.tag("\n".join(text for _, text in lines))["tags"] == right, name
