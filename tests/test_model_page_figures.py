"""Figures of reading pages: on crawled pages, on articles that stay whole, and on the customer's own pages."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from model import TopicTagger
from model.page.article import find_article
from model.page.leftout import SEE_ALSO_REASON
from model.reading import split_sentences
from training.corpus.examples import Example
from training.measure.metrics import f1_of_counts


def test_the_customers_pages_get_their_tags(shipped: TopicTagger, shared: Path) -> None:
    for name, tags in json.loads((shared / "seeds" / "tags.json").read_text()).items():
        text = (shared / "seeds" / name).read_text(encoding="utf-8")
        assert shipped.tag(text)["tags"] == sorted(tags), name


def article_text(parts: dict[str, str]) -> str:
    return "\n".join(part for part in (parts["title"], parts["lead"], parts["body"]) if part)


def macro_f1(tagger: TopicTagger, texts: list[str], labels: list[list[str]]) -> float:
    results = tagger.tag_many(texts, page="never")
    given_tags = np.array([[tag in r["tags"] for tag in tagger.tags] for r in results])
    truth = np.array([[tag in tags for tag in tagger.tags] for tags in labels])
    counts = ((truth & given_tags).sum(0), (~truth & given_tags).sum(0), (truth & ~given_tags).sum(0))
    return float(f1_of_counts(*(count.astype(float) for count in counts)).mean())


def read_gz(path: Path) -> list[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_crawled_pages_reach_their_figures(shipped: TopicTagger, shared: Path) -> None:
    records = read_gz(shared / "data" / "pages-dev.jsonl.gz")
    pages = [str(record["text"]) for record in records]
    clean = [article_text(record["article"]) for record in records]  # type: ignore[arg-type]
    labels = [record["tags"] for record in records]
    cut = [find_article(page).text for page in pages]
    own_sentences = own_kept = others = others_dropped = 0
    for page, article, text in zip(pages, clean, cut, strict=True):
        own, remaining = set(split_sentences(article)), set(split_sentences(text))
        foreign = set(split_sentences(page)) - own
        own_sentences, own_kept = own_sentences + len(own), own_kept + len(own & remaining)
        others, others_dropped = others + len(foreign), others_dropped + len(foreign - remaining)
    ratio = macro_f1(shipped, cut, labels) / macro_f1(shipped, clean, labels)  # type: ignore[arg-type]
    print(
        f"F1 ratio {ratio:.3f}, own kept {own_kept / own_sentences:.4f}, others dropped {others_dropped / others:.4f}"
    )
    assert ratio >= 0.97
    assert own_kept / own_sentences >= 0.97
    assert others_dropped / others >= 0.95


def test_clean_dev_articles_stay_whole(shipped: TopicTagger, shared: Path) -> None:
    records = [record for record in read_gz(shared / "data" / "dev.jsonl.gz") if record["body"]]
    texts = [article_text(record) for record in records]  # type: ignore[arg-type]
    labels = [record["tags"] for record in records]
    cut = [find_article(text, force=True) for text in texts]
    sentences = sum(len(split_sentences(text)) for text in texts)
    pointers = sum(part.reason == SEE_ALSO_REASON for article in cut for part in article.left_out)
    dropped = sentences - sum(len(split_sentences(article.text)) for article in cut)
    print(f"{dropped} of {sentences} sentences dropped, {pointers} of them pointers to other articles")
    assert dropped / sentences < 0.01
    before, after = (macro_f1(shipped, t, labels) for t in (texts, [article.text for article in cut]))  # type: ignore[arg-type]
    print(f"macro-F1 {before:.4f} whole, {after:.4f} cut")
    assert after > before - 0.003


def test_seed_articles_stay_whole_but_for_their_teaser_boxes(seed_examples: list[Example]) -> None:
    touched = [example for example in seed_examples if find_article(example.text, force=True).left_out]
    assert len(touched) == 2
    assert all("Tin liên quan" in example.text or "Xem thêm" in example.text for example in touched)
