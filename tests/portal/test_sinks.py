"""A canary walks past every way out: no word of a private incident reaches who may not see it, and every page belongs to a sink."""

import base64
import contextlib
import json
import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import tokens
from comms import drain, lanes, obligations, reasons, sweeps
from comms.channels import email
from comms.models import Announcement, Delivery, Obligation, Subscriber
from comms.preconditions import objection
from comms.public_words import Words
from comms.rendering import render
from detection import candidates, guard, keys, silences
from detection.models import Alert, Candidate, Silence
from incidents import lifecycle, panels, playbook
from incidents.models import Incident, Membership, Role, Step, Team
from lib import clock, sinks
from portal import access, alarm, auditor
from postmortems import actions, opening, sections
from postmortems.models import ActionItem
from statuspage import changes, drafts, editions
from statuspage.models import Post, PostUpdate, PublishedFile
from statuspage.telling import Telling
from tests.detection.conftest import make_alert, notification
from tests.portal.conftest import Stream
from tests.portal.test_access import address, routes
from tests.portal.test_live import ticket_of

WORD = "zqkanari7"  # in every canary, and in nothing else
KEY = "0123456789abcdef0123456789abcdef"
PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
# Names of all people stand here anyway; that the canary person plays a part in the incident does not.
SHOW_EVERYBODY = ("accounts:people", "accounts:person", "api:person-list", "api:person-detail", "incidents:team", "incidents:act", "incidents:commands")


@dataclass
class World:
    """A private incident full of canaries, another that grew from a candidate, and a public one beside them."""

    secret: Incident
    grown: Incident
    public: Incident
    member: Any
    outsider: Any
    source: Any


def reading() -> dict[str, str]:
    """All routes that take GET, with their patterns."""
    return {name: path for name, path, _view in routes() if "GET" in access.rules().get(name, {})}


@cache
def sink_of(route: str) -> list[str]:
    """The sinks that a route is part of; "nowhere" for what is declared to lead to no incident."""
    found = [name for name, sink in sinks.declared().items() if any(fnmatchcase(route, pattern) for pattern in sink.routes)]
    return found + ["nowhere" for pattern in sinks.leading_nowhere() if fnmatchcase(route, pattern)]


def post_alert(**labels: Any) -> Any:
    guard.forget()
    payload = json.dumps(notification(make_alert(**labels)))
    answer = Client().post(f"/ingest/alertmanager/{KEY}/", payload, content_type="application/json")
    assert answer.status_code == 202, answer.content
    return answer


@pytest.fixture
def world(person: Any) -> World:
    """Everything that a private incident can hold is a canary."""
    member, outsider = person("mona", roles=["admin"], extra_abilities=["see_private"]), person("otto", roles=["admin"])
    scribe = person("zqkanari7scribe", name="Zqkanari7 Scribe")
    for who in (member, outsider):  # the teams that are told of a P1
        Membership.objects.create(team=Team.objects.get(slug="operations"), person=who, is_lead=who is outsider)
    source = keys.create("alertmanager", "Alertmanager", actor=None, key=KEY)[0]
    post_alert(name="Zqkanari7Down", team="zqkanari7label", instance="zqkanari7host")
    secret = close(Incident.objects.get(), member)
    lifecycle.edit(secret, actor=member, title="Breach zqkanari7title", summary="Breach zqkanari7summary", users_affected_percent=12)
    lifecycle.acknowledge(secret, actor=member)
    lifecycle.assign(secret, Role.SCRIBE, scribe, actor=member)
    entry = lifecycle.note(secret, "Breach zqkanari7note", actor=member)
    lifecycle.redact(secret, entry.seq, actor=member, reason="zqkanari7reason")
    lifecycle.note(secret, "Breach zqkanari7second", actor=member, shown=[PICTURE])
    obligations.update(secret, "Breach zqkanari7update", actor=member)
    written = opening.make(lifecycle.hold(secret.pk), actor=member, now=clock.now())
    sections.save(sections.named(written, "went_well"), "Breach zqkanari7words", base=0, actor=member)
    actions.add(written, actor=member, title="Breach zqkanari7action", acceptance="zqkanari7acceptance", owner=member)
    drafts.save(secret, Telling("investigating", title={"en": "Breach zqkanari7draft"}, free={"en": "Breach zqkanari7words"}), actor=member)
    now = clock.now()
    words = Words("identified", free={"en": "Breach zqkanari7letter"}).dump()
    Announcement.objects.create(incident=secret, words=words, created_by=member, created_at=now)
    Step.objects.create(
        incident=secret, list="response", key="canary", title={"en": "zqkanari7step", "zh-hans": "zqkanari7step"}, role=Role.COMMANDER, due_at=now
    )
    post_alert(name="Zqkanari7Slow", severity="warning", service="auth-service", team="zqkanari7label")
    candidate = Candidate.objects.get()
    grown = close(candidates.accept(candidate, actor=member), member)
    silences.create([{"label": "alertname", "op": "=~", "value": "Nothing.*"}], ends=clock.now() + timedelta(hours=1), actor=outsider)
    public = lifecycle.declare(title="Harmless", severity="P2", services=["api-gateway"], actor=outsider, source="test")
    Incident.objects.filter(pk=public.pk).update(related_to=secret)
    Incident.objects.filter(pk=secret.pk).update(related_to=grown)
    return World(Incident.objects.get(pk=secret.pk), grown, Incident.objects.get(pk=public.pk), member, outsider, source)


def close(incident: Incident, member: Any) -> Incident:
    return lifecycle.set_private(incident, True, actor=member)


def send_all() -> None:
    """Fan out and send, one lane after the other: threads would not see this test's rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "run", lambda waiting: sum(drain.work(lane) for lane in waiting))
        for _round in range(20):
            if not sweeps.fan_out() + sweeps.drain_outbox():
                return
    raise AssertionError("the outbox never comes to rest")


def values(world: World, route: str, name: str) -> list[Any]:
    """What a route's part `name` is filled with. A new page with another part says here what leads to the incident."""
    incidents = (world.secret, world.grown, world.public)
    ids = {
        "detection:alert": Alert,
        "api:silence-detail": Silence,
        "api:alert-detail": Alert,
        "api:candidate-detail": Candidate,
        "comms:message": Delivery,
        "comms:announcement": Announcement,
        "api:announcement-detail": Announcement,
        "api:delivery-detail": Delivery,
        "postmortems:action": ActionItem,
        "api:action-item-detail": ActionItem,
    }
    if route in ids:
        return list(ids[route].objects.values_list("pk", flat=True))  # type: ignore[attr-defined]
    known: dict[tuple[str, str], list[Any]] = {
        ("incidents:panel", "name"): [panel.name for panel in panels.ordered()],
        ("incidents:act", "name"): ["note", "severity", "assign", "merge", "split"],
        ("incidents:service", "slug"): ["api-gateway", "auth-service"],
        ("incidents:team", "slug"): ["operations"],
        ("detection:source", "slug"): [world.source.slug],
        ("statuspage:preview-file", "name"): ["en/", "api/v2/summary.json"],
        ("statuspage:component", "slug"): ["api-gateway"],
        ("api:component-detail", "slug"): ["api-gateway"],
        ("api:source-detail", "slug"): [world.source.slug],
        ("api:service-changes", "slug"): ["api-gateway"],
        ("api:audit-detail", "seq"): [1, 2, 3],
        ("api:mapping-detail", "pk"): [1],
        ("api:incident-picture", "digest"): list(world.secret.pictures.values_list("digest", flat=True)),
        ("incidents:picture", "digest"): list(world.secret.pictures.values_list("digest", flat=True)),
        ("incidents:picture-content", "key"): ["forged"],
        ("postmortems:row", "seq"): [1, 2],
        ("postmortems:act", "name"): ["submit", "waive", "author"],
    }
    if route in ("postmortems:section", "postmortems:section-history", "api:postmortem-section", "api:postmortem-section-versions"):
        known[route, "name"] = ["went_well", "root_cause.direct"]
    if name == "reference":
        return [incident.reference for incident in incidents]
    return [KEY] if route.startswith("detection:ingest-") else known[route, name]


def addresses(world: World, route: str, pattern: str) -> list[str]:
    """Addresses of a route that lead to the private incidents if anything does, plain and with filters that would find them."""
    if sink_of(route) == ["nowhere"]:
        return [address(pattern)]
    found = ["/" + pattern]
    for part, name in re.findall(r"(<(?:\w+:)?(\w+)>)", pattern):
        found = [one.replace(part, str(value), 1) for one in found for value in values(world, route, name)]
    alert = Alert.objects.filter(incident=world.secret)[0]
    wide = f"?q=Breach&status=&state=&incident={world.secret.reference}&alert={alert.pk}"
    return found if "<" in pattern else ["/" + pattern, "/" + pattern + wide]


def told(answer: Any) -> str:
    """All that an answer says, headers included."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode(errors="replace") + "\n" + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())


def canaries(text: str) -> list[str]:
    """Each canary with the words around it."""
    return [text[max(0, one.start() - 60) : one.end() + 40] for one in re.finditer(f"(?i){WORD}", text)]


def leaks(world: World, route: str, asked: str, text: str) -> list[str]:
    """Canaries and private references in `text`; a reference that was asked for is no news."""
    text = re.sub("(?i)zqkanari7 ?scribe", "", text) if route in SHOW_EVERYBODY else text
    found = canaries(text)
    names_reference = any(name != "nowhere" and sinks.declared()[name].names_reference for name in sink_of(route))
    if not names_reference:
        found += [one.reference for one in (world.secret, world.grown) if one.reference in text and one.reference not in asked]
    return found


def test_every_page_belongs_to_one_sink_or_is_declared_to_lead_nowhere():
    wrong = {route: sink_of(route) for route in reading() if len(sink_of(route)) != 1}
    assert wrong == {}, "say in the room's sinks.py which way out this page is"


def test_every_declared_route_is_one():
    patterns = {pattern for sink in sinks.declared().values() for pattern in sink.routes} | sinks.leading_nowhere()
    assert sorted(pattern for pattern in patterns if not any(fnmatchcase(route, pattern) for route in reading())) == []


def test_every_sink_is_walked():
    assert {name for name, sink in sinks.declared().items() if not sink.routes} <= {*OTHER_WAYS, *STREAMS} <= set(sinks.declared())


@pytest.mark.parametrize("reader", ["admin", "token", "public"])
@pytest.mark.django_db
def test_no_word_of_a_private_incident_reaches_who_may_not_see_it(reader, world):
    send_all()
    client = Client(raise_request_exception=False)
    if reader == "token":
        _token, secret = tokens.issue("machine", world.outsider, ["admin"], actor=None)
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    elif reader == "admin":
        client.force_login(world.outsider)
    found, opened = {}, 0
    for route, pattern in reading().items():
        if reader == "token" and not route.startswith("api:"):
            continue  # a token opens no page
        for asked in addresses(world, route, pattern):
            answer = client.get(asked)
            opened += answer.status_code == 200
            assert answer.status_code < 500 or route == "portal:readyz", asked
            if told_here := leaks(world, route, asked, told(answer)):
                found[asked] = told_here
    assert found == {}
    assert opened > {"admin": 60, "token": 20, "public": 1}[reader], "the walk is blind"


@pytest.mark.django_db
def test_who_may_see_it_finds_it_in_every_sink(world, client):
    send_all()
    client.force_login(world.member)
    blind = set()
    for name, sink in sinks.declared().items():
        if not sink.routes or sink.is_mute:
            continue
        pages = [asked for route, pattern in reading().items() if sink_of(route) == [name] for asked in addresses(world, route, pattern)]
        texts = (told(client.get(asked)) for asked in pages)  # asked for until one of them finds it
        if not any(WORD in text.lower() or (sink.names_reference and world.secret.reference in text) for text in texts):
            blind.add(name)
    assert blind == set()


@pytest.mark.django_db
def test_health_tells_nobody_that_something_private_goes_on(world, client, person):
    client.force_login(person("rui"))
    lifecycle.transition(world.public, "dismissed", actor=world.outsider, note="")
    assert "Outage" not in client.get("/services/").content.decode()


# --- ways out that are no pages -------------------------------------------------------------------------------


def by_mail(world: World, **_: Any) -> str:
    """Every message as it goes over the wire, decoded."""
    sweeps.fan_out()
    found = ""
    for row in Delivery.objects.filter(incident__in=[world.secret, world.grown]):
        assert Incident.objects.visible_to(row.person).filter(pk=row.incident_id).exists()
        mail = message_from_bytes(email.compose(render(row))[1], policy=policy.default)
        parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
        found += "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts])
    assert "Private incident" in found
    return re.sub("(?i)zqkanari7 ?scribe", "", found).replace(world.secret.reference, "").replace(world.grown.reference, "")  # its readers may know


def by_console(world: World, caplog: Any, **_: Any) -> str:
    with caplog.at_level(logging.INFO):
        send_all()
    assert "Private incident" in caplog.text
    return re.sub("(?i)zqkanari7 ?scribe", "", caplog.text)


def by_recorder(world: World, **_: Any) -> str:
    Incident.objects.filter(pk=world.public.pk).update(is_drill=True)
    close(world.public, world.member)
    lifecycle.edit(world.public, actor=world.member, title="Exercise zqkanari7drill")
    send_all()
    rows = Delivery.objects.filter(incident=world.public)
    assert rows
    return " ".join(f"{row.subject} {row.body} {row.params} {row.answer}" for row in rows)


def by_webhook(world: World, **_: Any) -> str:
    """What a webhook would get of a letter in standard words; and it does not get even that."""
    reader = Subscriber.objects.create(channel="webhook", address="https://hooks.example.test/", secret="whsec_", created_at=clock.now())
    letter = Announcement.objects.create(incident=world.secret, state="sent", words=Words("identified").dump(), created_at=clock.now())
    row = Delivery(key="k", kind="users.announcement", channel="webhook", incident=world.secret, announcement=letter, subscriber=reader)
    row.created_at = row.not_before = clock.now()
    row.save()
    assert objection(row) == reasons.NOT_NAMED
    return render(row).text


def by_alarm(world: World, monkeypatch: Any, settings: Any, caplog: Any, **_: Any) -> str:
    sent: list[Any] = []
    settings.ALARM_URL = "http://alarm.example/x"
    monkeypatch.setattr(alarm, "post", lambda url, body: sent.append(body) or True)
    alarm.told.clear()
    break_promises(world)
    with caplog.at_level(logging.INFO):
        auditor.run()
    assert "private incident" in str(sent)
    return str(sent) + caplog.text


def by_command(world: World, capsys: Any, **_: Any) -> str:
    break_promises(world)
    for line in (["audit", "--strict"], ["verify_timeline"]):
        with contextlib.suppress(SystemExit):
            call_command(*line)
    text = capsys.readouterr().out
    assert world.secret.reference in text
    return text


def by_error(world: World, **_: Any) -> str:
    client = Client(raise_request_exception=False)
    client.force_login(world.outsider)
    texts = []
    for path in (f"/incidents/{world.secret.reference}/", f"/api/v1/incidents/{world.secret.reference}/"):
        for accept in ("text/html", "application/json"):
            there, nowhere = (
                client.get(path, headers={"Accept": accept}),
                client.get(path.replace(world.secret.reference, "INC-1999-001"), headers={"Accept": accept}),
            )
            assert there.status_code == nowhere.status_code == 404
            texts.append(told(there).replace(world.secret.reference, ""))
    return "\n".join(texts)


def by_ingest(world: World, **_: Any) -> str:
    answer = post_alert(name="Zqkanari7More", team="zqkanari7label")
    assert Alert.objects.filter(incident=world.secret, name="Zqkanari7More").exists()
    return told(answer)


def by_log(world: World, caplog: Any, **_: Any) -> str:
    with caplog.at_level(logging.INFO):
        send_all()
        break_promises(world)
        auditor.run()
        client = Client(raise_request_exception=False)
        client.force_login(world.member)
        for path in ("", "head/", "story/"):
            assert client.get(f"/incidents/{world.secret.reference}/{path}").status_code == 200
    assert caplog.records
    return re.sub("(?i)zqkanari7 ?scribe", "", caplog.text)


def break_promises(world: World) -> None:
    """What the audit finds of a private incident: an update that nobody kept, a step that nobody missed, a broken story."""
    past = clock.now() - timedelta(hours=3)
    Obligation.objects.filter(incident=world.secret).update(due_at=past)
    Step.objects.filter(incident=world.secret).update(due_at=past)
    Incident.objects.filter(pk=world.secret.pk).update(last_hash="0" * 64)


def by_public_files(world: World, **_: Any) -> str:
    """The whole public page, after words of their own were published on the private incident."""
    now = clock.now()
    values = {"title": {"en": "Own words", "zh-hans": "自拟文字"}, "created_at": now, "updated_at": now}
    post, _made = Post.objects.update_or_create(incident=world.secret, defaults=values)
    said = {"en": ["Said in public."], "zh-hans": ["公开说明。"]}
    PostUpdate.objects.create(post=post, number=900, kind="investigating", status="investigating", published_at=now, paragraphs=said)
    changes.touch()
    editions.publish()
    text = " ".join(bytes(row.content).decode(errors="replace") for row in PublishedFile.objects.all())
    assert "Own words" in text and "公开说明。" in text
    return text


OTHER_WAYS = {
    "comms.email": by_mail,
    "comms.console": by_console,
    "comms.recorder": by_recorder,
    "comms.webhook": by_webhook,
    "detection.ingest": by_ingest,
    "portal.alarm": by_alarm,
    "portal.commands": by_command,
    "portal.errors": by_error,
    "portal.logs": by_log,
    "statuspage.files": by_public_files,
}
STREAMS = ("portal.live", "portal.api_stream")


@pytest.mark.parametrize("way", sorted(OTHER_WAYS))
@pytest.mark.django_db
def test_no_word_leaves_by_any_other_way(way, world, monkeypatch, settings, caplog, capsys):
    text = OTHER_WAYS[way](world, monkeypatch=monkeypatch, settings=settings, caplog=caplog, capsys=capsys)
    found = canaries(text)
    if not sinks.declared()[way].names_reference:
        found += [one.reference for one in (world.secret, world.grown) if one.reference in text]
    assert found == []


@pytest.mark.django_db(transaction=True)
def test_no_stream_says_a_word_of_it(live, person):
    playbook.load()
    member, outsider = person("mona", roles=["commander"]), person("otto", roles=["admin"])
    secret = lifecycle.declare(title="Breach zqkanari7title", severity="P1", services=["api-gateway"], actor=member, private=True)
    lifecycle.note(secret, "Breach zqkanari7note", actor=member)
    tickets = {who: ticket_of(who) for who in (member, outsider)}
    bearers = {who: f"Bearer {tokens.issue('machine', who, ['read'], actor=None)[1]}" for who in (member, outsider)}
    where, path = f"at={secret.reference}:0,board:0", f"/api/v1/incidents/{secret.reference}/stream/"

    async def scenario(front: Any) -> None:
        for who in (member, outsider):
            page = await Stream(front).open("/live/", f"ticket={tickets[who]}&{where}")
            machine = await Stream(front).open(path, authorization=bearers[who])
            if who is member:
                for one in (page, machine):
                    await one.until(lambda one=one: b"zqkanari7note" in one.raw)
            else:
                await page.until(lambda page=page: page.named("gone"))
                assert machine.status == 404
                assert b"zqkanari7" not in page.raw + machine.raw
                assert not page.named("entry") and not page.named("moved")
            await page.close()
            await machine.close()

    live(scenario)
