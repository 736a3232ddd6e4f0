"""The artifact as a scikit-learn estimator gives the tagger's own scores."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np

from model import TopicTagger
from training.corpus.examples import Example
from training.corpus.readers import read_examples
from training.sklearn_export import SentenceTopicClassifier


def test_the_exported_file_scores_the_same(
    chude: Callable[..., subprocess.CompletedProcess[str]],
    shipped: TopicTagger,
    seed_examples: list[Example],
    tmp_path: Path,
) -> None:
    assert chude("export", "--sklearn", tmp_path / "chude.joblib").returncode == 0
    estimator = joblib.load(tmp_path / "chude.joblib")
    texts = [example.text for example in seed_examples]
    expected = shipped.tag_many(texts, page="never")
    scores = np.array([list(result["scores"].values()) for result in expected])
    assert np.abs(estimator.predict_proba(texts) - scores).max() < 1e-6
    given = [[str(tag) for tag in estimator.classes_[row]] for row in estimator.predict(texts)]
    assert given == [result["tags"] for result in expected]


def test_dev_articles_score_the_same(shipped: TopicTagger, shared: Path) -> None:
    texts = [example.text for example in read_examples([shared / "data" / "dev.jsonl.gz"])[:500]]
    estimator = SentenceTopicClassifier(shipped.artifact).fit()
    expected = [list(result["scores"].values()) for result in shipped.tag_many(texts, page="never")]
    assert np.abs(estimator.predict_proba(texts) - np.array(expected)).max() < 1e-6
