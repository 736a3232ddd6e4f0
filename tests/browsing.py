"""A real browser on the real service: one service and one browser for a module, a fresh tab for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from serving import Service, running

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_WAIT_MS = 60_000
"""Ends a test that hangs; what is waited for happens sooner, however busy the machine is."""
expect.set_options(timeout=_WAIT_MS)
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium() -> str:
    """Return where Chromium is; skip where it cannot be installed, and fail where it should have been."""
    path = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if path:
        return path
    missing = "Chromium is not installed: apt-get install chromium"
    if os.environ.get("CI") or shutil.which("apt-get"):
        pytest.fail(f"{missing} (`make test` does it for root)")
    pytest.skip(f"{missing}, and this machine has no apt")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Stopped after each module: its event loop would be in the way of other tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("page")
    with running(folder / "home", folder / "log", "--workers", 1) as service:
        yield service


class Tab:
    """A page of the browser, and everything that it had to complain about."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self._note("error", f"a dialog: {dialog.message}"))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.url}/{path}")
        return self.page

    def check_access(self) -> None:
        """Ask axe-core for everything that it finds wrong with the page as it is."""
        results: Any = Axe().run(self.page, options={"runOnly": _RULES, "resultTypes": ["violations"]}).response
        found = [(rule["id"], node["html"][:200]) for rule in results["violations"] for node in rule["nodes"]]
        assert found == []

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Tab]:
    """Open a tab in a profile of its own; at the end nothing may have broken a policy or failed in a script."""
    context = browser.new_context(**options)
    context.set_default_timeout(_WAIT_MS)
    tab = Tab(context, url)
    try:
        yield tab
        assert tab.complaints == []
    finally:
        context.close()


@pytest.fixture
def tab(browser: Browser, service: Service) -> Iterator[Tab]:
    with opened(browser, service.url) as tab:
        yield tab
