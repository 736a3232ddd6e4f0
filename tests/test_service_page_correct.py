"""Correcting in a browser: by keyboard alone, two editors, undo, evidence, and a service that goes away meanwhile."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from browsing import Browser, Tab, opened
from playwright.sync_api import Page, expect
from serving import TIMEOUT_S, Service, running, wait_until_ready

from model.document import Document
from service.web.key_store import KeyStore
from training.labels.store import LabelStore, open_store
from training.labels.suggestions import Suggestion, keep_queue

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>"
TEXTS = (
    Document(title="Tin chiến sự", text=f"{SYRIA} Trời hôm nay mưa."),
    Document(text="Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."),
    Document(text=f"Giá gạo ở chợ tăng nhẹ. {HOSTILE} Người mua không nhiều."),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "home"


@pytest.fixture(scope="module")
def keys(home: Path) -> dict[str, str]:
    store = KeyStore(home)
    return {name: store.add(name) for name in ("an", "binh")}


@pytest.fixture(scope="module")
def service(home: Path, keys: dict[str, str], browser: Browser) -> Iterator[Service]:
    with running(home, home.parent / "log", "--workers", 1) as service:
        yield service


@pytest.fixture
def store(home: Path, service: Service) -> Iterator[LabelStore]:
    """The store of the service, with three texts in its queue and no label."""
    store = open_store(home)
    store.delete([str(example.id) for example in store.examples()])
    keep_queue(store, [Suggestion(f"q{n}", document, "random", {}) for n, document in enumerate(TEXTS)])
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM leases")
    yield store
    store.engine.dispose()


def enter(tab: Tab, key: str, query: str = "") -> Page:
    page = tab.open(f"correct{query}")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    return page


def title_of(page: Page) -> Any:
    return page.locator(".article").first


def labels(service: Service, key: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{service.url}/labels", headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_S)
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_queue_by_keyboard_alone(tab: Tab, service: Service, store: LabelStore, keys: dict[str, str]) -> None:
    page = enter(tab, keys["an"])
    expect(title_of(page)).to_contain_text("Tin chiến sự")
    expect(page.locator("#today")).to_contain_text("an: hôm nay 0 bài")
    tab.check_access()
    page.keyboard.press("Enter")  # agree
    expect(title_of(page)).to_contain_text("Ukraine bầu")
    expect(page.locator("#today")).to_contain_text("1 bài; 1 bài giống hệt mô hình (100,0 %)")
    page.keyboard.press("2")  # elections, which the model gave
    expect(page.locator("#save-words")).to_have_text("Lưu sửa đổi, bài tiếp theo")
    page.keyboard.press("n")
    page.keyboard.insert_text("chưa bầu")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.keyboard.insert_text("Đông Âu")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Đông Âu (dong-au)")).to_be_checked()
    page.keyboard.press("Enter")
    expect(title_of(page)).to_contain_text("Giá gạo")
    expect(page.locator("#today")).to_contain_text("2 bài; 1 bài giống hệt mô hình (50,0 %)")
    first, second = labels(service, keys["an"])
    assert (first["title"], first["text"], first["tags"]) == (TEXTS[0].title, TEXTS[0].text, ["syria"])
    assert (second["id"], second["tags"], store.history(TEXTS[1].text)[-1]["who"]) == (
        "q1",
        ["dong-au", "ukraine"],
        "an",
    )
    page.keyboard.press("u")
    expect(title_of(page)).to_contain_text("Ukraine bầu")
    expect(page.locator("#note")).to_have_value("chưa bầu")
    expect(page.get_by_label("Bầu cử")).not_to_be_checked()
    assert len(labels(service, keys["an"])) == 1
    assert page.evaluate("document.cookie") == ""
    assert page.context.cookies() == []


def test_evidence_is_kept_and_shown_to_the_next_editor(
    browser: Browser, tab: Tab, service: Service, store: LabelStore, keys: dict[str, str]
) -> None:
    page = enter(tab, keys["an"])
    page.locator(".sentence", has_text="Quân đội").click()
    page.locator("#evidence").get_by_role("button", name="Syria").click()
    expect(page.locator(".sentence.shows")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("1")  # arms-control, shown by the sentence about the rain
    expect(page.get_by_label("Kiểm soát vũ khí")).to_be_checked()
    tab.check_access()
    page.keyboard.press("Enter")
    expect(title_of(page)).to_contain_text("Ukraine bầu")
    (kept,) = labels(service, keys["an"])
    assert kept["evidence"] == {"arms-control": ["Trời hôm nay mưa."], "syria": [SYRIA]}
    with opened(browser, service.url) as other:
        again = other.open("correct?lang=en")
        again.evaluate("text => sessionStorage.setItem('chude-text', JSON.stringify(text))", TEXTS[0]._asdict())
        enter(other, keys["binh"], "?lang=en")
        expect(again.locator(".warnings")).to_contain_text("an has labelled this text: arms-control, syria")
        expect(again.locator(".sentence.shows")).to_have_count(2)


def test_two_editors_never_have_the_same_text(
    browser: Browser, tab: Tab, service: Service, store: LabelStore, keys: dict[str, str]
) -> None:
    first = enter(tab, keys["an"])
    expect(title_of(first)).to_contain_text("Tin chiến sự")
    with opened(browser, service.url) as other, opened(browser, service.url) as third:
        second = enter(other, keys["an"])  # the same key at another desk
        expect(title_of(second)).to_contain_text("Ukraine bầu")
        expect(title_of(enter(third, keys["binh"]))).to_contain_text("Giá gạo")
        second.keyboard.press("s")  # nothing else is free: the text that was passed over comes again
        expect(second.locator("#status")).to_contain_text("3 bài đang chờ, người khác đang xem 2")
        first.keyboard.press("Enter")
        expect(first.locator("#judgement")).to_contain_text("Các bài còn lại đang ở chỗ người khác")


def test_nothing_is_lost_while_the_service_is_away(
    tab: Tab, service: Service, store: LabelStore, keys: dict[str, str]
) -> None:
    page = enter(tab, keys["an"], "?lang=en")
    expect(title_of(page)).to_contain_text("Tin chiến sự")
    page.keyboard.press("2")
    page.reload()  # before it was saved
    expect(page.get_by_label("Elections")).to_be_checked()
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("are kept in this browser (1)")
    assert labels(service, keys["an"]) == []
    page.context.set_offline(False)
    page.reload()  # as after a restart of the browser's tab
    expect(title_of(page)).to_contain_text("Ukraine bầu")
    (kept,) = labels(service, keys["an"])
    assert kept["tags"] == ["elections", "syria"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_worker_that_is_killed_while_it_keeps_a_label_loses_nothing(
    tab: Tab, service: Service, store: LabelStore, keys: dict[str, str], is_kept: bool
) -> None:
    """The label may have been kept, and nobody heard so: it is sent again, and stands there once."""
    page = enter(tab, keys["an"])
    expect(title_of(page)).to_contain_text("Tin chiến sự")
    with store.writing():  # the service waits for the store
        with page.expect_request("**/labels"):
            page.keyboard.press("Enter")
        for worker in service.workers():
            os.kill(worker, signal.SIGKILL)
        expect(page.get_by_role("alert")).to_contain_text("Nhãn được giữ trong trình duyệt này (1)")
    wait_until_ready(service.port)
    if is_kept:
        (record,) = json.loads(page.evaluate("localStorage.getItem('chude-outbox')"))
        key = {"Authorization": f"Bearer {keys['an']}"}
        assert requests.post(f"{service.url}/labels", json=record, headers=key, timeout=TIMEOUT_S).json()["added"] == 1
    page.get_by_role("button", name="Gửi lại").click()
    expect(title_of(page)).to_contain_text("Ukraine bầu")
    assert len(store.history(TEXTS[0].read().text)) == 1


def test_what_is_hostile_is_only_text(tab: Tab, service: Service, store: LabelStore, keys: dict[str, str]) -> None:
    page = enter(tab, keys["an"])
    for words in ("Tin chiến sự", "Ukraine bầu"):
        expect(title_of(page)).to_contain_text(words)
        expect(page.locator("#status")).to_contain_text("3 bài đang chờ")
        page.keyboard.press("s")
    expect(title_of(page)).to_contain_text("Giá gạo")
    page.fill("#new-tag", HOSTILE)
    page.click("#new-tag-add")
    page.fill("#note", HOSTILE)
    page.click("#save")
    expect(title_of(page)).not_to_contain_text("Giá gạo")
    kept = labels(service, keys["an"])[-1]
    assert kept["tags"] == ["img-src-x-onerror-alert-1-script-alert-1-script"]
    page.keyboard.press("u")
    expect(title_of(page)).to_contain_text("Giá gạo")
    assert page.locator("main img, main script").count() == 0


def test_a_wrong_key_is_asked_for_again(tab: Tab, store: LabelStore) -> None:
    page = enter(tab, f"chude_{HOSTILE[:4]}wrong")
    expect(page.locator("#key")).to_be_visible()
    expect(page.locator("#work")).to_be_hidden()
    tab.check_access()


def test_it_is_good_on_a_telephone(browser: Browser, service: Service, store: LabelStore, keys: dict[str, str]) -> None:
    with opened(browser, service.url, viewport={"width": 360, "height": 740}, color_scheme="dark") as tab:
        page = enter(tab, keys["an"])
        expect(title_of(page)).to_contain_text("Tin chiến sự")
        assert tab.overflow() <= 0
        tab.check_access()
        page.locator(".switch").first.click()
        page.click("#save")
        expect(title_of(page)).to_contain_text("Ukraine bầu")
