"""A portal as an operator starts it, and people with Chromium before it."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.harness.portal import PASSWORD, Portal

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """These tests speak to a portal of their own; the test database stays unmade."""


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    """The embedded set: SQLite, engine loop, no broker."""
    running = Portal().start()
    yield running
    running.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's own."""
    assert Path(CHROMIUM).exists(), f"no browser at {CHROMIUM}; make test installs Debian's chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(portal: Portal, chromium: Browser) -> dict[str, Any]:
    """The cookies of the first administrator."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{portal.url}/accounts/login/")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{portal.url}/")
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def window(portal: Portal, chromium: Browser, signed_in: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """Opens a window of a person who is signed in; faults in its console fail the test."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def open_window(path: str = "/", *, language: str = "en", script: bool = True, width: int = 1440, height: int = 900, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=portal.url, storage_state=signed_in, java_script_enabled=script, viewport={"width": width, "height": height}, **options
        )
        context.add_cookies([{"name": "django_language", "value": language, "url": portal.url}])
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" and "ERR_" not in message.text else None)
        page.goto(path)
        return page

    open_window.faults = faults  # type: ignore[attr-defined]
    yield open_window
    for context in opened:
        context.close()
    assert not faults


@pytest.fixture
def declared(portal: Portal) -> Callable[..., str]:
    """Declares an incident over HTTP; returns its address."""
    browser = portal.client("admin")

    def declare(title: str, **fields: str) -> str:
        answer = portal.post(browser, "/incidents/declare/", {"title": title, "severity": "P2", **fields})
        found = re.search(r"/incidents/(?:INC|DRILL)-\d+-\d+/", str(answer.url))
        assert found, answer.url
        return found[0]

    return declare
