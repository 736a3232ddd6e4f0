"""Learning and watching in a browser: a job's progress and outcome, the live version, curves, counts, downloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from browsing import Browser, Tab, opened
from playwright.sync_api import Page, expect
from retraining import GATE
from serving import TIMEOUT_S, Service, running
from texts import SYRIA

from model import TopicTagger
from model.artifact import versioned
from model.document import Document
from model.versions import Versions
from service.web.key_store import KeyStore
from training.corpus.examples import Example
from training.labels.jobs import Jobs
from training.labels.store import Labelling, LabelStore, open_store

HOSTILE = "<img src=x onerror=alert(1)>"
REFUSED: dict[str, Any] = {
    "live": False,
    "accepted": False,
    "refusals": [{"tag": "syria", "place": "held_out", "why": "worse"}],
    "reference": {**GATE, "texts": 500},
    "tags": {"syria": {"held_out": GATE}},
    "new_tags": {
        HOSTILE: {
            "with": 30,
            "without": 90,
            "keywords": 0,
            "tagged_share": 0.0252,
            "recall": 0.81,
            "recall_interval": [0.7, 0.9],
        }
    },
    "left_out": {"gaza": {"n_with": 4, "n_without": 0}},
}
"""What a job keeps of a version that was refused."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "home"


@pytest.fixture(scope="module")
def key(home: Path) -> str:
    return KeyStore(home).add("an")


@pytest.fixture(scope="module")
def another(home: Path, key: str, shipped: TopicTagger) -> str:
    """A second version, whose first tag has a hostile name."""
    first, *others = shipped.artifact.tags
    tags = (replace(first, names={"vi": HOSTILE, "en": HOSTILE}), *others)
    return Versions(home).add(versioned(replace(shipped.artifact, tags=tags)))


@pytest.fixture(scope="module")
def service(home: Path, key: str, another: str, browser: Browser) -> Iterator[Service]:
    with running(home, home.parent / "log", "--workers", 1) as service:
        yield service


@pytest.fixture(scope="module")
def store(home: Path, service: Service) -> Iterator[LabelStore]:
    """Twelve labelled texts with the model's scores: it missed Syria in one, and gave it once without reason."""
    store = open_store(home)
    given = [("syria" if n % 2 else "", 0.9 if n % 2 else 0.1) for n in range(10)] + [("syria", 0.2), ("", 0.8)]
    examples = [
        Example(f"e{n}", Document(text=f"Bài số {n}"), frozenset(tags.split())) for n, (tags, _) in enumerate(given)
    ]
    scores = {example.text: {"syria": p} for example, (_, p) in zip(examples, given, strict=True)}
    version = requests.get(f"{service.url}/readyz", timeout=TIMEOUT_S).json()["model"]
    store.add(examples, Labelling("an", "page", version), scores)
    yield store
    store.engine.dispose()


def enter(tab: Tab, path: str, key: str) -> Page:
    page = tab.open(path)
    page.fill("#key", key)
    page.keyboard.press("Enter")
    return page


def test_watch_shows_what_was_labelled_and_tagged(
    tab: Tab, browser: Browser, service: Service, store: LabelStore, key: str
) -> None:
    assert service.tags(SYRIA) == ["syria"]
    page = enter(tab, "watch", key)
    expect(page.get_by_text("6 bài có, 6 bài không.")).to_be_visible()
    expect(page.get_by_text("10 trong 12 bài được giữ như mô hình gắn.")).to_be_visible()
    row = page.locator("table[data-export=corrected] tbody tr")
    assert row.locator("th, td").all_inner_texts() == ["Syria", "1", "1"]
    expect(page.locator("#days-section + p")).to_contain_text("1 bài trong 30 ngày")
    points = page.locator("figure[data-export=syria-1] polyline.measured").get_attribute("points") or ""
    assert len(points.split()) == 4  # as many as there are different probabilities
    tab.check_access()
    with page.expect_download() as table:
        page.get_by_role("button", name="corrected.csv").click()
    assert Path(table.value.path()).read_text(encoding="utf-8-sig").splitlines()[1] == '"Syria","1","1"'
    with page.expect_download() as chart:
        page.get_by_role("button", name="syria-1.svg").click()
    assert Path(chart.value.path()).read_text(encoding="utf-8").startswith("<svg xmlns=")
    with opened(browser, service.url, viewport={"width": 360, "height": 740}, color_scheme="dark") as narrow:
        expect(enter(narrow, "watch?lang=en", key).get_by_text("6 texts with it, 6 without.")).to_be_visible()
        assert narrow.overflow() <= 0
        narrow.check_access()


def test_another_version_is_made_live_and_back_only_when_asked(
    tab: Tab, service: Service, store: LabelStore, key: str, another: str
) -> None:
    page = enter(tab, "learn", key)
    button = page.locator(f"[data-activate='{another}']")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(f"Dùng phiên bản {another}")
    tab.check_access()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert requests.get(f"{service.url}/readyz", timeout=TIMEOUT_S).json()["model"] != another
    button.click()
    page.get_by_role("button", name="Có", exact=True).click()
    expect(page.locator("#status")).to_have_text(f"Phiên bản {another} đang được dùng.")
    assert requests.get(f"{service.url}/readyz", timeout=TIMEOUT_S).json()["model"] == another
    page.goto(f"{service.url}/watch")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    page.goto(f"{service.url}/")
    page.fill("#text", SYRIA)
    page.click("button.main")
    expect(page.locator(".bar-name", has_text=HOSTILE)).to_be_visible()
    assert page.locator("main img").count() == 0
    page.goto(f"{service.url}/learn")
    page.get_by_role("button", name="Quay lại").click()
    page.get_by_role("button", name="Có", exact=True).click()
    expect(page.locator(f"[data-activate='{another}']")).to_be_visible()
    assert requests.get(f"{service.url}/readyz", timeout=TIMEOUT_S).json()["model"] != another


def test_a_job_is_watched_and_its_outcome_told(
    tab: Tab, service: Service, store: LabelStore, key: str, another: str
) -> None:
    jobs = Jobs(store)
    job = jobs.begin("binh")
    page = enter(tab, "learn?lang=en", key)
    expect(page.get_by_role("heading", name="Learning…")).to_be_visible()
    expect(page.locator("#retrain")).to_be_disabled()
    with jobs.alive(job) as progress:
        progress.position = "reading texts: 3 of 25"
        expect(page.locator("#job")).to_contain_text("reading texts: 3 of 25")
        expect(page.locator("#job progress")).to_have_attribute("value", "3")
        page.goto(f"{service.url}/learn?lang=vi")
        expect(page.locator("#job")).to_contain_text("đọc bài: 3 / 25")
        page.goto(f"{service.url}/learn?lang=en")
        expect(page.get_by_role("heading", name="Learning…")).to_be_visible()
        page.context.set_offline(True)
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        page.context.set_offline(False)
        jobs.end(job, "done", "not on the page", json.loads(json.dumps({**REFUSED, "version": another})))
    expect(page.locator("#job")).to_contain_text(f"Version {another} is worse than the live one, and is not used.")
    assert page.locator("#job li").all_inner_texts() == [
        "Syria is worse on labels held out: F1 0.900 before, 0.800 after (difference -0.150 to -0.050).",
        f"{HOSTILE} was learnt from 30 texts with it and 90 without it. It finds 70.0 % to 90.0 % of the "
        "texts like those labelled with it, and 2.5 % of the stream gets it. How many of these should, too few labels "
        "tell: look at 50 of them.",
        "gaza is not learnt yet: 4 texts have it, and 10 are needed.",
    ]
    figures = ["0.900", "0.800", "-0.150 to -0.050"]
    cells = page.locator("#job tbody tr").locator("th, td").all_inner_texts()
    assert cells[:6] == ["all topics", "texts that come with the model", "500", *figures]
    assert cells[6:] == ["Syria", "labels held out", "40", *figures]
    expect(page.locator("#job details")).to_have_count(0)
    page.goto(f"{service.url}/learn?lang=vi")
    expect(page.locator("#job strong")).to_contain_text(f"Phiên bản {another} kém hơn phiên bản đang dùng")
    assert page.locator("#job li").all_inner_texts() == [
        "Syria kém đi trên nhãn để dành: F1 trước 0,900, sau 0,800 (chênh lệch -0,150 đến -0,050).",
        f"Đã học {HOSTILE} từ 30 bài có và 90 bài không có chủ đề này. Nó tìm được 70,0 % đến 90,0 % "
        "số bài giống những bài đã gắn chủ đề này; 2,5 % số bài của dòng tin được gắn. Trong đó bao nhiêu bài đúng thì "
        "nhãn còn quá ít để biết: hãy xem thử 50 bài.",
        "Chưa học được gaza: mới có 4 bài có chủ đề này, cần 10 bài.",
    ]
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.locator("main img").count() == 0
    expect(page.locator("#retrain")).to_be_enabled()
    tab.check_access()


def test_a_job_that_failed_says_why(tab: Tab, service: Service, store: LabelStore, key: str) -> None:
    jobs = Jobs(store)
    jobs.end(jobs.begin(), "failed", "nothing can be learnt from the labels yet", {"error": "cannot-fit"})
    page = enter(tab, "learn", key)
    expect(page.locator("#job strong")).to_contain_text("Chưa học được gì từ các nhãn hiện có")
    expect(page.locator("#job pre")).to_be_hidden()
    page.locator("#job summary").click()
    expect(page.locator("#job pre")).to_have_text("nothing can be learnt from the labels yet")
    page.goto(f"{service.url}/learn?lang=en")
    expect(page.locator("#job strong")).to_contain_text("Nothing can be learnt from the labels yet")
    tab.check_access()
    jobs.end(jobs.begin(), "failed", "the database went away")
    page.locator("#refresh").click()
    expect(page.locator("#job pre")).to_have_text("the database went away")


def test_a_retraining_is_begun_and_stopped(tab: Tab, service: Service, store: LabelStore, key: str) -> None:
    page = enter(tab, "learn", key)
    page.locator("#retrain").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đang học…")).to_be_visible()
    expect(page.get_by_role("button", name="Dừng")).to_be_visible()
    page.get_by_role("button", name="Dừng").click()
    page.get_by_role("button", name="Có", exact=True).click()
    expect(page.get_by_role("heading", name="Lần học gần nhất")).to_be_visible(timeout=TIMEOUT_S * 1000)
    expect(page.locator("#retrain")).to_be_enabled()
