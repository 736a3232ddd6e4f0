"""What `chude check` says of labels, by cross-validation and by the live model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model import TopicTagger
from model.document import Document
from training.checks import check_records, contradiction
from training.corpus.examples import Example
from training.fit import FitOptions


def test_the_live_model_contradicts_labels_too_few_to_cross_validate(cache: Path) -> None:
    war = "Quân đội Ukraine và lực lượng Nga giao tranh ở Donetsk, tổng thống Zelensky kêu gọi phương Tây viện trợ."
    rice = "Nông dân đồng bằng sông Cửu Long gặt lúa đông xuân, giá lúa tăng nhẹ so với tuần trước."
    given = [(war, ()), (f"{war} Kiev bị pháo kích.", ("ukraine",)), (rice, ("ukraine",)), (f"{rice} Lúa thơm.", ())]
    examples = [Example(n, Document(text=text), frozenset(tags)) for n, (text, tags) in enumerate(given)]
    report = check_records(examples, ["ukraine"], FitOptions(cache=cache), live=TopicTagger.load())
    assert report.not_fitted.startswith("no tag can be fitted")
    assert [(doubt.example.id, doubt.tag, doubt.has_tag) for doubt in report.missed] == [(0, "ukraine", False)]
    assert [(doubt.example.id, doubt.tag, doubt.has_tag) for doubt in report.wrong] == [(2, "ukraine", True)]
    assert all(doubt.probability is None and doubt.live is not None for doubt in report.doubts)


@pytest.mark.parametrize(
    ("n_with", "folds", "live", "distance"),
    [
        (29, 0.1, None, 0.0),
        (30, 0.1, None, 0.9),
        (29, 0.1, 0.6, 0.4),
        (29, 0.1, 0.4, 0.9),
        (30, 0.1, 0.6, 0.9),
        (30, 0.1, 0.9, 0.1),
        (30, 0.95, 0.1, 0.05),
        (29, 0.95, 0.1, 0.9),
        (30, None, 0.1, 0.9),
    ],
)
def test_cross_validation_on_few_examples_is_no_ground_for_doubt(
    n_with: int, folds: float | None, live: float | None, distance: float
) -> None:
    labels = np.arange(40) < n_with
    views = (None if value is None else np.where(labels, value, 0.0) for value in (folds, live))
    assert contradiction(labels, *views)[0] == pytest.approx(distance)


def test_a_slip_that_is_made_throughout_is_a_slip(cache: Path) -> None:
    texts = [f"Nước lũ dâng cao ở xã số {n}, dân làng phải rời nhà." for n in range(12)]
    examples = [Example(n, Document(text=text), frozenset({"flod", "rice"})) for n, text in enumerate(texts)]
    report = check_records(examples, ["flood"], FitOptions(cache=cache))
    assert {(problem.value, problem.message) for problem in report.problems} == {
        ("flod", "unknown tag 'flod'; did you mean flood?")
    }
