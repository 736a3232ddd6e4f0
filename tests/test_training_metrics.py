"""Figures against scikit-learn and against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, precision_score, recall_score

from training.measure.evaluation import highest_only
from training.measure.metrics import bootstrap_f1, expected_calibration_error, measure, measure_slices

TAGS = ["a", "b"]


@given(st.integers(0, 10_000), st.integers(4, 60))
def test_figures_equal_scikit_learns(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    label, probability = rng.random((n, 2)) < 0.4, rng.random((n, 2))
    label[0], label[1] = True, False
    counted = rng.random((n, 2)) < 0.8
    counted[:2] = True
    given_tags = probability > 0.5
    figures = measure(TAGS, label, probability, given_tags, counted)
    for column, tag in enumerate(TAGS):
        keep = counted[:, column]
        y, p, g = label[keep, column], probability[keep, column], given_tags[keep, column]
        expected = {
            "precision": precision_score(y, g, zero_division=0.0),
            "recall": recall_score(y, g, zero_division=0.0),
            "f1": f1_score(y, g, zero_division=0.0),
            "average_precision": average_precision_score(y, p),
            "brier": brier_score_loss(y, p),
        }
        for name, value in expected.items():
            assert figures["tags"][tag][name] == pytest.approx(value, abs=1e-4)
    assert figures["macro"]["f1"] == pytest.approx(np.mean([figures["tags"][tag]["f1"] for tag in TAGS]), abs=1e-4)
    assert figures["micro"]["f1"] == pytest.approx(
        f1_score(label[counted], given_tags[counted], zero_division=0), abs=1e-4
    )


def test_calibration_error_by_hand() -> None:
    label = np.array([True, False, True, True])
    probability = np.array([0.92, 0.98, 0.11, 0.19])
    # two bins: |0.95 - 0.5| * 2/4 + |0.15 - 1| * 2/4
    assert expected_calibration_error(label, probability) == pytest.approx(0.65)


def test_a_perfect_system_has_an_interval_of_one_point() -> None:
    label = np.array([[True], [False], [True]] * 20)
    resampled = bootstrap_f1(label, label, np.ones_like(label), seed=0)
    assert resampled.min() == resampled.max() == 1.0


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(100):
        label = rng.random((400, 1)) < 0.3
        given_tags = label ^ (rng.random((400, 1)) < 0.1)
        low, high = np.percentile(bootstrap_f1(label, given_tags, np.ones_like(label), seed=trial), [2.5, 97.5])
        covered += low <= 2 * 0.27 / (2 * 0.27 + 0.03 + 0.07) <= high
    assert 88 <= covered <= 100


def test_slices_and_clear_decisions() -> None:
    label = np.array([[True], [True], [False], [False]])
    given_tags = np.array([[True], [False], [True], [False]])
    borderline = np.array([[False], [True], [True], [False]])
    teaser = np.array([True, True, False, False])
    scores, every = given_tags * 0.8 + 0.1, np.ones_like(label)
    figures = measure_slices(["a"], label, scores, given_tags, borderline, teaser, every)
    assert figures["all"]["all decisions"]["macro"]["f1"] == 0.5
    assert figures["all"]["clear decisions"]["macro"]["f1"] == 1.0
    assert figures["teasers"]["all decisions"]["macro"]["recall"] == 0.5
    assert figures["articles"]["all decisions"]["tags"]["a"]["support"] == 0
    three = np.array([[True], [True], [False], [True]])
    figures = measure_slices(["a"], label, scores, given_tags, borderline, teaser, three)
    assert figures["all"]["all decisions"]["macro"]["f1"] == 0.6667, "the false positive was not judged"
    assert figures["all"]["clear decisions"]["tags"]["a"]["precision"] == 1.0


def test_one_tag_a_text() -> None:
    probability = np.array([[0.1, 0.2], [0.9, 0.8], [0.4, 0.4], [0.0, 0.0]])
    assert highest_only(probability).tolist() == [[False, True], [True, False], [True, False], [False, False]]


def test_a_tag_that_no_record_has_or_was_given_is_not_in_the_mean() -> None:
    label = np.array([[True, False], [False, False]])
    every = np.ones_like(label)
    assert measure(TAGS, label, label * 0.9, label, every)["macro"]["f1"] == 1.0
    given_tags = label | np.array([[False, True], [False, False]])
    assert measure(TAGS, label, label * 0.9, given_tags, every)["macro"]["f1"] == 0.5
