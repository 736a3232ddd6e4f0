"""What `chude check` says of labels, by cross-validation and by the live model."""

from __future__ import annotations

from pathlib import Path

from model import TopicTagger
from model.document import Document
from training.checks import check_records
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
