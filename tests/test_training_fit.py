"""The multiple-instance fit, its terms, and training as a whole."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import REPO, SEEDS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score

from model import FitError, TopicTagger
from model.artifact import MANIFEST, REFERENCE, WEIGHTS, load, save
from model.document import Document
from training.corpus.examples import Columns, Example
from training.corpus.readers import read_examples
from training.corpus.weights import WeightRule
from training.fit.classifier import TopicClassifier
from training.fit.estimator import SentenceLogisticRegression
from training.fit.fitting import Fit, FitOptions, fit_examples
from training.fit.terms import Bags, SentenceTerms
from training.fit.variants import read_variants
from training.measure.evaluation import evaluate, score_examples


def random_bags(seed: int, n_articles: int = 30, n_terms: int = 5) -> tuple[Bags, np.ndarray]:
    rng = np.random.default_rng(seed)
    article = np.repeat(np.arange(n_articles), rng.integers(1, 5, n_articles))
    rows = rng.poisson(0.5, (article.size, n_terms)).clip(0, 1) * rng.uniform(0.5, 2, n_terms)
    by_article = np.array([rows[article == n].max(axis=0) for n in range(n_articles)])
    labels = (by_article[:, :2] > 0) ^ (rng.random((n_articles, 2)) < 0.1)
    return Bags(sp.csr_array(rows), article, sp.csr_array(by_article)), labels


def objective(flat: np.ndarray, bags: Bags, label: np.ndarray, weight: np.ndarray, penalty: float) -> float:
    """The documented objective for one tag, article by article."""
    weights, bias = flat[:-1], flat[-1]
    total = penalty * np.abs(weights).sum()
    scores = bags.sentences.toarray() @ weights
    for article, (y, importance) in enumerate(zip(label, weight, strict=True)):
        margin = bias + np.log(np.exp(scores[bags.article == article]).sum())
        total += importance * (np.log1p(np.exp(margin)) - y * margin)
    return float(total)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fit_is_a_minimum_of_the_documented_objective(seed: int) -> None:
    bags, labels = random_bags(seed)
    weight = np.random.default_rng(seed).uniform(0.2, 1.5, labels.shape)
    fitted = SentenceLogisticRegression(penalty=0.7, max_iter=3000, tol=1e-9).fit(bags, labels, weight)
    for tag in range(2):
        arguments = (bags, labels[:, tag], weight[:, tag], 0.7)
        found = np.append(fitted.coef_[:, tag], fitted.intercept_[tag])
        other = minimize(objective, found + 0.01, arguments, method="Powell", options={"xtol": 1e-8, "ftol": 1e-12})
        assert objective(found, *arguments) <= other.fun + 1e-5
        margins = fitted.decision_function(bags)[:, tag]
        scores = bags.sentences.toarray() @ fitted.coef_[:, tag]
        by_hand = [np.log(np.exp(scores[bags.article == n]).sum()) + fitted.intercept_[tag] for n in range(30)]
        assert margins == pytest.approx(by_hand, abs=1e-9)


def test_a_high_penalty_leaves_no_term() -> None:
    bags, labels = random_bags(4)
    assert not SentenceLogisticRegression(penalty=1000).fit(bags, labels).coef_.any()


def test_estimators_keep_scikit_learns_conventions() -> None:
    bags, labels = random_bags(5)
    for estimator in (SentenceLogisticRegression(penalty=2.0), TopicClassifier(penalty=2.0)):
        assert clone(estimator).get_params() == estimator.get_params()
        assert not [name for name in vars(estimator) if name.endswith("_")]
        with pytest.raises(NotFittedError, match="not fitted"):
            estimator.decision_function(bags)
        assert estimator.fit(bags, labels) is estimator
    fitted = SentenceLogisticRegression().fit(bags, labels)
    assert ((fitted.predict_proba(bags) > 0.5) == fitted.predict(bags)).all()
    with pytest.raises(TypeError, match="not one str"):
        SentenceTerms().fit_transform("a b c")


def test_terms_and_idf_by_hand() -> None:
    texts = ["Nga và Mỹ. Nga nói.", "Nga và Mỹ!", "mỹ nói"]
    terms = SentenceTerms(min_articles=2)
    bags = terms.fit_transform(texts)
    assert terms.terms_ == ["mỹ", "nga", "nga và", "nói", "và", "và mỹ"]
    idf = {term: np.log(4 / (1 + n)) + 1 for term, n in zip(terms.terms_, [3, 2, 2, 2, 2, 2], strict=True)}
    assert terms.idf_ == pytest.approx(list(idf.values()))
    assert bags.article.tolist() == [0, 0, 1, 2]
    expected = [
        ["mỹ", "nga", "nga và", "và", "và mỹ"],
        ["nga", "nói"],
        ["mỹ", "nga", "nga và", "và", "và mỹ"],
        ["mỹ", "nói"],
    ]
    dense = [[idf[term] if term in row else 0 for term in terms.terms_] for row in expected]
    assert bags.sentences.toarray() == pytest.approx(np.array(dense))
    first = [max(a, b) * 2**-0.25 for a, b in zip(dense[0], dense[1], strict=True)]
    assert bags.articles.toarray() == pytest.approx(np.array([first, dense[2], dense[3]]))
    taken = bags.take(np.array([1, 2]))
    assert taken.article.tolist() == [0, 1]
    assert taken.sentences.toarray() == pytest.approx(np.array(dense[2:]))


def test_long_terms_need_a_proposal_and_spellings_merge() -> None:
    texts = ["đại hội đồng họp", "đại hội đồng bỏ phiếu", "qui định", "quy định"]
    terms = SentenceTerms({"đại hội đồng"}, {"quy": ("qui",)}, min_articles=2)
    terms.fit_transform(texts)
    assert "đại hội đồng" in terms.terms_
    assert "quy định" in terms.terms_
    assert "qui" not in terms.terms_


def test_the_same_seed_gives_the_same_bytes_in_another_process(seed_fit: Fit, cache: Path, tmp_path: Path) -> None:
    save(seed_fit.artifact, tmp_path / "a")
    command = [sys.executable, "-m", "service", "train", str(SEEDS / "articles.jsonl"), "-o", "b", "--jobs", "1"]
    environ = {**os.environ, "CHUDE_CACHE": str(cache), "PYTHONPATH": str(REPO), "PYTHONHASHSEED": "1"}
    subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True)
    for file in (MANIFEST, WEIGHTS, REFERENCE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_fit_on_the_seeds_learns_the_topics(seed_fit: Fit, seed_examples: list[Example]) -> None:
    figures = seed_fit.artifact.metrics["all"]["all decisions"]
    assert figures["macro"]["f1"] > 0.85
    assert seed_fit.artifact.training["examples"] == len(seed_examples)
    on_itself = evaluate(TopicTagger(seed_fit.artifact), seed_examples)
    assert on_itself.figures["all"]["all decisions"]["macro"]["f1"] > 0.95
    given = seed_fit.out_of_fold >= [tag.threshold for tag in seed_fit.artifact.tags]
    for column, tag in enumerate(seed_fit.tags):
        expected = f1_score(seed_fit.labels[:, column], given[:, column])
        assert figures["tags"][tag]["f1"] == pytest.approx(expected, abs=1e-4)


def test_rare_tags_are_left_out_and_too_few_are_refused(seed_examples: list[Example], cache: Path) -> None:
    odd = [
        replace(example, tags=example.tags | {"gạo" if n < 0 else "rice"})
        for n, example in enumerate(seed_examples[:3])
    ]
    fit = fit_examples([*odd, *seed_examples[3:]], FitOptions(cache=cache, penalties=(2.0,)))
    assert fit.left_out == ["rice"]
    assert "rice" not in fit.tags
    with pytest.raises(FitError, match="each needs 10 examples with it and 10 without it"):
        fit_examples(seed_examples[:8], FitOptions(cache=cache))


def test_the_refusal_says_what_each_tag_lacks(cache: Path) -> None:
    """Of 20 texts 11 are of a flood, and of the other 9 one was not judged for it."""
    examples = [Example(n, Document(text=f"Bài {n}"), frozenset({"flood"} if n < 11 else ())) for n in range(20)]
    for judged, n_without in ((None, 9), (frozenset({"rice"}), 8)):
        given = [*examples[:-1], replace(examples[-1], judged=judged)]
        with pytest.raises(
            FitError, match=rf"\(of 20 examples, flood: 11 with it, {n_without} without it\): label more"
        ):
            fit_examples(given, FitOptions(cache=cache))


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_the_order_of_the_examples_does_not_change_the_digest(seed_fit: Fit, seed: int) -> None:
    from training.fit.fitting import digest_of

    assert len(seed_fit.artifact.training["digest"]) == 64
    examples = [
        Example("a", Document(text="một hai"), frozenset({"x"})),
        Example("b", Document(text="ba"), frozenset()),
        Example("c", Document(text="bốn"), frozenset()),
    ]
    shuffled = random.Random(seed).sample(examples, 3)
    assert digest_of(shuffled) == digest_of(examples)
    assert digest_of([replace(examples[0], tags=frozenset()), *examples[1:]]) != digest_of(examples)


TRAINED_ON = ("train", "stream-train", "train-articles", "train-hard", "train-hard-articles", "articles-rest")


@pytest.mark.whole
def test_the_shipped_artifact_comes_from_the_training_data(shared: Path, shipped: TopicTagger, cache: Path) -> None:
    columns = Columns(weights=(WeightRule.parse("read:false=0.2"), WeightRule.parse("terms.jsonl=0.2")))
    files = [shared / "data" / f"{name}.jsonl.gz" for name in TRAINED_ON]
    train = read_examples([*files, SEEDS / "contrasts.jsonl", SEEDS / "terms.jsonl"], columns)
    dev = read_examples([shared / "data" / "dev.jsonl.gz"])
    variants = read_variants(SEEDS / "variants.toml")
    again = TopicTagger(fit_examples(train, FitOptions(cache=cache, variants=variants)).artifact)
    probability, given = score_examples(again, dev)
    expected, expected_given = score_examples(shipped, dev)
    assert np.abs(probability - expected).max() < 1e-4
    assert (given == expected_given).all()
    assert again.artifact.training["digest"] == load().training["digest"]


def test_the_shipped_model_reaches_its_figures_on_picked_articles(shared: Path, shipped: TopicTagger) -> None:
    figures = evaluate(shipped, read_examples([shared / "data" / "dev.jsonl.gz"])).figures
    assert figures["articles"]["all decisions"]["records"] == 440
    assert figures["teasers"]["all decisions"]["records"] == 269
    assert figures["articles"]["all decisions"]["macro"]["f1"] >= 0.93
    assert figures["teasers"]["all decisions"]["macro"]["f1"] >= 0.90


@pytest.mark.parametrize(("name", "least_f1"), [("stream-dev", 0.88), ("articles-dev", 0.87)])
def test_the_shipped_model_holds_on_all_that_a_site_published(
    shared: Path, shipped: TopicTagger, name: str, least_f1: float
) -> None:
    figures = evaluate(shipped, read_examples([shared / "data" / f"{name}.jsonl.gz"])).figures["all"]["all decisions"]
    assert figures["macro"]["f1"] >= least_f1
    assert all(tag["calibration_error"] < 0.02 for tag in figures["tags"].values())
