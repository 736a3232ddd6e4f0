"""A tag that the base does not know: from a few labelled texts, with a background and the user's own texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model import TopicTagger
from model.artifact import PRETRAINED, Artifact, load
from model.document import Document
from model.errors import FitError
from training.corpus.examples import Example
from training.fit import FitOptions, adapt
from training.fit.background import read_background, with_background
from training.fit.stream import estimate

WORDS = [f"từ{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]


def ordinary(rng: np.random.Generator, count: int) -> list[str]:
    """Return texts of two sentences of words that are all alike."""
    return [" ".join(rng.choice(WORDS, 12)) + ". " + " ".join(rng.choice(WORDS, 12)) + "." for _ in range(count)]


@pytest.fixture(scope="module")
def base() -> Artifact:
    """The shipped tags, with a background of made-up texts, of which one in a hundred is about tea."""
    texts = ordinary(np.random.default_rng(1), 600)
    texts[::100] = [f"{text} Hội trà xuân mở cửa." for text in texts[::100]]
    return with_background(replace(load(PRETRAINED), reference=None), texts)


def examples(rng: np.random.Generator, n_with: int, n_without: int) -> list[Example]:
    """Return labelled texts, judged on tea alone; those that have the tag speak of a "hội trà"."""
    texts = [
        f"{text} Hội trà {end}." for text, end in zip(ordinary(rng, n_with), rng.choice(WORDS, n_with), strict=True)
    ]
    texts += ordinary(rng, n_without)
    return [
        Example(n, Document(text=text), frozenset({"tea"} if n < n_with else ()), judged=frozenset({"tea"}))
        for n, text in enumerate(texts)
    ]


def test_ten_texts_are_enough_and_no_other_tag_moves(base: Artifact) -> None:
    rng = np.random.default_rng(2)
    learnt = adapt(base, examples(rng, 10, 0), FitOptions())
    assert [new.tag.slug for new in learnt.new_tags] == ["tea"]
    assert (learnt.judged, learnt.strength) == ([], None)
    stream = ordinary(rng, 200)
    tagger, before = TopicTagger(learnt.artifact), TopicTagger(base)
    about_tea = [f"{text} Mai có hội trà." for text in stream[:50]]
    assert sum("tea" in result["tags"] for result in tagger.tag_many(about_tea)) >= 45
    assert sum("tea" in result["tags"] for result in tagger.tag_many(stream)) <= 2
    for one, two in zip(before.tag_many(about_tea), tagger.tag_many(about_tea), strict=True):
        assert {tag: two["scores"][tag] for tag in one["scores"]} == pytest.approx(one["scores"], abs=1e-12)


def test_nine_texts_are_not(base: Artifact) -> None:
    learnt = adapt(base, examples(np.random.default_rng(3), 9, 30), FitOptions())
    assert (learnt.new_tags, learnt.left_out) == ([], ["tea"])


def test_key_words_alone_make_a_tag_that_texts_with_one_of_them_get(base: Artifact) -> None:
    learnt = adapt(base, [], FitOptions(), keywords={"tea": ["Hội trà", "ấm trà tử sa Nghi Hưng", "!"]})
    (new,) = learnt.new_tags
    assert (new.n_with, new.n_without, len(new.keywords.terms), new.estimate.recall) == (0, 0, 2, None)
    assert (learnt.judged, learnt.artifact.training["new_tags"]["tea"]["keywords"]) == ([], 2)
    stream = ordinary(np.random.default_rng(8), 60)
    tagger = TopicTagger(learnt.artifact)
    texts = [f"{text} Mai có hội trà." for text in stream[:10]]
    texts += [f"{text} Đây là ấm trà tử sa Nghi Hưng." for text in stream[10:20]]
    article = " ".join(map(str.capitalize, stream[:15]))
    texts.append(article + " Mai có hội trà." * 4)
    assert all("tea" in result["tags"] for result in tagger.tag_many(texts))
    assert "tea" not in tagger.tag(f"{article} Mai có hội trà.")["tags"]  # one of sixteen sentences, by the way
    assert not any("tea" in result["tags"] for result in tagger.tag_many(stream))


def test_key_words_help_three_texts_and_old_tags_stay(base: Artifact) -> None:
    given = examples(np.random.default_rng(9), 3, 2)
    learnt = adapt(base, given, FitOptions(), keywords={"tea": ["ấm chén"], "rice": []})
    (new,) = learnt.new_tags
    assert (new.tag.support, new.n_without, learnt.left_out, learnt.judged) == (3, 2, ["rice"], [])
    weight = dict(zip(new.terms, new.sentence.tolist(), strict=True))
    assert (weight["ấm chén"] > 0, weight["hội trà"] > 0) == (True, True)
    assert [tag for tag in learnt.artifact.tags if tag.slug != "tea"] == list(base.tags)


def test_a_key_word_of_too_many_texts_is_not_learnt_from(base: Artifact) -> None:
    common = ordinary(np.random.default_rng(1), 1)[0].split()[0]
    learnt = adapt(base, [], FitOptions(), keywords={"tea": [common, "hội trà"]})
    assert [(new.keywords.terms, new.keywords.too_common) for new in learnt.new_tags] == [((("hội trà",),), (common,))]
    with pytest.raises(FitError, match="0 new examples are too few to learn from: label 10 at least, or give a new"):
        adapt(base, [], FitOptions(), keywords={"tea": [common]})


def test_the_same_labels_give_the_same_version(base: Artifact) -> None:
    given = examples(np.random.default_rng(4), 12, 20)
    assert adapt(base, given, FitOptions()).artifact.version == adapt(base, given, FitOptions()).artifact.version


def test_without_a_background_texts_without_the_tag_are_needed() -> None:
    bare = replace(load(PRETRAINED), reference=None, background=None)
    assert adapt(bare, examples(np.random.default_rng(5), 12, 0), FitOptions()).left_out == ["tea"]
    learnt = adapt(bare, examples(np.random.default_rng(5), 12, 30), FitOptions())
    assert [new.n_without for new in learnt.new_tags] == [30]


def test_a_background_keeps_counts_and_drops_common_terms() -> None:
    texts = [f"{text} Hôm nay." for text in ordinary(np.random.default_rng(6), 90)] + ["Trà ngon."] * 3
    background = read_background(with_background(load(PRETRAINED), texts))
    assert background is not None
    assert background.n_counted == 93
    assert "hôm nay" in background.common()
    row = background.counts.terms.index("trà ngon")
    assert background.n_texts_with[row] == 3
    # log(94 / 4) + 1
    assert background.idf(["trà ngon"])[0] == pytest.approx(4.157, abs=1e-3)
    found = background.counts.bags(["hôm nay", "trà ngon"]).articles.astype(bool).sum(axis=0)
    assert found.tolist() == [0, 3]


def test_a_background_of_nothing_is_refused() -> None:
    with pytest.raises(FitError, match="no word in common"):
        with_background(load(PRETRAINED), [""])


def test_an_overlap_with_the_stream_raises_the_threshold() -> None:
    """Of 2,000 texts 40 have the tag; 40 others score somewhat lower."""
    rng = np.random.default_rng(7)
    with_tag, rest = rng.normal(4, 0.5, 200), rng.normal(-4, 1, 1920)
    stream = np.concatenate([rng.normal(4, 0.5, 40), rest, rng.normal(2.6, 0.3, 40)])
    apart = estimate(with_tag, stream[:-40], np.ones(stream.size - 40))
    assert 0.015 < apart.share < 0.025
    mixed = estimate(with_tag, stream, np.ones(stream.size))
    assert mixed.border > apart.border
    assert mixed.recall == pytest.approx(float((with_tag >= mixed.border).mean()))
    # Of 40 texts that have the tag 36 lie at 4, far above the rest of the stream: Wilson's interval of 36 in 40.
    found = estimate(np.array([4.0] * 36 + [-4.0] * 4), np.append(np.full(1900, -4.0), [4.0] * 100), np.ones(2000))
    assert (found.recall, found.tagged_share) == (0.9, 0.05)
    assert found.recall_interval == pytest.approx((0.7695, 0.9604), abs=1e-3)
