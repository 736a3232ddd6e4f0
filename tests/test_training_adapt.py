"""Learning from new labels without the old texts, and whether the result may go live."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from model import TopicTagger
from model.artifact import PRETRAINED, Artifact, load, save
from model.errors import ArtifactDamaged, FitError
from model.pooling import logistic
from service.web.page.catalogue import catalogue
from training.corpus.examples import Example
from training.fit import Bags, Fit, FitOptions, adapt, prior, read_reference
from training.fit.penalty import is_clearly_lower
from training.fit.prior import Decisions, PriorFit
from training.gate import compare_on_held_out, paired_bootstrap


@pytest.fixture(scope="module")
def base() -> Artifact:
    return load(PRETRAINED)


@pytest.fixture(scope="module")
def options(cache: Path) -> FitOptions:
    return FitOptions(cache=cache)


def test_the_reference_set_scores_as_its_texts_do(seed_fit: Fit, seed_examples: list[Example]) -> None:
    reference = read_reference(seed_fit.artifact)
    assert reference is not None
    found = logistic(reference.margins(seed_fit.artifact))
    tagger = TopicTagger(seed_fit.artifact)
    expected = [list(tagger.tag(example.text, page="never")["scores"].values()) for example in seed_examples]
    assert np.sort(found, axis=0) == pytest.approx(np.sort(np.array(expected), axis=0), abs=1e-9)
    one, two = reference.half(0), reference.half(1)
    assert np.array_equal(
        np.vstack([one.margins(seed_fit.artifact), two.margins(seed_fit.artifact)]),
        np.vstack([reference.margins(seed_fit.artifact)[0::2], reference.margins(seed_fit.artifact)[1::2]]),
    )


def test_a_damaged_reference_is_noticed(seed_fit: Fit, tmp_path: Path) -> None:
    save(seed_fit.artifact, tmp_path)
    assert load(tmp_path).reference == seed_fit.artifact.reference
    data = bytearray((tmp_path / "reference.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "reference.npz").write_bytes(data)
    with pytest.raises(ArtifactDamaged, match=r"reference\.npz is not the file"):
        load(tmp_path)


def test_the_fit_is_the_minimum_of_the_formula(base: Artifact) -> None:
    """The change of one tag's weights against the objective in the docstring of `prior`, written out plainly."""
    rng = np.random.default_rng(3)
    n_terms = len(base.terms)
    used = rng.choice(n_terms, 6, replace=False)
    sentences = np.zeros((9, n_terms))
    sentences[:, used] = rng.integers(0, 2, (9, 6))
    article = np.array([0, 0, 1, 1, 1, 2, 3, 3, 3])
    articles = np.array([[sentences[article == a, t].max() for t in range(n_terms)] for a in range(4)]) * 0.7
    bags = Bags(csr_array(sentences), article, csr_array(articles))
    label, weight, strength = np.array([1.0, 0, 0, 1]), np.array([1, 1, 0.5, 1]), 0.4
    fit = PriorFit(replace(base, reference=None), list(base.terms), [1])
    fit.n_known = int(np.sort(used)[3])  # the last three count as new
    decisions = Decisions(bags, np.tile(label[:, None], 4), np.tile(weight[:, None], 4))
    loss = prior._TagLoss(fit, decisions, 1)
    seen = np.flatnonzero(articles.sum(axis=0) > 0)
    assert (loss.seen.tolist(), loss.known.tolist()) == (seen.tolist(), seen[:3].tolist())
    change = loss.minimise(strength)
    assert change.size == 6 + 3 + 1

    def objective(moved: list[float]) -> float:
        shares = [1.0] * 3 + [0.3] * 3 + [3.0] * 3 + [1.0]
        total = sum(strength / 2 * share * d * d for share, d in zip(shares, moved, strict=True))
        by_sentence, by_article = fit.base.sentence[:, 1].copy(), fit.base.article[:, 1].copy()
        by_sentence[seen] += moved[:6]
        by_article[seen[:3]] += moved[6:9]
        for a in range(4):
            strongest = math.log(sum(math.exp(sentences[s] @ by_sentence) for s in range(9) if article[s] == a))
            margin = fit.base.slope[1] * strongest + articles[a] @ by_article + fit.base.intercept[1] + moved[9]
            total += weight[a] * (math.log1p(math.exp(margin)) - label[a] * margin)
        return total

    lowest = objective(change.tolist())
    assert lowest < objective([0.0] * change.size)
    for _ in range(60):
        assert objective((change + rng.normal(0, 0.05, change.size)).tolist()) > lowest - 1e-6


def test_the_replay_alone_changes_nothing(base: Artifact) -> None:
    """It pulls towards what the base said, so that labels that agree with the base leave it as it is."""
    fit = PriorFit(base, list(base.terms), [0, 1, 2, 3])
    assert fit.replay is not None
    agreed = fit.replay.take(np.arange(40))
    weights = fit.fit(agreed, 1.0)
    assert weights.sentence == pytest.approx(fit.base.sentence)
    assert weights.article == pytest.approx(fit.base.article)
    assert weights.intercept == pytest.approx(fit.base.intercept)


def test_an_infinite_prior_changes_nothing(
    base: Artifact, seed_examples: list[Example], options: FitOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prior, "STRENGTHS", (1e9,))
    adapted = adapt(base, seed_examples[:60], replace(options, jobs=1))
    texts = [example.text for example in seed_examples]
    before, after = TopicTagger(base).tag_many(texts), TopicTagger(adapted.artifact).tag_many(texts)
    for one, two in zip(before, after, strict=True):
        assert two["tags"] == one["tags"]
        assert list(two["scores"].values()) == pytest.approx(list(one["scores"].values()), abs=1e-4)


def test_labels_of_known_tags_move_their_scores(
    base: Artifact, seed_examples: list[Example], options: FitOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prior, "STRENGTHS", (3.0, 30.0))
    labelled = random.Random(2).sample(seed_examples, 60)
    adapted = adapt(base, labelled, replace(options, jobs=1))
    assert (adapted.new_tags, adapted.left_out) == ([], [])
    assert adapted.judged == [tag.slug for tag in base.tags]
    tags = {tag.slug: tag for tag in adapted.artifact.tags}
    assert tags["syria"].support == base.tags[2].support + sum("syria" in e.tags for e in labelled)
    assert adapted.artifact.training["base"] == base.version
    losses = []
    for artifact in (base, adapted.artifact):
        results = TopicTagger(artifact).tag_many([e.text for e in labelled])
        decisions = [(tag in e.tags, r["scores"][tag]) for e, r in zip(labelled, results, strict=True) for tag in tags]
        losses.append(sum(-math.log(max(p if yes else 1 - p, 1e-12)) for yes, p in decisions))
    assert losses[1] < losses[0]


def test_the_page_has_words_for_each_step(
    base: Artifact, seed_examples: list[Example], options: FitOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prior, "STRENGTHS", (1e9,))
    steps: dict[str, int] = {}

    def progress(items: Iterable[Any], what: str, total: int) -> Iterator[Any]:
        steps[what] = total
        yield from items

    known, new = frozenset({"syria"}), frozenset({"gaza"})
    with_new = [replace(example, tags=new, judged=new) for example in seed_examples[:20]]
    adapt(
        base, [*with_new, *(replace(one, tags=known, judged=known) for one in seed_examples[20:30])], options, progress
    )
    assert steps["learning gaza"] == 6
    assert [step for step in steps if catalogue("vi").translated(step) == step] == []


def test_too_few_labels_are_said(base: Artifact, seed_examples: list[Example], options: FitOptions) -> None:
    with pytest.raises(FitError, match="9 new examples are too few to learn from: label 10"):
        adapt(base, seed_examples[:9], options)


def test_paired_bootstrap_by_hand() -> None:
    labels = np.array([[1], [1], [0], [0]], bool)
    right, wrong = labels.copy(), np.array([[1], [0], [1], [0]], bool)
    same = paired_bootstrap(labels, right, right)
    assert (same["live_f1"], same["difference"], same["interval"], same["worse_share"]) == (1.0, 0.0, [0.0, 0.0], 0.0)
    worse = paired_bootstrap(labels, right, wrong)
    assert (worse["live_f1"], worse["candidate_f1"], worse["texts"]) == (1.0, 0.5, 4)
    assert worse["worse_share"] > 0.9


def test_a_worse_candidate_is_refused(base: Artifact, seed_examples: list[Example]) -> None:
    blind = replace(base, tags=tuple(replace(tag, threshold=0.999999) for tag in base.tags))
    decision = compare_on_held_out(base, blind, seed_examples[:80])
    assert not decision["accepted"]
    assert {(one["place"], one["why"]) for one in decision["refusals"]} == {
        ("held_out", "worse"),
        ("reference", "worse"),
    }
    assert compare_on_held_out(base, base, [])["accepted"]
    assert "held_out" not in compare_on_held_out(base, base, [])


def test_a_tag_that_moved_without_a_judgement_is_refused(base: Artifact) -> None:
    syria = next(tag for tag in base.tags if tag.slug == "syria")
    lower = replace(base, tags=tuple(replace(tag, threshold=0.05) if tag == syria else tag for tag in base.tags))
    moved = [{"tag": "syria", "place": "reference", "why": "moved"}]
    assert compare_on_held_out(lower, base, [], judged=["elections"])["refusals"] == moved  # though it is better
    assert compare_on_held_out(lower, base, [], judged=["syria"])["accepted"]


def test_finding_none_before_and_after_never_passes(base: Artifact, seed_examples: list[Example]) -> None:
    blind = replace(base, tags=tuple(replace(tag, threshold=0.999999) for tag in base.tags), reference=None)
    with_syria = [example for example in seed_examples if "syria" in example.tags][:5]
    decision = compare_on_held_out(blind, blind, with_syria)
    assert not decision["accepted"]
    assert decision["refusals"] == [{"tag": "syria", "place": "held_out", "why": "never-found"}]
    assert decision["tags"]["syria"]["held_out"]["with_tag"] == 5


def test_a_gain_that_is_within_its_error_is_not_clear() -> None:
    """Gains of 1, 1, 1 and -1: 0.5 in the mean, with a standard error of 0.866 / 2, of which two are 0.866."""
    assert not is_clearly_lower(np.array([1.0, 1.0, 1.0, 3.0]), np.array([2.0, 2.0, 2.0, 2.0]))
    # One in ten is worse: 0.8 in the mean, with a standard error of 0.6 / 10 ** 0.5, of which two are 0.38.
    assert is_clearly_lower(np.array([1.0] * 9 + [3.0]), np.full(10, 2.0))
