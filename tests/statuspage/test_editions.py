"""When the files are made anew, what stays as it was, and who notices when they are not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from incidents import playbook
from lib import clock as product_clock
from lib import failpoints
from statuspage import audit, changes, editions, files, rendering
from statuspage.folder import Folder
from statuspage.models import Component, Edition, PublicPage, PublishedFile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _place(settings, tmp_path):
    settings.STATUS_DIR = tmp_path / "status"
    playbook.in_force()


def rename(name: str) -> None:
    """Something that the public reads changes."""
    PublicPage.objects.update_or_create(pk=1, defaults={"name": name, "updated_at": product_clock.now()})
    changes.touch()


def rows() -> dict[str, tuple[str, datetime]]:
    return {row.path: (row.etag, row.made_at) for row in PublishedFile.objects.all()}


def lying() -> dict[str, bytes]:
    folder = editions.folder()
    return {path: (folder.root / path).read_bytes() for path in folder.paths()}


def test_the_first_look_makes_all_files_as_rows_and_in_the_folder():
    assert editions.publish() == 1
    found = {row.path: bytes(row.content) for row in PublishedFile.objects.all()}
    assert {"index.html", "en/index.html", "zh-hans/index.html", "api/v2/summary.json", "404.html", "fresh.json", "assets/status.css"} <= set(found)
    assert lying() == found
    row = PublishedFile.objects.get(path="api/v2/summary.json")
    assert (row.content_type, row.etag, row.revision) == ("application/json", files.etag(bytes(row.content)), changes.state()[0])
    state = editions.state()
    assert state["ok"] and state["mirrored"] and state["published"] == state["revision"] == row.revision and state["seconds_since_check"] < 60
    assert audit.invariants(full=True) == []


def test_nothing_is_made_while_nothing_changed(django_assert_max_num_queries, monkeypatch):
    editions.publish()
    monkeypatch.setattr(rendering, "render", None)
    with django_assert_max_num_queries(4):
        assert editions.publish() == 0


def test_many_changes_are_one_edition_and_what_did_not_change_stays(monkeypatch):
    editions.publish()
    before, made = rows(), []
    render = rendering.render
    monkeypatch.setattr(rendering, "render", lambda *words, **named: made.append(1) or render(*words, **named))
    for name in ("One", "Two", "Three"):
        rename(name)
    assert editions.publish() == 1 and made == [1]
    after = rows()
    assert after["assets/icon.svg"] == before["assets/icon.svg"] and after["index.html"] != before["index.html"]
    assert b"Three" in lying()["en/index.html"] and b"Three" in lying()["en/history/index.html"]


def test_files_that_vanish_go_from_rows_and_folder():
    PublicPage.objects.create(logo=b"\x89PNG", logo_type="image/png", updated_at=product_clock.now())
    editions.publish()
    assert "assets/logo.png" in lying()
    PublicPage.objects.update(logo=None)
    changes.touch()
    editions.publish()
    assert "assets/logo.png" not in lying() and not PublishedFile.objects.filter(path="assets/logo.png").exists()


def test_fresh_json_says_each_minute_that_somebody_looked(monkeypatch):
    editions.publish()
    before = json.loads(lying()["fresh.json"])
    old = {path: row for path, row in rows().items() if path != files.FRESH}
    Edition.objects.update(checked_at=product_clock.real() - timedelta(seconds=61))
    assert editions.publish() == 0
    after = json.loads(lying()["fresh.json"])
    assert set(after) == {"made_at", "checked_at", "revision"}
    assert after["made_at"] == before["made_at"] and after["checked_at"] >= before["checked_at"]
    assert {path: row for path, row in rows().items() if path != files.FRESH} == old


def test_the_bars_move_at_midnight_in_utc(clock):
    clock.at(datetime(2027, 3, 9, 23, 58, tzinfo=UTC))
    editions.publish()
    before = lying()["en/index.html"]
    clock.move("+1m")
    assert editions.publish() == 0
    clock.at(datetime(2027, 3, 10, 0, 0, 1, tzinfo=UTC))
    assert editions.publish() == 1
    assert lying()["en/index.html"] != before


def test_only_one_of_two_makers_works_and_the_slow_one_writes_nothing(monkeypatch):
    editions.publish()
    rename("First")
    slow = editions.claim()
    assert slow is not None and editions.claim() is None and editions.publish() == 0
    Edition.objects.update(lease_until=product_clock.now() - timedelta(seconds=1))
    assert editions.publish() == 1
    rename("Second")
    kept = rows()
    assert editions.work(slow, editions.wanted(product_clock.now()), product_clock.now()) == 0
    assert rows() == kept
    assert editions.publish() == 1


def test_a_maker_that_fails_holds_up_nobody(monkeypatch):
    editions.publish()
    rename("Next")
    render = rendering.render
    monkeypatch.setattr(rendering, "render", lambda *_words, **_named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        editions.publish()
    monkeypatch.setattr(rendering, "render", render)
    assert editions.publish() == 1


def test_what_was_stored_before_a_crash_reaches_the_folder_after_it(settings):
    editions.publish()
    rename("After the crash")
    settings.FAILPOINTS = "statuspage.after_rows=raise"
    with pytest.raises(failpoints.FailpointHit):
        editions.publish()
    assert b"After the crash" not in lying()["en/index.html"]
    assert not editions.state()["mirrored"]
    settings.FAILPOINTS = ""
    assert editions.publish() == 0
    assert b"After the crash" in lying()["en/index.html"]


def test_any_other_folder_is_brought_in_step_with_the_rows(tmp_path):
    editions.publish()
    other = Folder(tmp_path / "other machine")
    assert editions.bring_in_step(other)
    assert not editions.bring_in_step(other)
    assert {path: (other.root / path).read_bytes() for path in other.paths()} == lying()
    (other.root / "index.html").write_bytes(b"somebody was here")
    assert editions.bring_in_step(other)
    assert (other.root / "index.html").read_bytes() == lying()["index.html"]


def test_the_audit_notices_files_that_are_old_or_say_something_else():
    assert audit.invariants(full=True) == []
    editions.publish()
    Edition.objects.update(checked_at=product_clock.real() - timedelta(minutes=4))
    assert audit.invariants() == ["the public page's files have not been looked at for 240 s"]
    assert not editions.state()["ok"]
    Edition.objects.update(checked_at=product_clock.real())
    component = Component.objects.first()
    Component.objects.filter(pk=component.pk).update(name={"en": "Renamed behind the back", "zh-hans": "改名"})
    assert audit.invariants() == []
    assert "the public file api/v2/components.json is not what the rows say" in audit.invariants(full=True)


def test_an_upgrade_makes_them_anew(monkeypatch):
    editions.publish()
    monkeypatch.setattr(editions, "maker", lambda: "another code")
    assert editions.publish() == 1


def test_a_folder_that_cannot_be_written_fails_loudly_and_the_rows_are_there(settings, tmp_path):
    settings.STATUS_DIR = tmp_path / "file" / "status"
    Path(tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        editions.publish()
    assert PublishedFile.objects.filter(path="index.html").exists()
