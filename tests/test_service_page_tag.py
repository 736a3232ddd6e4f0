"""The first page in a browser: by keyboard and by mouse, in both languages, hostile texts, a lost service, a prefix."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from browsing import Browser, Tab, opened
from playwright.sync_api import Route, expect
from serving import TIMEOUT_S, Service

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
ELECTION = "Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>"


def csv_file(*rows: tuple[str, str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([("id", "text"), *rows])
    return file.getvalue().encode()


@pytest.mark.parametrize(("query", "heading"), [("", "Chủ đề: Syria"), ("?lang=en", "Topics: Syria")])
def test_tagging_by_keyboard(tab: Tab, query: str, heading: str) -> None:
    page = tab.open(query)
    tab.check_access()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("#text").focus()
    page.keyboard.insert_text(SYRIA)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#result-heading")).to_have_text(heading)
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.press("Tab")
    note = page.locator(".term:focus .note")
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    tab.check_access()


def test_a_hostile_text_is_only_text(tab: Tab) -> None:
    page = tab.open()
    page.fill("#text", f"{HOSTILE}\n{SYRIA} {HOSTILE}")
    page.click("button.main")
    expect(page.locator("#result-heading")).to_have_text("Chủ đề: Syria")
    assert page.locator("#answer img, #answer script").count() == 0


def test_the_page_is_good_on_a_telephone_in_the_dark_and_on_paper(browser: Browser, service: Service) -> None:
    narrow = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "reduced_motion": "reduce"}
    with opened(browser, service.url, has_touch=True, **narrow) as tab:
        page = tab.open()
        page.fill("#text", f"{SYRIA} {ELECTION}")
        page.click("button.main")
        expect(page.locator(".bars")).to_be_visible()
        page.locator(".heavy").last.tap()
        expect(page.locator(".term:focus .note")).to_be_visible()
        assert tab.overflow() <= 0
        tab.check_access()
        page.emulate_media(media="print")
        expect(page.locator("form, header").first).to_be_hidden()
        expect(page.locator(".article")).to_be_visible()


def test_a_table_of_a_thousand_rows(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "<b>n.csv"
    path.write_bytes(csv_file(*[(f"r{n}", (SYRIA, ELECTION)[n % 2]) for n in range(999)], ("last", HOSTILE)))
    page = tab.open()
    page.set_input_files("#file", path)
    page.click("button.main")
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(1000)
    page.fill("#filter", "ung vien")  # "ứng viên" without its marks
    expect(page.locator("#status")).to_have_text("499 trong 1.000 dòng")
    page.select_option("#filter-topic", "tag:syria")
    expect(page.locator("#status")).to_have_text("0 trong 1.000 dòng")
    page.fill("#filter", "")
    page.select_option("#filter-topic", "none")
    expect(page.locator("#rows tbody tr:visible")).to_have_count(1)
    page.select_option("#filter-topic", "")
    page.get_by_role("button", name="Mã").click()
    expect(rows.first.locator("td").nth(1)).to_have_text("last")
    page.get_by_role("button", name="Mã").click()
    expect(rows.first.locator("td").nth(1)).to_have_text("r998")
    with page.expect_download() as download:
        page.click("button[value=xlsx]")
    assert download.value.suggested_filename == "tags.xlsx"
    assert tab.page.locator("#rows b, #rows img").count() == 0


def test_a_service_that_is_gone_loses_no_text(tab: Tab) -> None:
    page = tab.open()
    page.fill("#text", SYRIA)
    page.context.set_offline(True)
    page.click("button.main")
    expect(page.get_by_role("alert")).to_contain_text("Máy chủ không trả lời")
    expect(page.locator("#text")).to_have_value(SYRIA)
    page.context.set_offline(False)
    page.click("button.main")
    expect(page.locator("#result-heading")).to_have_text("Chủ đề: Syria")


def test_a_slow_service_is_waited_for(tab: Tab) -> None:
    page = tab.open()
    page.clock.install()
    page.fill("#text", SYRIA)
    held: list[Route] = []
    page.route("**/*part=answer", lambda route: held.append(route))
    page.click("button.main")
    expect(page.locator("#status")).to_have_text("Đang gắn…")
    page.clock.run_for(5000)
    expect(page.locator("#status")).to_contain_text("Máy chủ chưa trả lời")
    held[0].continue_()
    expect(page.locator("#result-heading")).to_have_text("Chủ đề: Syria")


@pytest.fixture
def proxy(service: Service) -> Iterator[str]:
    """A proxy that shows the service under /tin/tuc, as nginx does with `proxy_pass http://service/;`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path.startswith("/tin/tuc/")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
            sent = requests.request(
                self.command,
                service.url + self.path.removeprefix("/tin/tuc"),
                data=body,
                headers={**headers, "X-Forwarded-Prefix": "/tin/tuc"},
                allow_redirects=False,
                timeout=TIMEOUT_S,
            )
            self.send_response(sent.status_code)
            for name in ("Content-Type", "Location", "Content-Security-Policy"):
                if name in sent.headers:
                    self.send_header(name, sent.headers[name])
            self.send_header("Content-Length", str(len(sent.content)))
            self.end_headers()
            self.wfile.write(sent.content)

        do_POST = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/tin/tuc"
        server.shutdown()


def test_page_and_docs_work_behind_a_prefix(browser: Browser, proxy: str) -> None:
    with opened(browser, proxy) as tab:
        page = tab.open("?lang=en")
        page.fill("#text", SYRIA)
        page.click("button.main")
        expect(page.locator("#result-heading")).to_have_text("Topics: Syria")
        page.get_by_role("link", name="Correct").click()
        expect(page.locator("#key")).to_be_visible()
        page = tab.open("docs")
        page.locator(".opblock", has_text="/healthz").click()  # under the strict policy
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table tbody .response-col_status")).to_have_text("200")
        expect(page.locator(".request-url")).to_contain_text("/tin/tuc/healthz")
