"""The whole story over HTTP against `manage.py up`, with nothing mocked: from a captured alert to a resolved incident."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.listening import Listener
from tests.harness.portal import Portal
from tests.harness.servers import until
from tests.harness.smtp import Sink

pytestmark = pytest.mark.real

PAYLOADS = Path(__file__).parents[1] / "detection" / "payloads"
PASSWORD = "wo de mima hen chang 2026"


def captured(name: str) -> dict[str, Any]:
    """What a real Alertmanager sent."""
    return json.loads((PAYLOADS / f"alertmanager-prometheus-{name}.json").read_text())["body"]


@pytest.fixture(params=["sqlite", "postgres"])
def portal(request, make_portal, smtp: Sink) -> Portal:
    """Embedded, and on PostgreSQL with Redis and Celery."""
    servers = {} if request.param == "sqlite" else {"database": request.getfixturevalue("postgres")(), "redis": request.getfixturevalue("redis")}
    return make_portal(smtp=smtp.url, **servers).start()


class Story:
    """The people of the story and what they do."""

    def __init__(self, portal: Portal, smtp: Sink):
        self.portal, self.smtp = portal, smtp
        self.api = portal.api(portal.token("admin"))
        self.admin = portal.client("admin")
        self.reference = ""

    def invite(self, username: str, language: str, *roles: str) -> httpx.Client:
        """Somebody comes in by the link in a mail, in their language."""
        address = f"{username}@example.org"
        answer = self.api.post("/people/", json={"username": username, "name": username.title(), "email": address, "roles": list(roles), "language": language})
        assert answer.status_code == 201, answer.text
        mail = until(lambda: self.smtp.to(address), 30, f"the invitation of {username}")[0]
        link = re.search(r"http://\S+/accounts/invite/\S+?/", mail.text)
        assert link is not None, mail.text
        client = self.portal.client()
        form = client.get(link[0])
        assert form.status_code == 200
        path = link[0].removeprefix(self.portal.url)
        data = {"name": username.title(), "password": PASSWORD, "language": language, "time_zone": "Asia/Shanghai"}
        answer = self.portal.post(client, path, data)
        assert answer.status_code == 200 and "sessionid" in client.cookies
        assert client.get(link[0]).status_code == 410, "a link lets in once"
        return client

    def join(self, team: str, *people: str) -> None:
        """People join a team."""
        shown = self.api.get(f"/teams/{team}/").json()
        kept = {name: shown[name] for name in ("name", "duty", "lead_title", "channel", "is_response", "position")}
        answer = self.api.put(f"/teams/{team}/", json={**kept, "members": [{"person": name, "lead": number == 0} for number, name in enumerate(people)]})
        assert answer.status_code == 200, answer.text

    def notify(self, key: str, name: str) -> dict[str, Any]:
        """Alertmanager speaks."""
        answer = httpx.post(f"{self.portal.url}/ingest/alertmanager/{key}/", json=captured(name), timeout=30)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def act(self, client: httpx.Client, name: str, **data: str) -> None:
        """A press on the page, with scripts off."""
        page = self.portal.post(client, f"/incidents/{self.reference}/acts/{name}/", data)
        assert page.status_code == 200 and page.url.path == f"/incidents/{self.reference}/", f"{name}: {page.status_code} {page.url}"

    def incident(self) -> dict[str, Any]:
        """The incident as it stands."""
        return self.api.get(f"/incidents/{self.reference}/").json()

    def timeline(self) -> list[dict[str, Any]]:
        """Its whole story."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.api.get(f"/incidents/{self.reference}/timeline/", params={"after": found[-1]["seq"] if found else 0, "limit": 200}).json()["results"]
            if not page:
                return found
            found += page

    def kinds(self) -> list[str]:
        """Its kinds in order."""
        return [entry["kind"] for entry in self.timeline()]

    def has(self, kind: str, text: str = "") -> None:
        """Wait for an entry."""
        until(lambda: any(entry["kind"] == kind and text in entry["text"] for entry in self.timeline()), 40, f"{kind} {text} on the timeline", every=0.3)


def test_the_whole_story(portal: Portal, smtp: Sink):
    story = Story(portal, smtp)
    lin = story.invite("lin", "zh-hans", "commander")
    sam = story.invite("sam", "en", "responder")
    story.join("operations", "lin", "sam")
    made = story.api.put("/services/checkout/", json={"name": {"en": "Checkout", "zh-hans": "结账"}, "owner": "operations"})
    assert made.status_code == 201, made.text
    key = portal.manage("source", "alertmanager", "prometheus").strip()

    # The captured notification becomes one P1 on the right service, however often it comes.
    first = story.notify(key, "firing")
    again = story.notify(key, "firing")
    assert first["accepted"] == 1 and first["rejected"] == [] and len(first["incidents"]) == 1
    assert again["incidents"] in ([], first["incidents"])
    story.reference = first["incidents"][0]
    shown = story.incident()
    assert (shown["severity"], shown["status"], shown["services"]) == ("P1", "declared", ["checkout"])
    assert len(story.api.get("/incidents/").json()["results"]) == 1

    # The notice reaches each reader in their language, once.
    for address, words in (("lin@example.org", "事故"), ("sam@example.org", "incident")):
        mails = until(
            lambda address=address: [mail for mail in smtp.to(address) if story.reference in str(mail.message["Subject"])], 40, f"the notice to {address}"
        )
        assert words in str(mails[0].message["Subject"]).lower() + mails[0].text.lower(), mails[0].text
        assert len(mails) == 1

    # A second browser sees each entry, loses its connection, and replays exactly what it missed.
    listener = Listener(portal, sam, story.reference)
    listener.wait_for(1)
    story.act(lin, "acknowledge")
    assert story.incident()["roles"].get("commander") in ("lin", {"username": "lin"}) or "lin" in json.dumps(story.incident()["roles"])
    story.act(lin, "confirm")
    listener.wait_for(len(story.timeline()))
    listener.cut()
    answer = portal.post(lin, f"/incidents/{story.reference}/compose/", {"text": "The **payment** database is full"})
    assert answer.status_code == 200
    listener.is_open.wait(30)
    listener.wait_for(len(story.timeline()))

    # What was due and not done is said; what was done is not.
    portal.move("+6m")
    story.has("incidents.step_late")
    late = [entry["text"] for entry in story.timeline() if entry["kind"] == "incidents.step_late"]
    steps = {step["key"]: step for step in story.api.get(f"/incidents/{story.reference}/steps/").json()["results"]}
    assert any("war room" in text.lower() or "作战室" in text for text in late), late
    confirm = next(step for name, step in steps.items() if name.endswith("confirm"))
    assert confirm["done_at"] is not None and not any("Confirm that it is real" in text for text in late)

    # Through its states to the watch; the resolved notification is told.
    story.act(lin, "status", to="diagnosing", note="")
    story.act(lin, "status", to="fixing", note="adding disk")
    story.act(lin, "status", to="verifying", note="")
    story.act(lin, "status", to="watching", note="")
    assert story.incident()["status"] == "watching"
    assert story.notify(key, "resolved")["accepted"] == 1
    alerts = story.api.get("/alerts/", params={"status": "firing"}).json()["results"]
    assert alerts == []
    portal.move("+31m")
    story.act(lin, "status", to="resolved", note="disk grown, latency normal")
    story.has("incidents.state", "")
    assert story.incident()["status"] == "resolved"
    clocks = story.api.get(f"/incidents/{story.reference}/clocks/").json()["results"]
    assert {clock["kind"] for clock in clocks} >= {"rto", "watch"} and all(clock["stopped"] for clock in clocks if clock["kind"] in {"rto", "watch"})

    # The same story for everybody, once, whole, and proved.
    told = story.timeline()
    assert [entry["seq"] for entry in told] == list(range(1, len(told) + 1))
    listener.wait_for(len(told))
    listener.close()
    assert listener.seqs == [entry["seq"] for entry in told][listener.seqs[0] - 1 :]
    assert portal.manage("verify_timeline", story.reference).strip().endswith("0 findings")
    until(lambda: not story.api.get("/deliveries/", params={"state": "due"}).json()["results"], 60, "all deliveries being settled", every=0.5)
    ids = [mail.message_id for mail in smtp.mails]
    assert len(ids) == len(set(ids)), "a mail went out twice"
    assert portal.manage("audit", "--strict", check=False).startswith("0\n"), portal.manage("audit", "--strict", check=False)
