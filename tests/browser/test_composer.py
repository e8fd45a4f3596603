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


@pytest.mark.parametrize(("status", "detail"), [(413, "This is larger than may be sent here."), (503, "Too many requests wait; try again.")])
def test_a_refusal_of_the_front_door_is_said(window, declared, status, detail):
    page = live(window(declared("Refused at the door")))
    page.route("**/compose/", lambda route: route.fulfill(status=status, json={"error": "door", "detail": detail, "request_id": "r"}))
    page.fill("#composer-text", "It rains")
    page.click("#composer button.primary")
    expect(page.locator(".toast")).to_have_text(detail)
    assert page.input_value("#composer-text") == "It rains"
    page.unroute("**/compose/")
    page.route("**/compose/", lambda route: route.fulfill(status=status, content_type="text/plain", body="?"))
    page.click("#composer button.primary")
    expect(page.locator(".toast")).not_to_have_text(detail)
    expect(page.locator(".toast")).to_be_visible()
    window.faults.clear()  # the browser tells of each refusal


PHOTOGRAPH = """async pixel => {
  const paper = Object.assign(document.createElement("canvas"), {width: 4000, height: 3000}), brush = paper.getContext("2d");
  const noise = brush.createImageData(4000, 3000);
  for (let at = 0; at < noise.data.length; at += 65536) crypto.getRandomValues(noise.data.subarray(at, at + 65536));
  for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
  brush.putImageData(noise, 0, 0);
  brush.drawImage(paper, 0, 0, 400, 300, 0, 0, 4000, 3000);
  const photo = new File([await new Promise((done) => paper.toBlob(done, "image/jpeg", 1))], "photo.JPG", {type: "image/jpeg"});
  const shot = new File([Uint8Array.from(atob(pixel), (one) => one.charCodeAt(0))], "shot.png", {type: "image/png"}), data = new DataTransfer();
  data.items.add(photo); data.items.add(shot);
  document.getElementById("composer-text").dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
  document.getElementById("composer").requestSubmit();
  return photo.size;
}"""


def test_a_photograph_is_made_small_before_it_is_sent(window, declared):
    page = live(window(declared("A photograph")))
    assert page.evaluate(PHOTOGRAPH, PIXEL) > 3_000_000
    shown = page.locator("#story img")
    expect(shown).to_have_count(2)
    for number, width in enumerate((2000, 1)):
        shown.nth(number).scroll_into_view_if_needed()
        expect(shown.nth(number)).to_have_js_property("naturalWidth", width)


def test_a_note_with_too_large_a_picture_keeps_its_words_with_scripts_off(window, declared):
    page = window(declared("Without script"), script=False)
    page.set_input_files("#composer-picture", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff" + bytes(3_000_000)})
    page.fill("#composer-text", "The graph")
    page.get_by_role("button", name="Add to the story").click()
    expect(page.locator("#composer-problem")).to_contain_text("2 MB")
    assert page.input_value("#composer-text") == "The graph"
    window.faults.clear()


def test_a_double_press_presses_nothing_else(window, declared):
    page = live(window(declared("Twice")))
    page.click(".head-acts [data-act=acknowledge]")
    bar = page.locator(".head-acts")
    expect(bar).to_have_attribute("aria-disabled", "true")
    page.locator(".head-acts .button").first.click(force=True)
    expect(bar).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#act-slot form")).to_have_count(0)
    page.reload()
    expect(page.locator("#incident-head .state")).to_have_attribute("data-state", "declared")


def test_on_a_phone_all_clocks_and_all_acts_are_in_reach(window, declared):
    page = live(window(declared("Narrow", services="primary-database", severity="P1"), width=390, height=844))
    inside = page.evaluate("[...document.querySelectorAll('.face-clock')].every((one) => one.getBoundingClientRect().right <= innerWidth)")
    assert inside
    expect(page.locator(".head-acts .besides")).to_have_text("and take command")
    expect(page.locator(".head-acts summary")).to_be_in_viewport(ratio=1)
    page.click(".head-acts summary")
    last = page.locator(".act-menu [data-act]").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()


def test_on_a_phone_one_writes_at_the_thumb_from_anywhere_in_a_long_story(window, declared):
    page = live(window(declared("Long by thumb"), width=390, height=844))
    page.evaluate("for (let n = 0; n < 80; n++) document.getElementById('story').append(document.querySelector('#story .entry').cloneNode(true))")
    page.evaluate("scrollTo(0, 700)")
    expect(page.locator("#composer")).not_to_be_in_viewport()
    page.click(".write")
    page.keyboard.type("The pool is full")
    expect(page.locator("#composer")).to_be_in_viewport(ratio=1)
    expect(page.locator(".head-acts")).to_be_in_viewport(ratio=1)
    expect(page.locator(".part-tabs")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 700, "what is read stays where it is"
    page.evaluate("Object.defineProperty(visualViewport, 'height', {value: 500}); visualViewport.dispatchEvent(new Event('resize'))")
    assert page.evaluate("document.getElementById('composer').getBoundingClientRect().bottom") <= 500, "a keyboard covers no part of it"
    page.click("#composer button.primary")
    expect(page.locator("#story")).to_contain_text("The pool is full")
    expect(page.locator("#composer")).not_to_be_in_viewport()


def test_on_a_phone_the_story_is_found_again_where_it_was_left(window, declared):
    page = live(window(declared("Left and found"), width=390, height=844))
    page.evaluate("for (let n = 0; n < 80; n++) document.getElementById('story').append(document.querySelector('#story .entry').cloneNode(true))")
    page.evaluate("scrollTo(0, 700)")
    page.click(".part-tabs a:has-text('Steps')")
    expect(page.locator("#panel-steps")).to_be_visible()
    page.click(".part-tabs a:has-text('Story')")
    assert page.evaluate("scrollY") == 700


def test_a_moment_in_a_chinese_sentence_has_its_date_before_its_time(window, declared):
    page = live(window(declared("按时"), language="zh-hans"))
    page.click(".head-acts [data-act=acknowledge]")
    expect(page.locator("#story .entry-said time").last).to_have_text(re.compile(r"月\d+日 \d\d:\d\d UTC"))
