"""HTML that is read in processes of their own: what comes back, and what happens when a process is ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest
from serving import wait_until

from model.errors import NoArticle, PageTooComplex
from model.page.html import extract_html
from service.settings import Settings
from service.web.app import create_app
from service.web.extraction import ExtractionPool, NoProcess
from service.web.key_store import KeyStore
from service.web.services import EXTENSION

BODY = "".join(
    f"<p>Đoạn {n}: quân đội và chính phủ họp về lệnh ngừng bắn ở thủ đô trong tuần này.</p>" for n in range(60)
)
PAGE = f"<!doctype html><html><head><title>Lệnh ngừng bắn</title></head><body><article>{BODY}</article></body></html>"
LISTING = "<!doctype html><body>" + "<p><a href=x>Cử tri hai nước đi bầu tổng thống</a></p>" * 60
DEAR = "<!doctype html><body>" + "<p>a</p>" * 19_000
"""Takes about a second, and has no article."""


def processes() -> list[int]:
    return [child.pid for child in active_children() if child.name == "chude-html" and child.pid]


@pytest.fixture
def pool() -> Iterator[ExtractionPool]:
    yield ExtractionPool(processes=1)
    for pid in processes():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes())


def test_a_process_reads_as_the_function_does(pool: ExtractionPool) -> None:
    assert pool.extract(PAGE) == extract_html(PAGE)
    with pytest.raises(NoArticle, match="only links, forms or short lines"):
        pool.extract(LISTING)
    assert len(processes()) == 1


def test_little_html_needs_no_process(pool: ExtractionPool) -> None:
    assert pool.extract("<p>Xin chào <b>các</b> bạn</p>").text == "Xin chào các bạn"
    assert not processes()


def test_a_page_that_takes_too_long_ends_its_process_and_no_other_page() -> None:
    pool = ExtractionPool(processes=1, wall_limit_s=0.05)
    with pytest.raises(PageTooComplex, match="takes too long to read: give the page of one article"):
        pool.extract(DEAR)
    assert not processes()


def test_processor_time_is_limited_for_each_page(pool: ExtractionPool) -> None:
    """A limit of one second ends a page that is being read when the process's whole time passes a full second."""
    strict = ExtractionPool(processes=1, cpu_limit_s=1)
    with pytest.raises(PageTooComplex, match="takes too long to read"):  # noqa: PT012
        for _ in range(20):
            with suppress(NoArticle):
                strict.extract(DEAR)
    assert strict.extract(PAGE) == pool.extract(PAGE)


def test_a_process_that_was_killed_is_replaced(pool: ExtractionPool) -> None:
    pool.extract(PAGE)
    (idle,) = processes()
    os.kill(idle, signal.SIGKILL)
    assert pool.extract(PAGE) == extract_html(PAGE)
    assert processes() != [idle]


def test_a_page_over_which_a_process_fails_is_refused(pool: ExtractionPool) -> None:
    pool.extract(PAGE)
    with ThreadPoolExecutor(1) as threads:
        outcome = threads.submit(pool.extract, DEAR)
        wait_until(outcome.running)
        os.kill(processes()[0], signal.SIGSEGV)
        with pytest.raises(PageTooComplex, match="cannot be read: give the page of one article"):
            outcome.result()


def test_a_page_whose_process_is_killed_is_read_again_once(pool: ExtractionPool) -> None:
    pool.extract(PAGE)
    (first,) = processes()
    with ThreadPoolExecutor(1) as threads:
        outcome = threads.submit(pool.extract, DEAR)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(NoArticle, match="no article in this page"):
            outcome.result()
        again = threads.submit(pool.extract, DEAR)
        for _ in range(2):
            wait_until(lambda: bool(processes()) or again.done(), every_s=0.001)
            seen = processes()
            os.kill(seen[0], signal.SIGKILL)
            wait_until(lambda seen=seen: processes() != seen or again.done(), every_s=0.001)  # type: ignore[misc]
        with pytest.raises(NoProcess, match="ended from outside: send it again"):
            again.result()


def test_whatever_reads_a_record_has_its_html_read_in_a_process(tmp_path: Path) -> None:
    """Its time limit tells: a thread would read the page to its end, and find no article."""
    app = create_app(Settings(home=tmp_path), {})
    strict = ExtractionPool(processes=1, wall_limit_s=0.05)
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], extract=strict.extract)
    key, client = KeyStore(tmp_path).add("desk"), app.test_client()
    headers = {"Authorization": f"Bearer {key}"}
    told = {
        path: client.post(path, json={"text": DEAR, "tags": []}, headers=headers).get_data(as_text=True)
        for path in ("/labels", "/labels/undo", "/learn/topic/syria/text?lang=en")
    }
    assert [path for path, body in told.items() if "the HTML takes too long to read" not in body] == []
