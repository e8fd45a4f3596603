"""The public page before people: without scripts, with them, when it grows old, on a phone, by axe."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.harness.public import RENAME, TELL, text
from tests.harness.servers import until

pytestmark = pytest.mark.browser

EXPECTED = re.compile(r"ERR_|status of 404")  # what the tests break themselves
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"  # as when one comes back to the tab


@pytest.fixture(scope="module")
def told(portal) -> str:
    """The code of an incident that the public reads of."""
    code = portal.manage("shell", "-c", TELL).split()[-1]
    until(lambda: code in text(f"{portal.url}/status/"), 60, "the page telling of it")
    return code


@pytest.fixture
def visit(portal, chromium, told) -> Iterator[Callable[..., Page]]:
    """Opens the page as a stranger; faults in its console fail the test."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(path: str, *, before: Callable[[Page], Any] = lambda page: None, **options: Any) -> Page:
        context = chromium.new_context(base_url=portal.url, **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" and not EXPECTED.search(message.text) else None)
        before(page)
        page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not faults


def test_without_scripts_all_is_there(visit, told):
    page = visit("/status/en/", java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Important services are unavailable.")
    expect(page.get_by_text("We are investigating.").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Last 90 days")).first).to_be_visible()
    expect(page.get_by_text(re.compile("at least once a day: if this is more than a day ago, it may be stale"))).to_be_visible()
    expect(page.locator("#stale")).to_be_hidden()
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("link", name="无法登录").first.click()
    page.wait_for_url(re.compile(f"/status/zh-hans/incidents/{told}/$"))
    expect(page.get_by_text("正在排查。")).to_be_visible()
    assert page.context.cookies() == []


def test_what_changes_comes_in_by_itself(visit, portal):
    page = visit("/status/en/")
    expect(page.locator("#fresh")).to_have_text(re.compile(r"^Checked \d+ (seconds?|minutes?) ago\.$"))
    page.evaluate("window.same = true")
    portal.manage(
        "shell", "-c", RENAME + "from statuspage.models import Post\nPost.objects.update(title={'en': 'Sign-in still fails', 'zh-hans': '仍无法登录'})\n"
    )
    until(lambda: "Sign-in still fails" in text(f"{portal.url}/status/en/"), 60, "the new edition")
    page.evaluate(LOOK)
    expect(page.get_by_role("link", name="Sign-in still fails").first).to_be_visible()
    expect(page).to_have_title(re.compile("Renamed: service status"))
    assert page.evaluate("window.same"), "it was not loaded anew"


def test_an_old_page_says_so(visit):
    checked = (datetime.now(UTC) - timedelta(minutes=17, seconds=5)).isoformat()
    body = json.dumps({"made_at": checked, "checked_at": checked, "revision": 0})
    page = visit("/status/en/", before=lambda page: page.route("**/fresh.json", lambda route: route.fulfill(body=body, content_type="application/json")))
    expect(page.locator("#stale")).to_have_text("This page may be stale. It was last checked 17 minutes ago.")
    expect(page.locator("#fresh")).to_have_text("")
    page = visit("/status/zh-hans/", before=lambda page: page.route("**/fresh.json", lambda route: route.abort()))
    expect(page.locator("#stale")).to_have_text("本页可能已过时：无法连接服务器。")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_a_phone(visit, told, scheme):
    for path in ("/status/", "/status/zh-hans/", "/status/en/history/", f"/status/en/incidents/{told}/", "/status/nowhere/"):
        page = visit(path, color_scheme=scheme, viewport={"width": 390, "height": 844})
        found = Axe().run(page)
        serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        assert not serious, (path, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_it_weighs_less_than_30_kb_and_prints_on_white(visit):
    page = visit("/status/en/", color_scheme="dark")
    entries = "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
    assert page.evaluate(f"{entries}.reduce((sum, one) => sum + one.transferSize, 0)") < 30_000
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
