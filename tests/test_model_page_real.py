"""Figures on real pages and raw texts with gold, over all of them and by site. Nothing of them is in the repository."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_text import read_html
from real_pages import Pages, score, unpack

from model import NoArticle, TopicTagger
from model.page.article import find_article


@pytest.fixture(scope="module")
def pages(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return unpack(shared / "pages-real", tmp_path_factory.mktemp("pages"))


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
