"""Backup and restore as an operator does them: from SQLite into PostgreSQL and back, with what was waiting held."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.portal import Portal
from tests.harness.servers import until

pytestmark = pytest.mark.real


TEAM = {"name", "duty", "lead_title", "channel", "is_response", "position"}


def rows_of(archive: Path) -> dict[str, str]:
    """The rows of an archive by table, but for what a restore adds; a value sealed anew has another seal each time."""
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if name.startswith("rows/") and name != "rows/comms.hold.jsonl"]
        found = {name: re.sub(r'"vault1:[^"]+"', '"sealed"', opened.read(name).decode()) for name in names}
    alarms = "rows/comms.alarm.jsonl"
    return {**found, alarms: "".join(line for line in found[alarms].splitlines(keepends=True) if '"code":"held"' not in line)}


def busy(portal: Portal) -> Portal:
    """With people, incidents, pictures of all kinds of columns, and a mail that waits for a server that is away."""
    api = portal.api(portal.token("admin"))
    api.post("/people/", json={"username": "ada", "name": "Ada", "email": "ada@example.org", "roles": ["responder"]}).raise_for_status()
    kept = {name: value for name, value in api.get("/teams/database/").json().items() if name in TEAM}
    api.put("/teams/database/", json={**kept, "members": [{"person": "ada", "lead": True}]}).raise_for_status()
    made = api.post("/incidents/", json={"title": "数据库 is slow ✓", "severity": "P2", "services": ["primary-database"], "users_affected_percent": 33.3})
    reference = made.json()["reference"]
    assert api.post(f"/incidents/{reference}/timeline/", json={"text": "Looking at **locks**"}).status_code == 201
    api.post(f"/incidents/{reference}/transitions/", json={"to": "confirmed"})
    source = portal.manage("source", "generic", "Scripts").strip()
    httpx.post(f"{portal.url}/ingest/generic/{source}/", json={"title": "Disk", "severity": "P1", "service": "cache"}).raise_for_status()
    until(lambda: api.get("/deliveries/", params={"state": "due"}).json()["results"], 30, "a mail that waits")
    return portal


@pytest.fixture
def archive(make_portal: Any, tmp_path: Path) -> Path:
    portal = busy(make_portal(smtp="smtp://127.0.0.1:9").start())
    path = tmp_path / "backup.zip"
    said = portal.manage("backup", str(path))
    assert "rows" in said and path.stat().st_mode & 0o777 == 0o600
    portal.stop()
    return path


def test_an_archive_goes_from_sqlite_into_postgresql_and_back_unchanged(archive, make_portal, postgres, tmp_path):
    there = make_portal(database=postgres())
    assert "are held" in there.manage("restore", str(archive))
    assert there.manage("audit", "--strict").startswith("clean")
    there.manage("verify_timeline")
    assert there.manage("backup", str(tmp_path / "there.zip"))
    back = make_portal()
    back.manage("restore", str(tmp_path / "there.zip"))
    assert back.manage("audit", "--strict").startswith("clean")
    back.manage("backup", str(tmp_path / "back.zip"))
    first, second, third = rows_of(archive), rows_of(tmp_path / "there.zip"), rows_of(tmp_path / "back.zip")
    assert first.keys() == second.keys() == third.keys()
    for name, lines in first.items():
        for other in (second, third):
            assert [json.loads(line) for line in other[name].splitlines()] == [json.loads(line) for line in lines.splitlines()], name


def test_what_was_waiting_is_held_until_somebody_drops_it(archive, make_portal, smtp):
    portal = make_portal(smtp=smtp.url)
    portal.manage("restore", str(archive))
    portal.start()
    api = portal.api(portal.token("admin"))
    held = api.get("/held/").json()
    assert held["messages"] >= 1 and held["since"]
    made = api.post("/incidents/", json={"title": "A new one", "severity": "P2", "services": ["primary-database"]})
    assert made.status_code == 201, "the portal works meanwhile"
    page = portal.client("admin").get("/")
    assert "Restored from a backup" in page.text
    assert portal.manage("audit").startswith("clean")
    assert smtp.mails == []
    assert api.post("/held/", json={"decision": "drop"}).json() == {"since": None, "as_of": None, "messages": 0, "letters": 0, "notices": 0}
    assert api.post("/held/", json={"decision": "drop"}).status_code == 409
    api.post("/incidents/", json={"title": "After the word", "severity": "P2", "services": ["primary-database"]})
    until(lambda: smtp.mails, 30, "the mail of an incident that came later")
    assert all("After the word" in mail.text for mail in smtp.mails)


def test_an_archive_is_not_restored_over_a_portal_in_use(archive, make_portal):
    portal = make_portal()
    portal.manage("prepare")
    portal.manage("demo")
    assert "in use" in portal.manage("restore", str(archive), check=False)


def test_a_portal_that_was_only_prepared_is_as_good_as_empty(archive, make_portal):
    portal = make_portal()
    portal.manage("prepare")
    assert "are held" in portal.manage("restore", str(archive))
    assert portal.manage("audit").startswith("clean")
