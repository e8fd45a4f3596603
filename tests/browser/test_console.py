"""The console in a browser: by keyboard alone, live in two windows, with scripts off, in Chinese, on a phone."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WEIGHTS = "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')].map(one => [one.name, one.transferSize])"
OBSERVE_SHIFTS = """window.shift = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value; })
  .observe({type: 'layout-shift', buffered: true})"""
PAGES = ["/", "/incidents/", "/incidents/?status=", "/incidents/declare/", "/search/?q=api", "/me/"]


def live(page: Page) -> Page:
    """The page once its light says that it is live."""
    expect(page.locator("#light")).to_have_attribute("data-state", "live")
    return page


def test_from_declaring_to_resolving_by_keyboard_alone(window):
    page = live(window("/"))
    keys = page.keyboard
    keys.press("d")
    keys.type("Nothing answers")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    live(page)
    keys.press("c")
    keys.type("Looking at the **gateway**.")
    keys.press("Control+Enter")
    expect(page.locator("#story strong", has_text="gateway")).to_be_visible()
    expect(page.locator("#composer-text")).to_have_value("")
    keys.type("/sev")
    expect(page.locator("#completion [aria-selected=true] code")).to_have_text("/severity")
    keys.press("Tab")
    keys.type("P2")
    keys.press("Tab")
    keys.type("half of the users are cut off")
    keys.press("Control+Enter")
    expect(page.locator("#incident-head .severity")).to_have_text("P2")
    keys.press("Escape")
    for asked, state in (("confirm it", "confirmed"), ("start fixing", "fixing"), ("verifying", "verifying"), ("start the watch", "watching")):
        keys.press("Control+k")
        keys.type(asked)
        expect(page.locator("#palette [aria-selected=true]")).to_contain_text(re.compile(asked, re.I))
        keys.press("Enter")
        expect(page.locator("#incident-head")).to_have_attribute("data-state", state)
    keys.press("r")
    expect(page.locator(".toast button")).to_be_visible()
    expect(page.locator("#incident-head")).to_have_attribute("data-state", "resolved", timeout=10_000)


def test_what_r_and_a_do_can_be_taken_back(window, declared):
    page = live(window(declared("To be undone")))
    page.keyboard.press("r")
    page.locator(".toast button").click()
    page.wait_for_timeout(5500)
    page.reload()
    expect(page.locator("#incident-head")).to_have_attribute("data-state", "declared")


def test_rows_are_walked_and_opened_by_keys(window, declared):
    declared("Walk to me")
    page = window("/incidents/")
    page.keyboard.press("j")
    expect(page.locator("[data-row].here .row-link")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url(re.compile(r":\d+/$"))
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_keys_rest_while_a_chinese_word_is_being_composed(window, declared):
    page = live(window(declared("Composing")))
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'd', isComposing: true, bubbles: true}))")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '?', keyCode: 229, bubbles: true}))")
    expect(page.locator("#keys")).to_be_hidden()
    assert "/declare/" not in page.url


def test_two_windows_see_each_other_and_nothing_moves(window, declared):
    address = declared("Seen by two")
    first, second = live(window(address)), live(window(address))
    for number in range(12):
        first.fill("#composer-text", f"Line {number} of many,\n\nwith some length.")
        first.keyboard.press("Control+Enter")
        expect(first.locator("#story .entry").last).to_contain_text(f"Line {number} of many")
    expect(second.locator("#story .entry").last).to_contain_text("Line 11 of many")
    pane = second.locator("#story-scroll")
    pane.evaluate("pane => pane.scrollTo(0, 0)")
    button = second.locator("#new-entries")
    expect(button).to_have_text("Newest")
    first.fill("#composer-text", "The newest.")
    first.keyboard.press("Control+Enter")
    expect(button).to_have_text("1 new")
    assert pane.evaluate("pane => pane.scrollTop") == 0
    button.click()
    expect(second.locator("#story .entry").last).to_be_in_viewport()
    expect(button).to_be_hidden()
    seen = second.eval_on_selector_all("#story .entry", "nodes => nodes.map(node => Number(node.dataset.seq))")
    assert seen == sorted(set(seen)) == list(range(1, len(seen) + 1))


def test_a_window_that_lost_its_connection_replays_exactly_what_it_missed(window, declared, portal):
    address = declared("Cut off")
    page = live(window(address))
    start = int(page.locator("#story .entry").last.get_attribute("data-seq"))
    page.context.set_offline(True)
    browser = portal.client("admin")
    for number in range(5):
        portal.post(browser, f"{address}compose/", {"text": f"Missed {number}."})
    page.wait_for_timeout(500)
    page.context.set_offline(False)
    window.faults.clear()  # what htmx says of a lost connection is no fault of ours
    expect(page.locator("#story .entry").last).to_contain_text("Missed 4.", timeout=40_000)
    seen = page.eval_on_selector_all("#story .entry", "nodes => nodes.map(node => Number(node.dataset.seq))")
    assert [seq for seq in seen if seq > start] == list(range(start + 1, start + 6))


def test_a_redaction_reaches_pages_that_are_open(window, declared, portal):
    address = declared("Said too much")
    page = live(window(address))
    browser = portal.client("admin")
    portal.post(browser, f"{address}compose/", {"text": "The password is hunter2."})
    expect(page.locator("#story")).to_contain_text("hunter2")
    seq = page.locator("#story .entry", has_text="hunter2").get_attribute("data-seq")
    portal.post(browser, f"{address}acts/redact/", {"seq": str(seq), "shown": str(seq), "reason": "a secret", "from_form": "1"})
    expect(page.locator("#story")).not_to_contain_text("hunter2")
    expect(page.locator(f"#e{seq}")).to_contain_text("redacted")


def test_tabs_share_one_connection(window, declared, portal):
    page = live(window(declared("Shared")))
    other = page.context.new_page()
    other.goto(f"{portal.url}/")
    live(other)
    streams = page.evaluate("navigator.locks.query().then(found => [found.held.length, found.pending.length])")
    assert streams == [1, 1]
    page.close()
    live(other)


def test_the_board_moves_by_itself(window, declared):
    page = live(window("/"))
    declared("Just in")
    expect(page.locator("#board .row-title", has_text="Just in").first).to_be_visible()


def test_everything_works_with_scripts_off(window):
    page = window("/", script=False)
    page.fill("#declare-title", "Without script")
    page.click(".quick-declare .button")
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    page.click(".head-acts .button >> text=I'm on it")
    expect(page.locator(".messages")).to_contain_text("Done")
    page.click(".head-acts .button >> text=Confirm it's real")
    expect(page.locator("#incident-head")).to_have_attribute("data-state", "confirmed")
    page.click("#incident-head summary:has-text('More')")
    page.click(".act-menu a:has-text('Change severity')")
    page.select_option("[name=severity]", "P2")
    page.fill("[name=reason]", "It is worse than it looked.")
    page.click(".act-form .button.primary")
    expect(page.locator("#incident-head .severity")).to_have_text("P2")
    page.fill("#composer-text", "A *note*.")
    page.click(".composer button")
    expect(page.locator("#story em", has_text="note")).to_be_visible()
    page.locator(".tick button").first.click()
    expect(page.locator("#story")).to_contain_text("Done:")


def test_an_act_opens_in_place_and_closes(window, declared):
    page = live(window(declared("In place")))
    page.click("#incident-head summary:has-text('More')")
    page.click(".act-menu a:has-text('Users hit')")
    page.fill("#act-slot [name=users_affected]", "850")
    page.click("#act-slot .button.primary")
    expect(page.locator("#panel-services")).to_contain_text("850")
    expect(page.locator("#act-slot form")).to_have_count(0)


def test_on_a_desk_only_story_and_panels_scroll(window, declared):
    page = live(window(declared("Stands still")))
    page.fill("#composer-text", "/")
    expect(page.locator("#completion")).to_be_visible()
    assert page.evaluate("[document.documentElement.scrollHeight - innerHeight, scrollY]") == [0, 0]


def test_in_chinese(window, declared):
    page = live(window(declared("支付接口全部超时"), language="zh-hans"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("#incident-head")).to_contain_text("支付接口全部超时")
    page.fill("#composer-text", "正在查看网关日志。")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#story .entry").last).to_contain_text("正在查看网关日志。")


def test_on_a_phone_parts_are_tabs_and_acts_stay_at_the_thumb(window, declared):
    page = live(window(declared("By thumb"), width=390, height=844))
    acts = page.locator(".head-acts")
    page.evaluate("scrollTo(0, 10000)")
    expect(acts).to_be_in_viewport()
    page.click(".part-tabs a:has-text('Steps')")
    expect(page.locator("#panel-steps")).to_be_visible()
    expect(page.locator("#story")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_serious_for_a_screen_reader(window, declared, theme, width):
    address = declared("Read aloud")
    page = window("/", width=width, color_scheme=theme)
    for path in [*PAGES, address, f"{address}acts/severity/"]:
        page.goto(path)
        found = [violation for violation in Axe().run(page).response["violations"] if violation["impact"] in ("serious", "critical")]
        assert not found, f"{path}: {[(violation['id'], violation['nodes'][0]['target']) for violation in found]}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_pages_are_light_on_the_wire(window, declared):
    address = declared("By weight")
    page = window("about:blank")
    page.goto(address)
    live(page)
    took = page.evaluate(WEIGHTS)
    assert sum(size for _name, size in took) <= 100 * 1024, took
    page.goto("/")
    live(page)
    took = page.evaluate(WEIGHTS)
    assert sum(size for _name, size in took) <= 30 * 1024, took


def test_nothing_shifts_while_a_page_loads(window, declared):
    page = window("about:blank")
    page.add_init_script(OBSERVE_SHIFTS)
    for path in ("/", "/incidents/", declared("Stands still")):
        shifts = []
        for _ in range(3):  # news of another incident may move a row once; what loading moves is moved each time
            page.goto(path)
            live(page)
            shifts.append(page.evaluate("window.shift"))
        assert min(shifts) < 0.02, (path, shifts)
