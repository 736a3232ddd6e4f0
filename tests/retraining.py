"""A small model of one tag in a home, and labels for it to learn from.

tests/test_training_adapt.py retrains the shipped model.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.activation import activate
from model.artifact import Artifact
from model.versions import Versions
from training.corpus.examples import Example
from training.fit.fitting import FitOptions, fit_examples

TAG = "syria"


@pytest.fixture(scope="session")
def small(seed_examples: list[Example], cache: Path) -> Artifact:
    """A model of one tag, with a small reference set."""
    chosen = [replace(example, tags=example.tags & {TAG}) for example in seed_examples[::2]]
    return fit_examples(chosen, FitOptions(cache=cache)).artifact


@pytest.fixture
def small_home(home: Path, small: Artifact) -> Path:
    versions = Versions(home)
    activate(versions, versions.add(small))
    return home


@pytest.fixture
def few_examples(seed_examples: list[Example]) -> list[Example]:
    return [replace(example, tags=example.tags & {TAG}) for example in seed_examples[1:120:2]]


def write_records(path: Path, examples: list[Example], flip: bool = False) -> Path:
    records = [
        {"id": e.id, "text": e.text, "tags": sorted({TAG} - e.tags if flip else e.tags & {TAG})} for e in examples
    ]
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


GATE: dict[str, Any] = {"texts": 40, "live_f1": 0.9, "candidate_f1": 0.8, "interval": [-0.15, -0.05], "with_tag": 9}
