"""What only a browser can show of pictures in the composer and of choosing rows by key."""

import base64
import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.test_console import live

pytestmark = pytest.mark.browser

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PASTE = """pixel => {
  const bytes = Uint8Array.from(atob(pixel), one => one.charCodeAt(0)), data = new DataTransfer();
  data.items.add(new File([bytes], "image.png", {type: "image/png"}));
  document.getElementById("composer-text").dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def test_a_pasted_picture_stands_in_the_story(window, declared):
    page = live(window(declared("Look at this")))
    page.keyboard.press("c")
    page.evaluate(PASTE, PIXEL)
    expect(page.locator("#composer-chosen")).to_have_text("1 picture")
    page.keyboard.type("/severity P9 because")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#composer-problem")).to_be_visible()
    expect(page.locator("#composer-chosen")).to_have_text("1 picture")  # a refusal keeps it
    window.faults.clear()  # the browser tells of the refusal, 422
    page.fill("#composer-text", "")
    page.keyboard.press("Control+Enter")
    shown = page.locator("#story img")
    expect(shown).to_have_count(1)
    shown.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#story img').naturalWidth === 1")
    expect(page.locator("#composer-chosen")).to_have_text("")


def test_a_picture_goes_in_with_scripts_off(window, declared):
    page = window(declared("Without script"), script=False)
    page.set_input_files("#composer-picture", {"name": "graph.png", "mimeType": "image/png", "buffer": base64.b64decode(PIXEL)})
    page.fill("#composer-text", "The graph")
    page.get_by_role("button", name="Add to the story").click()
    expect(page.locator("#story img")).to_have_count(1)


def test_x_chooses_alerts_and_a_takes_their_incidents(window, portal):
    key = portal.manage("source", "alertmanager", "Keys").strip().splitlines()[-1]
    alert = {
        "status": "firing",
        "labels": {"alertname": "ByKey", "severity": "P2", "service": "cache"},
        "startsAt": "2026-01-01T00:00:00Z",
        "fingerprint": "abcd",
    }
    body = {"version": "4", "groupKey": "by-key", "status": "firing", "receiver": "portal", "alerts": [alert]}
    told = httpx.post(f"{portal.url}/ingest/alertmanager/{key}/", json=body, timeout=30).json()
    page = live(window("/alerts/?q=ByKey"))
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-select]:checked")).to_have_count(1)
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text(told["incidents"][0])
    page.goto("/")
    page.wait_for_timeout(300)
    page.goto(f"/incidents/{told['incidents'][0]}/")
    expect(page.locator("#incident-head")).to_contain_text(re.compile("On it"))
