"""From a snapshot to files: exactly these words and fields, in both languages, light, complete in themselves."""

import colorsys
import json
import posixpath
import re
from dataclasses import replace

import pytest

from statuspage import files, rendering
from statuspage.rendering import looks, overall
from tests.statuspage import golden, world

BUSY = rendering.render(world.BUSY, made_at=world.NOW)
PAGES = [path for path in BUSY if path.endswith(".html") and path != "404.html"]


@pytest.mark.parametrize(("name", "taken"), [("busy", world.BUSY), ("quiet", world.QUIET)])
def test_nothing_leaves_but_what_the_golden_files_hold(name, taken):
    made = golden.shown(rendering.render(taken, made_at=world.NOW))
    kept = {str(path.relative_to(golden.FOLDER / name)): path.read_text(encoding="utf-8") for path in (golden.FOLDER / name).rglob("*") if path.is_file()}
    assert set(made) == set(kept)
    for path, text in kept.items():
        assert made[path] == text, path


def test_json_is_in_the_language_of_the_portal(settings):
    settings.LANGUAGE_CODE = "zh-hans"
    made = rendering.render(world.BUSY, made_at=world.NOW)
    summary = json.loads(made["api/v2/summary.json"])
    assert summary["incidents"][0]["name"] == "部分用户无法登录" and summary["components"][1]["name"] == "API 网关"
    assert made["index.html"].startswith(b'<!doctype html>\n<html lang="zh-Hans">')


def test_every_link_of_every_page_is_relative_and_leads_to_a_file():
    for path in PAGES:
        for link in re.findall(r'(?:href|src|data-url)="([^"]+)"', BUSY[path].decode()):
            if link.startswith(("#", "mailto:", "https://example.com/")):
                continue
            assert not link.startswith("/") and ":" not in link, (path, link)
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link.partition("#")[0].partition("?")[0]))
            found = target if target in BUSY or target == files.FRESH else f"{target}/index.html".removeprefix("./")
            assert found in BUSY or found == files.FRESH, (path, link)


def test_no_page_needs_what_a_strict_policy_forbids():
    for path in [*PAGES, "404.html"]:
        page = BUSY[path].decode()
        assert not re.search(r"<style|<script(?! type=\"module\" src=)|\sstyle=|\son\w+=|javascript:", page), path
        assert "default-src &#x27;none&#x27;" not in page and "default-src 'none'" in page


def test_what_people_wrote_is_text():
    page = BUSY["en/index.html"].decode()
    assert "Please wait &lt;a moment&gt; &amp; try again." in page and "Example &amp; Sons" in page
    report = BUSY["en/incidents/p5m2w8c4d6ef/index.html"].decode()
    assert "<h3>What happened</h3>" in report and "<td>full</td>" in report and "alert(1)" not in report


def test_a_page_stays_as_it_was_unless_something_of_it_changed():
    later = replace(world.BUSY, revision=43, page=replace(world.BUSY.page, updated_at=world.at(20, 0)), open=())
    made = rendering.render(later, made_at=world.at(20, 1))
    assert made["en/incidents/p5m2w8c4d6ef/index.html"] == BUSY["en/incidents/p5m2w8c4d6ef/index.html"]
    assert made["en/index.html"] != BUSY["en/index.html"] and "en/incidents/k3v9q0x7a1bz/index.html" not in made


def test_a_full_page_weighs_less_than_30_kb():
    names = [f"part-{number}" for number in range(25)]
    components = tuple(
        world.component(n, slug, f"Component number {n} of many", f"第 {n} 个组件", "core", about=("What it is for", "用途")) for n, slug in enumerate(names)
    )
    bad = world.days(**{f"d{number}": ("partial_outage", 600) for number in range(12)})
    long = tuple(world.update(f"u{n}", "investigating", world.NOW, ("We are investigating why this fails. " * 4,), ("正在排查。" * 20,)) for n in range(30))
    opened = tuple(replace(world.GOING_ON, id=f"open{number}", updates=long) for number in range(3))
    past = tuple(replace(world.OVER, id=f"past{number}") for number in range(20))
    uptime = dict.fromkeys(names, world.Decimal("99.5"))
    full = replace(world.BUSY, components=components, days=dict.fromkeys(names, bad), uptime=uptime, open=opened, past=past, groups=world.BUSY.groups[:1])
    made = rendering.render(full, made_at=world.NOW)
    heaviest = public_weight(made, "zh-hans/index.html") | public_weight(made, "en/index.html")
    assert max(heaviest.values()) < 30_000, heaviest
    assert sum(len(BUSY[path]) for path in ("index.html", "assets/status.css", "assets/status.js")) < 30_000


def public_weight(made: dict[str, bytes], path: str) -> dict[str, int]:
    """Bytes on the wire of a page with its style and script."""
    from portal.public import prepare

    return {path: sum(len(prepare(one, made[one]).packed) for one in (path, "assets/status.css", "assets/status.js"))}


def components(*states: str):
    return tuple(replace(one, state=state) for one, state in zip(world.QUIET.components, states, strict=False))


@pytest.mark.parametrize(
    ("states", "open_", "indicator", "sentence"),
    [
        (("operational",), (), "none", "All services are working."),
        (("under_maintenance",), (), "maintenance", "Planned maintenance is under way."),
        (("operational", "degraded_performance"), (), "minor", "Some services work with limits."),
        (("partial_outage", "degraded_performance"), (), "major", "Some services are partly unavailable."),
        (("major_outage", "under_maintenance"), (), "critical", "Important services are unavailable."),
        (("operational",), ({"impact": "critical"},), "critical", "We are looking into a problem."),
        (("operational",), ({"impact": "none"},), "none", "We are looking into a problem."),
        (("operational", "operational"), ({"impact": "critical", "status": "monitoring"},), "minor", "Everything works again; we are still watching."),
        (("operational", "partial_outage"), ({"impact": "critical", "status": "monitoring"},), "critical", "Some services are partly unavailable."),
    ],
)
def test_the_whole_in_one_sentence_and_one_colour(states, open_, indicator, sentence):
    taken = replace(world.QUIET, components=components(*states), open=tuple(replace(world.GOING_ON, **values) for values in open_))
    assert (overall.indicator(taken), overall.sentence(taken)) == (indicator, sentence)


def test_any_accent_can_be_read_on_light_and_dark():
    for hue in range(0, 360, 15):
        for light in (0.05, 0.3, 0.5, 0.7, 0.95):
            accent = "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue / 360, light, 0.9))
            for paper in (looks.LIGHT, looks.DARK):
                assert looks.contrast(looks.readable(accent, paper), paper) >= 4.5, (accent, paper)
    assert looks.readable("#3d54d6", looks.LIGHT) == "#3d54d6"
    assert looks.known("red;}body{display:none") == looks.OWN


def test_times_are_in_the_page_s_zone():
    page = BUSY["en/index.html"].decode()
    assert '<time datetime="2026-11-21T19:20:00Z">22 Nov, 03:20 UTC+8</time>' in page
    assert '<time datetime="2026-11-12T02:00:00Z">12 Nov, 10:00</time> – <time datetime="2026-11-12T04:15:00Z">12:15 UTC+8</time>' in page


def test_one_file_alone_is_the_one_of_the_whole_edition():
    for path, body in BUSY.items():
        assert rendering.only(world.BUSY, path, made_at=world.NOW) == body, path
    for path in ("nowhere.html", "en/incidents/none/index.html", "api/v2/none.json", "api/v2/summary", "assets/none.css", ""):
        assert rendering.only(world.BUSY, path, made_at=world.NOW) is None
