"""A new topic in three steps, by keyboard, and what its labels say and do not say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from browsing import Browser, Tab
from playwright.sync_api import expect
from serving import TIMEOUT_S, Service, running

from model.document import Document
from service.web.key_store import KeyStore
from service.web.page.new_topic import NEEDED
from training.fit.decisions import MIN_POSITIVES
from training.labels.activity import count_judged
from training.labels.store import LabelStore, open_store
from training.labels.suggestions import Suggestion, keep_queue

HOSTILE = "<img src=x onerror=alert(1)>"
TEXTS = (
    "Giá gạo tăng nhẹ ở chợ.",
    f"Giao tranh ở dải Gaza, Hamas bác tin {HOSTILE}.",
    "Xe cứu trợ vào Gaza qua cửa khẩu phía nam.",
    "Đội tuyển thắng trận đầu.",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "home"


@pytest.fixture(scope="module")
def key(home: Path) -> str:
    return KeyStore(home).add("an")


@pytest.fixture(scope="module")
def service(home: Path, key: str, browser: Browser) -> Iterator[Service]:
    with running(home, home.parent / "log", "--workers", 1) as service:
        yield service


@pytest.fixture
def store(home: Path, service: Service) -> Iterator[LabelStore]:
    store = open_store(home)
    keep_queue(store, [Suggestion(f"q{n}", Document(text=text), "random", {}) for n, text in enumerate(TEXTS)])
    yield store
    store.engine.dispose()


def test_as_many_are_asked_for_as_the_fit_needs() -> None:
    assert NEEDED == MIN_POSITIVES


def test_a_new_topic_in_three_steps(tab: Tab, service: Service, store: LabelStore, key: str) -> None:
    page = tab.open("learn")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    expect(page.locator("#retrain")).to_be_visible()
    tab.check_access()
    page.locator("#topic-name").focus()
    page.keyboard.insert_text("Dải Gaza")
    page.keyboard.press("Tab")
    page.keyboard.insert_text(f"Tin về Gaza {HOSTILE}")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("dải gaza\nGAZA\nhamas")
    expect(page.locator("#topic-hits")).to_have_text("2 trong 4 bài đang chờ có từ khoá: dải gaza 1, GAZA 2, hamas 1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    text = page.locator("#topic-text")
    expect(text).to_contain_text("Giao tranh")  # the first with a key word
    assert text.locator("mark").all_inner_texts() == ["dải Gaza", "Hamas"]
    tab.check_access()
    page.keyboard.press("y")
    expect(text).to_contain_text("Giá gạo")  # one without, as there are more with it by now
    expect(page.locator("#topic-progress")).to_contain_text("1 / 10")
    page.keyboard.press("n")
    expect(text).to_contain_text("Xe cứu trợ")
    page.keyboard.press("u")
    expect(text).to_contain_text("Giá gạo")
    page.keyboard.press("n")
    expect(text).to_contain_text("Xe cứu trợ")
    answer = requests.get(f"{service.url}/labels", headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_S)
    kept = [json.loads(line) for line in answer.text.splitlines()]
    assert [(one["tags"], one["judged"]) for one in kept] == [(["dai-gaza"], ["dai-gaza"]), ([], ["dai-gaza"])]
    assert count_judged(store, "dai-gaza") == (1, 1)
    assert count_judged(store, "syria") == (0, 0)  # nobody was asked
    page.reload()
    page.get_by_role("button", name="Gắn nhãn tiếp").click()
    expect(page.locator("#topic-progress")).to_contain_text(f"Dải Gaza: Tin về Gaza {HOSTILE}")
    assert page.locator("main img").count() == 0
    page.goto(f"{service.url}/correct")
    expect(page.get_by_label("Dải Gaza")).not_to_be_checked()  # a switch by now, which the model does not know
