"""What a record counts in a fit: its own weight, rules by file and by field, and what the fit makes of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.errors import DataError
from training.corpus.examples import Columns
from training.corpus.readers import read_examples
from training.corpus.weights import WeightRule, weight_of
from training.fit.calibration import calibrate
from training.measure.thresholds import f1_by_threshold


@pytest.mark.parametrize(
    ("fields", "file", "rules", "weight"),
    [
        ({}, "a.jsonl", [], 1.0),
        ({"weight": 2}, "a.jsonl", [], 2.0),
        ({"weight": "0.25"}, "a.csv", ["a.csv=2"], 0.5),
        ({"read": False}, "a.jsonl", ["read:false=0.2"], 0.2),
        ({"read": True}, "a.jsonl", ["read:false=0.2"], 1.0),
        ({"read": None}, "a.jsonl", ["read:null=0.5"], 0.5),
        ({"source": "báo: sáng=1"}, "a.jsonl", ["source:báo: sáng=1=4"], 4.0),
        ({"part": 3}, "data/rest-1.jsonl", ["rest-*=0.5", "part:3=0.5", "other*=9"], 0.25),
        ({}, "data/rest.jsonl", ["data/*=0.5"], 0.5),
    ],
)
def test_a_weight_is_the_product_of_all_that_match(
    fields: dict[str, object], file: str, rules: list[str], weight: float
) -> None:
    assert weight_of(fields, file, [WeightRule.parse(rule) for rule in rules]) == weight


@pytest.mark.parametrize("text", ["a.jsonl", "=1", "a.jsonl=", "a=0", "a=-1", "a=nan", "a=inf", "a=viel"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        WeightRule.parse(text)


def test_a_broken_weight_names_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    records = [{"text": "một", "tags": [], "weight": weight} for weight in (1, 0, True, [2], 10**400)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    with pytest.raises(DataError, match="must be a number above 0") as error:
        read_examples([path])
    assert [(problem.line, problem.field) for problem in error.value.problems] == [(n, "weight") for n in (2, 3, 4, 5)]


def test_weights_reach_the_examples(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,tags,weight,read\nmột,a,3,true\nhai,,,false\n", encoding="utf-8")
    examples = read_examples([path], Columns(weights=(WeightRule.parse("read:false=0.2"),)))
    assert [example.weight for example in examples] == [3.0, 0.2]


def test_a_record_of_weight_2_counts_as_two_in_thresholds_and_calibration() -> None:
    rng = np.random.default_rng(0)
    margins, weight = rng.normal(0, 2, (300, 2)), rng.integers(1, 4, 300)
    label = rng.random(300) < 1 / (1 + np.exp(-margins.sum(axis=1)))
    once, twice = (
        calibrate(margins, label, weight.astype(float)),
        calibrate(margins.repeat(weight, axis=0), label.repeat(weight)),
    )
    assert [once.slope, once.article_slope, once.intercept] == pytest.approx(
        [twice.slope, twice.article_slope, twice.intercept], abs=1e-3
    )
    probability = once.probability(margins)
    weighted = f1_by_threshold(probability, label, weight.astype(float))
    repeated = f1_by_threshold(probability.repeat(weight), label.repeat(weight))
    assert weighted[0] == pytest.approx(repeated[0])
    assert weighted[1] == pytest.approx(repeated[1])


def test_the_command_takes_weights_and_says_them(
    chude: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    records = [{"text": f"bầu cử {n}" if n % 2 else f"trồng lúa {n}", "tags": ["a"] * (n % 2)} for n in range(24)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    done = chude("train", path, "--weight", "a.*=0.5", "--jobs", 1, "-o", tmp_path / "out")
    assert done.returncode == 0
    assert "weights: 24 records of 0.5" in done.stderr
    refused = chude("train", path, "--weight", "0.5", "-o", tmp_path / "other")
    assert refused.returncode == 2
    assert "must be FILE=NUMBER or FIELD:VALUE=NUMBER" in refused.stderr
