"""Thresholds, calibration, and folds that duplicates never straddle."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from training.corpus.duplicates import find_near_duplicates, group_duplicates
from training.corpus.examples import Example, label_matrix
from training.fit.calibration import calibrate
from training.measure.folds import N_FOLDS, assign_folds
from training.measure.thresholds import best_threshold, choose_threshold


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_no_threshold_has_a_higher_f1(pairs: list[tuple[float, bool]]) -> None:
    probability, label = (np.array(column) for column in zip(*pairs, strict=True))
    probability = probability.clip(0.03, 0.97).round(3)
    chosen = f1_score(label, probability >= best_threshold(probability, label), zero_division=0.0)
    every = [f1_score(label, probability >= cut, zero_division=0.0) for cut in np.unique(probability)]
    assert chosen == pytest.approx(max(every))


def test_the_threshold_is_the_middle_of_a_flat_top() -> None:
    label = np.array([True] * 500 + [False] * 500)
    probability = np.concatenate([np.linspace(0.81, 0.99, 500), np.linspace(0.01, 0.2, 500)])
    assert choose_threshold(probability, label) == pytest.approx(0.81)  # a perfect parting: no standard error
    rng = np.random.default_rng(0)
    probability = rng.random(4000)
    label = rng.random(4000) < np.where(probability > 0.6, 0.9, np.where(probability > 0.3, 0.46, 0.05))
    assert 0.28 < choose_threshold(probability, label) < 0.62  # between 0.3 and 0.6 F1 is nearly flat


def test_calibration_recovers_the_curve_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(0, 3, (40_000, 2))
    truth = 1 / (1 + np.exp(-(0.7 * margins[:, 0] + 0.4 * margins[:, 1] - 1)))
    fitted = calibrate(margins, rng.random(40_000) < truth)
    assert (fitted.slope, fitted.article_slope, fitted.intercept) == pytest.approx((0.7, 0.4, -1), abs=0.05)
    assert fitted.intercept_with(2, 3) == pytest.approx(fitted.slope * 2 + fitted.article_slope * 3 + fitted.intercept)


def vary(text: str, seed: int) -> str:
    """A copy of the text with one word in twenty-five replaced."""
    words = text.split()
    for at in random.Random(seed).sample(range(len(words)), len(words) // 25):
        words[at] = "khác"
    return " ".join(words)


def test_duplicates_are_found_and_never_straddle_folds(seed_examples: list[Example]) -> None:
    texts = [example.text for example in seed_examples]
    long = [n for n, text in enumerate(texts) if len(text.split()) > 60]
    copies = [*texts, *(vary(texts[n], n) for n in long), *(texts[n].upper() for n in long)]
    pairs = {(pair.first, pair.second) for pair in find_near_duplicates(copies)}
    groups = group_duplicates(len(copies), find_near_duplicates(copies))
    labels = label_matrix(seed_examples, ["syria", "ukraine"])
    fold = assign_folds(copies, np.vstack([labels, labels[long], labels[long]]), seed=0)
    assert len(long) > 20
    for rank, n in enumerate(long):
        near, exact = len(texts) + rank, len(texts) + len(long) + rank
        assert (n, exact) in pairs
        assert groups[n] == groups[near] == groups[exact]
        assert fold[n] == fold[near] == fold[exact]
    assert set(fold.tolist()) == set(range(N_FOLDS))
    assert len(set(groups[: len(texts)].tolist())) == len(texts)
