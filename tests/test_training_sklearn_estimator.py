"""chude as a scikit-learn classifier: one that `fit` fits, and the frozen one that is exported."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
from packaging.requirements import Requirement
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils import estimator_checks
from wheels import link_libraries

from model import TopicTagger
from model.errors import FitError, TextError
from training.corpus.examples import Example
from training.fit import FitOptions, fit_examples
from training.sklearn_estimator import SentenceTopicClassifier, export_sklearn, frozen_classifier

TWO_FOLDS = KFold(2, shuffle=True, random_state=0)
SYRIA = "Quân đội Syria giao tranh với phiến quân ở Aleppo."
RICE = "Giá gạo xuất khẩu tăng trong tuần qua."


@pytest.fixture
def unfitted(cache: Path) -> SentenceTopicClassifier:
    return SentenceTopicClassifier(penalties=(2.0,), cache=cache)


@pytest.fixture
def texts(seed_examples: list[Example]) -> list[str]:
    return [example.text for example in seed_examples]


@pytest.fixture
def tags(seed_examples: list[Example]) -> list[list[str]]:
    return [sorted(example.tags) for example in seed_examples]


@pytest.fixture
def indicator(tags: list[list[str]]) -> Any:
    return MultiLabelBinarizer().fit_transform(tags)


def scores_of(tagger: TopicTagger, documents: list[Any]) -> Any:
    return np.array([list(result["scores"].values()) for result in tagger.tag_many(documents)])


def test_it_fits_what_train_fits(
    unfitted: SentenceTopicClassifier, seed_examples: list[Example], tags: list[list[str]], cache: Path
) -> None:
    examples = [replace(example, borderline=frozenset()) for example in seed_examples]
    artifact = fit_examples(examples, FitOptions(penalties=(2.0,), cache=cache)).artifact
    assert SentenceTopicClassifier().penalties == FitOptions().penalties
    records = [example.document.fields for example in seed_examples]
    assert unfitted.fit(records, tags) is unfitted
    assert unfitted.tagger_.version == artifact.version
    assert unfitted.classes_.tolist() == ["arms-control", "elections", "syria", "ukraine"]
    assert unfitted.thresholds_.tolist() == [tag.threshold for tag in artifact.tags]
    assert (unfitted.predict_proba(records) == scores_of(TopicTagger(artifact), records)).all()


def test_the_exported_file_scores_as_the_tagger_does(
    chude: Callable[..., subprocess.CompletedProcess[str]], shipped: TopicTagger, texts: list[str], tmp_path: Path
) -> None:
    assert chude("models", "export", "--sklearn", tmp_path / "chude.joblib").returncode == 0
    classifier = joblib.load(tmp_path / "chude.joblib")
    documents = [*texts, {"title": "Bầu cử ở Ukraine", "text": "Cử tri đi bỏ phiếu."}, "The cat sat on the mat.", SYRIA]
    results = shipped.tag_many(documents)
    assert (classifier.predict_proba(documents) == scores_of(shipped, documents)).all()
    given = [classifier.classes_[row == 1].tolist() for row in classifier.predict(documents)]
    assert given == [result["tags"] for result in results]
    assert given[-1] == ["syria"]


def test_the_frozen_one_stays_as_it_is(
    shipped: TopicTagger, texts: list[str], indicator: Any, tags: list[list[str]]
) -> None:
    frozen = frozen_classifier(shipped.artifact)
    before = frozen.predict_proba(texts)
    assert frozen.fit(texts[:4], indicator[:4]) is frozen
    assert clone(frozen) is frozen
    assert (make_pipeline(frozen).fit(texts, 1 - indicator).predict_proba(texts) == before).all()
    right = (before >= [tag.threshold for tag in shipped.artifact.tags]) == indicator.astype(bool)
    expected = [right[held_out].all(axis=1).mean() for _, held_out in TWO_FOLDS.split(texts)]
    assert cross_val_score(frozen, texts, indicator, cv=TWO_FOLDS).tolist() == expected
    assert cross_val_score(frozen, texts, tags, cv=TWO_FOLDS).tolist() == expected
    assert 0.5 < np.mean(expected) < 1
    refit = clone(frozen.estimator)
    with pytest.raises(NotFittedError, match="not fitted"):
        refit.predict(texts)


def test_cross_validation_and_search_fit_anew(
    unfitted: SentenceTopicClassifier, texts: list[str], indicator: Any
) -> None:
    (first, _) = TWO_FOLDS.split(texts)
    by_hand = clone(unfitted).fit([texts[n] for n in first[0]], indicator[first[0]])
    expected = by_hand.score([texts[n] for n in first[1]], indicator[first[1]])
    search = GridSearchCV(unfitted, {"penalties": [(200.0,), (2.0,)]}, cv=[first]).fit(texts, indicator)
    assert search.best_params_ == {"penalties": (2.0,)}
    assert search.cv_results_["mean_test_score"][1] == expected
    assert search.cv_results_["mean_test_score"][0] < expected
    assert not hasattr(unfitted, "tagger_")
    best = search.best_estimator_
    assert best.classes_.tolist() == ["0", "1", "2", "3"]
    assert (pickle.loads(pickle.dumps(best)).predict_proba(texts) == best.predict_proba(texts)).all()


def test_a_tag_with_too_few_texts_is_never_given(
    unfitted: SentenceTopicClassifier, texts: list[str], tags: list[list[str]]
) -> None:
    few = [[*own, "gaza"] if n < 9 else own for n, own in enumerate(tags)]
    unfitted.set_params(tags=["ukraine", "gaza", "syria", "elections", "arms-control"])
    with pytest.warns(UserWarning, match="gaza: 9 examples with it and 244 without it, 10 of each are needed: it is"):
        unfitted.fit(texts, few)
    probabilities, given = unfitted.predict_proba([SYRIA, RICE]), unfitted.predict([SYRIA, RICE])
    assert probabilities[:, 1].tolist() == [0, 0]
    assert given.tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert probabilities[0, 2] == unfitted.tagger_.tag(SYRIA)["scores"]["syria"]
    assert unfitted.predict_proba([]).shape == (0, 5)


def test_labels_in_every_form_are_the_same(shipped: TopicTagger) -> None:
    frozen = frozen_classifier(shipped.artifact)
    array = np.array([[0, 0, 1, 0], [0, 1, 0, 0]])  # the second is wrong
    for labels in (array, array.astype(bool), csr_array(array), [["syria"], ["elections"]], ["syria", "elections"]):
        assert frozen.score([SYRIA, RICE], labels) == 0.5
    assert frozen.score(pandas.Series([SYRIA, RICE]), pandas.DataFrame(array)) == 0.5
    assert frozen.score(np.array([SYRIA, RICE]), [{"syria"}, ()]) == 1


@pytest.mark.parametrize(
    ("X", "y", "kind", "message"),
    [
        (SYRIA, [["syria"]], TypeError, "X must be a list of texts or records, not one of them"),
        (pandas.DataFrame({"text": [SYRIA]}), [["syria"]], ValueError, r"not shape \(1, 1\): of a data frame give one"),
        ([SYRIA, RICE], [["syria"]], ValueError, "inconsistent numbers of samples"),
        ([SYRIA, " "], [["syria"], []], TextError, "text 1: text: is empty: a text needs at least one word"),
        ([SYRIA, float("nan")], [["syria"], []], TextError, "text 1: .*not float nan"),
        ([SYRIA], [["Syria!"]], ValueError, r"y\[0\]: 'Syria!' is no tag"),
        ([SYRIA], [1], ValueError, r"y\[0\]: must be a list of tags .*; or give an array of 0 and 1 with a column per"),
        ([SYRIA], np.array([[0, 2]]), ValueError, "y must have only 0 and 1"),
        ([SYRIA], np.array([[0, 1, 1]]), ValueError, "y has 3 columns, but there are 2 tags: syria, gaza"),
        ([SYRIA], [["ukraine"]], ValueError, "y has ukraine, which is not among the tags syria, gaza: give all"),
        ([SYRIA], [["syria"]], FitError, "no tag can be fitted: each needs 10 examples"),
    ],
)
def test_what_cannot_be_fitted_is_named(X: Any, y: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        SentenceTopicClassifier(["syria", "gaza"]).fit(X, y)


def test_the_names_of_tags_are_checked() -> None:
    for names, message in ((["a", "a"], "tags must differ from each other: a, a"), (["A b", "a"], "'A b' is no tag")):
        with pytest.raises(ValueError, match=message):
            SentenceTopicClassifier(names).fit([SYRIA], np.array([[0, 1]]))


@pytest.mark.parametrize(
    "check",
    [
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_valid_tag_types",
    ],
)
def test_it_keeps_scikit_learns_rules(check: str) -> None:
    """The checks of `check_estimator` that need no matrix of numbers; it skips itself for estimators of texts."""
    getattr(estimator_checks, check)("SentenceTopicClassifier", SentenceTopicClassifier())


def test_without_chude_the_file_names_it(shipped: TopicTagger, tmp_path: Path) -> None:
    export_sklearn(shipped.artifact, tmp_path / "chude.joblib")
    (tmp_path / "libraries").mkdir()
    link_libraries([Requirement("scikit-learn")], tmp_path / "libraries")
    code = "import sys; sys.path.append('libraries'); import joblib; joblib.load('chude.joblib')"
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    message = "importlib.metadata.PackageNotFoundError: No package metadata was found for chude"
    assert done.stderr.strip().splitlines()[-1] == message
