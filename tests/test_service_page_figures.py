"""What the page shows of learning, without a browser: curves, counts of days, and the outcome of a job."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from retraining import GATE
from texts import SYRIA

from model import TopicTagger
from service.web.daily_counts import DailyCounts, Day
from service.web.page.catalogue import catalogue
from service.web.page.charts import BOTTOM, LEFT, Chart, Line
from service.web.page.figures import tag_curves
from service.web.page.layout import TagLook
from service.web.page.outcome import describe_outcome
from training.labels.activity import Decision
from training.labels.store import open_store
from training.measure.curves import precision_recall, reliability
from training.promotion import Outcome


def test_curves_by_hand() -> None:
    label, probability = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.8, 0.1])
    assert precision_recall(label, probability) == [(0.5, 1.0), (1.0, pytest.approx(2 / 3)), (1.0, 0.5)]
    assert reliability(label, probability) == [(0.1, 0.0), (pytest.approx(0.8), 0.5), (0.9, 1.0)]
    chart = Chart("", "", "", (Line(((0.0, 0.0), (2.0, 2.0))),), x_max=4, y_max=4)
    assert chart.polyline(chart.lines[0]) == f"{LEFT},{BOTTOM} 178.0,108.0"


def test_what_was_not_decided_is_on_no_curve() -> None:
    tag = TagLook("syria", "Syria", 0, 0.5)
    given = [Decision(frozenset(), frozenset({"gaza"}), {"syria": 0.5}, "v", 0.0)] * 10
    (curves,) = tag_curves(given, {"syria": tag}, catalogue("en"))
    assert (curves.n_with, curves.n_without, curves.charts) == (0, 0, ())


def test_the_days_of_all_processes_are_added_up(tmp_path: Path, shipped: TopicTagger) -> None:
    now = datetime.now(UTC).date()
    first, second = DailyCounts(tmp_path), DailyCounts(tmp_path)
    first.count([shipped.tag(SYRIA), shipped.tag("The price of rice rose again in the market this week.")])
    second.count([shipped.tag(SYRIA)])
    first.write()
    old, broken, ancient = (
        tmp_path / "counts" / name
        for name in (f"{now - timedelta(days=1)}.a.json", f"{now - timedelta(days=2)}.b.json", "2001-01-01.c.json")
    )
    old.write_bytes(msgspec.json.encode(Day(4, 0, {"syria": 1})))
    broken.write_text("{")
    ancient.write_bytes(msgspec.json.encode(Day(9)))
    days = second.days(30)
    assert days == {f"{now - timedelta(days=1)}": Day(4, 0, {"syria": 1}), f"{now}": Day(3, 1, {"syria": 2})}
    assert not ancient.exists()
    assert not re.search("Syria|Idlib", "".join(path.read_text() for path in (tmp_path / "counts").iterdir()))


def test_nothing_new_is_said_in_every_language(tmp_path: Path) -> None:
    record = Outcome("v", False, {}, None).record(open_store(tmp_path))
    english, vietnamese = (describe_outcome(record, str.title, catalogue(language)) for language in ("en", "vi"))
    assert english.verdict.startswith("Nothing is new since version v, which is live: ")
    assert vietnamese.verdict.startswith("Không có gì mới kể từ phiên bản v đang dùng: ")
    assert (english.remarks, english.measured) == ([], [])


@pytest.mark.parametrize("why", ["worse", "moved", "never-found"])
def test_a_version_that_was_forced_says_what_is_worse_in_every_language(why: str) -> None:
    gate = {**GATE, "candidate_f1": 0.0, "with_tag": 5}
    record = {
        "version": "v",
        "live": True,
        "accepted": False,
        "refusals": [{"tag": "syria", "place": "held_out", "why": why}],
        "tags": {"syria": {"held_out": gate}},
        "new_tags": {"gaza": {"with": 0, "without": 0, "keywords": 3, "tagged_share": 0.002, "recall": None}},
        "left_out": {"rice": {"n_with": 12, "n_without": 3}},
    }
    english, vietnamese = (describe_outcome(record, str.title, catalogue(language)) for language in ("en", "vi"))
    assert "v is worse than the one before, and is live all the same" in english.verdict
    assert "vẫn được dùng" in vietnamese.verdict
    figures = {"never-found": "5"}.get(why, "0.000 after")
    assert figures in english.remarks[0]
    assert figures.replace("0.000 after", "sau 0,000") in vietnamese.remarks[0]
    assert all("Syria" in outcome.remarks[0] for outcome in (english, vietnamese))
    assert english.remarks[1:] == [
        "Gaza was learnt from 3 key words alone. Too few labels tell how good it is; 0.2 % of the stream gets it.",
        "Rice is not learnt yet: 3 texts were judged not to have it, and 10 are needed.",
    ]
    assert "mới có 3 bài được đánh dấu là không có" in vietnamese.remarks[2]
