"""Learning from new labels without the old texts, and whether the result may go live."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from model import TopicTagger
from model.artifact.artifact import Artifact
from model.artifact.files import PRETRAINED, load, save
from model.errors import ArtifactDamaged, FitError
from model.pooling import logistic
from training.corpus.examples import Example
from training.fit import adaptation
from training.fit.adaptation import adapt
from training.fit.fitting import Fit, FitOptions
from training.fit.reference import read_reference
from training.fit.terms import Bags
from training.progress import silent
from training.promotion import compare, paired_bootstrap


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
    """The change of one tag's weights against the objective in the module's docstring, written out plainly."""
    rng = np.random.default_rng(3)
    n_terms = len(base.terms)
    used = rng.choice(n_terms, 6, replace=False)
    sentences = np.zeros((9, n_terms))
    sentences[:, used] = rng.integers(0, 2, (9, 6))
    article = np.array([0, 0, 1, 1, 1, 2, 3, 3, 3])
    articles = np.array([[sentences[article == a, t].max() for t in range(n_terms)] for a in range(4)]) * 0.7
    bags = Bags(csr_array(sentences), article, csr_array(articles))
    label, weight, strength = np.array([1.0, 0, 0, 1]), np.array([1, 1, 0.5, 1]), 0.4
    fitter = adaptation._Fitter(replace(base, reference=None), list(base.terms), silent)
    fitter.n_known = int(np.sort(used)[3])  # the last three count as new
    seen = np.flatnonzero(articles.sum(axis=0) > 0)
    n_known = int((seen < fitter.n_known).sum())
    assert (seen.size, n_known) == (6, 3)
    change = fitter._fit_tag(bags, seen, label, weight, strength, 1)
    assert change.size == 6 + 3 + 1

    def objective(moved: list[float]) -> float:
        shares = [1.0] * 3 + [0.3] * 3 + [3.0] * 3 + [1.0]
        total = sum(strength / 2 * share * d * d for share, d in zip(shares, moved, strict=True))
        by_sentence, by_article = fitter.base.sentence[:, 1].copy(), fitter.base.article[:, 1].copy()
        by_sentence[seen] += moved[:6]
        by_article[seen[:3]] += moved[6:9]
        for a in range(4):
            strongest = math.log(sum(math.exp(sentences[s] @ by_sentence) for s in range(9) if article[s] == a))
            margin = fitter.base.slope[1] * strongest + articles[a] @ by_article + fitter.base.intercept[1] + moved[9]
            total += weight[a] * (math.log1p(math.exp(margin)) - label[a] * margin)
        return total

    lowest = objective(change.tolist())
    assert lowest < objective([0.0] * change.size)
    for _ in range(60):
        assert objective((change + rng.normal(0, 0.05, change.size)).tolist()) > lowest - 1e-6


def test_the_replay_alone_changes_nothing(base: Artifact) -> None:
    """It pulls towards what the base said, so that labels that agree with the base leave it as it is."""
    fitter = adaptation._Fitter(base, list(base.terms), silent)
    assert fitter.replay is not None
    bags = fitter.replay.take(np.arange(40))
    agreed = logistic(fitter.base.margins(bags))
    weights = fitter.fit(bags, agreed, np.ones(agreed.shape), 1.0)
    assert weights.sentence == pytest.approx(fitter.base.sentence)
    assert weights.article == pytest.approx(fitter.base.article)
    assert weights.intercept == pytest.approx(fitter.base.intercept)


def test_an_infinite_prior_changes_nothing(
    base: Artifact, seed_examples: list[Example], options: FitOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "STRENGTHS", (1e9,))
    adapted = adapt(base, seed_examples[:60], options)
    texts = [example.text for example in seed_examples]
    before, after = TopicTagger(base).tag_many(texts), TopicTagger(adapted.artifact).tag_many(texts)
    for one, two in zip(before, after, strict=True):
        assert two["tags"] == one["tags"]
        assert list(two["scores"].values()) == pytest.approx(list(one["scores"].values()), abs=1e-4)


def test_new_labels_move_the_scores_and_new_tags_come(
    base: Artifact, seed_examples: list[Example], options: FitOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "STRENGTHS", (3.0, 30.0))
    chosen = random.Random(2).sample(seed_examples, 140)
    labelled = [replace(e, tags=e.tags | ({"trade"} if " Mỹ" in e.text else frozenset())) for e in chosen]
    n_trade = sum("trade" in e.tags for e in labelled)
    assert n_trade >= 10
    labelled[0] = replace(labelled[0], tags=labelled[0].tags | {"rare"})
    adapted = adapt(base, labelled, options)
    assert (adapted.new_tags, adapted.left_out) == (["trade"], ["rare"])
    tags = {tag.slug: tag for tag in adapted.artifact.tags}
    assert list(tags) == ["arms-control", "elections", "syria", "ukraine", "trade"]
    assert tags["trade"].support == n_trade
    assert tags["syria"].support == base.tags[2].support + sum("syria" in e.tags for e in labelled)
    assert adapted.artifact.training["base"] == base.version
    losses = []
    for artifact in (base, adapted.artifact):
        results = TopicTagger(artifact).tag_many([e.text for e in labelled])
        decisions = [
            (tag in e.tags, r["scores"][tag]) for e, r in zip(labelled, results, strict=True) for tag in list(tags)[:4]
        ]
        losses.append(sum(-math.log(max(p if yes else 1 - p, 1e-12)) for yes, p in decisions))
    assert losses[1] < losses[0]
    again = adapt(base, labelled, options)
    assert again.artifact.version == adapted.artifact.version


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
    decision = compare(base, blind, seed_examples[:80])
    assert (decision["accepted"], decision["worse_on"]) == (False, ["held_out", "reference"])
    assert compare(base, base, [])["accepted"]
    assert "held_out" not in compare(base, base, [])
