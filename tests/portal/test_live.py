"""Live streams: each entry once, in order, to those who may see it, for as long as they may."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken
from incidents import lifecycle, playbook
from incidents.models import Grant, Incident
from portal import hub as hub_module
from portal import live as tickets
from portal import stories, streams
from portal.live import BadTicket, Ticket
from tests.portal.conftest import Stream, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _playbook(db):
    playbook.in_force()


@pytest.fixture
def commander(person):
    return person("cara", roles=["commander"])


@pytest.fixture
def viewer(person):
    return person("vic", roles=["viewer"])


@pytest.fixture
def incident(commander):
    return lifecycle.declare(title="API answers 500", severity="P1", services=["api-gateway"], actor=commander, source="test")


def session_of(user) -> str:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.session.session_key


def ticket_of(user, language: str = "en") -> str:
    return tickets.seal(Ticket(user=user.pk, language=language, session=session_of(user)))


def note(incident, commander, text: str = "seen"):
    return lambda: lifecycle.note(Incident.objects.get(pk=incident.pk), text, actor=commander)


def last(incident) -> int:
    return Incident.objects.get(pk=incident.pk).last_seq


def test_a_page_gets_a_ticket_for_its_session(client, viewer):
    client.force_login(viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post("/live/ticket/")
    assert answer.status_code == 200 and answer.json()["expires_in"] == 60
    opened = tickets.unseal(answer.json()["ticket"])
    assert (opened.user, opened.session) == (viewer.pk, client.session.session_key)
    assert client.session.session_key not in answer.json()["ticket"]


def test_nobody_gets_a_ticket_without_a_session(client):
    assert client.post("/live/ticket/", headers={"accept": "application/json"}).status_code in {302, 401, 403}


def test_a_forged_ticket_is_none(viewer):
    good = ticket_of(viewer)
    for bad in ("", "x", good[:-3] + "abc", good[5:]):
        with pytest.raises(BadTicket):
            tickets.unseal(bad)


@pytest.mark.parametrize(
    "text", ["INC-1", "INC-1:", "INC-1:x", ":3", "INC-1:-1", ",".join(f"a{number}:1" for number in range(51)), f"{'x' * 41}:1", "INC-1:9999999999999999"]
)
def test_what_is_no_position_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        tickets.parse_at(text)


def test_a_reader_hears_what_it_missed_and_then_what_comes(live, commander, viewer, incident):
    seen = last(incident)
    for text in ("one", "two", "three"):
        note(incident, commander, text)()

    async def scenario(front):
        one = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{seen + 1}")
        assert one.status == 200
        assert one.headers["content-type"].startswith("text/event-stream") and one.headers["x-accel-buffering"] == "no"
        await one.until(lambda: len(one.seqs) == 2)
        hello = one.events[0]
        assert hello.name == "hello" and hello.data["at"] == {incident.reference: seen + 3}
        await write(note(incident, commander, "<script>four"))
        await one.until(lambda: len(one.seqs) == 3)
        assert one.seqs == [seen + 2, seen + 3, seen + 4]
        entry = one.named("entry")[-1]
        assert entry.id == f"{incident.reference}:{seen + 4}"
        assert entry.data["kind"] == "incidents.note" and "<script" not in entry.data["html"] and f"e{seen + 4}" in entry.data["html"]
        moved = await one.until(lambda: [event for event in one.named("moved") if event.data["seq"] == seen + 4])
        assert moved[-1].data["topic"] == "incident"
        await one.close()
        assert not front.hub.listeners and not front.hub.frames

    ticket = ticket_of(viewer)
    live(scenario)


def test_each_language_is_encoded_once_however_many_listen(live, commander, viewer, incident, monkeypatch):
    made = []
    real = stories._event
    monkeypatch.setattr(stories, "_event", lambda reference, line, is_api: made.append(line.seq) or real(reference, line, is_api))
    seen = last(incident)
    words = [ticket_of(viewer) for _ in range(5)] + [ticket_of(viewer, "zh-hans")]

    async def scenario(front):
        readers = [await Stream(front).open("/live/", f"ticket={word}&at={incident.reference}:{seen}") for word in words]
        await write(note(incident, commander))
        for reader in readers:
            await reader.until(lambda reader=reader: reader.seqs == [seen + 1])
        assert made.count(seen + 1) == 2
        for reader in readers:
            await reader.close()

    live(scenario)


def test_a_reader_that_comes_back_hears_each_entry_exactly_once(live, commander, viewer, incident):
    seen = last(incident)
    ticket = ticket_of(viewer)

    async def scenario(front):
        heard: list[int] = []
        for round_number in range(6):
            reader = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{heard[-1] if heard else seen}")
            await write(note(incident, commander, f"round {round_number}"))
            if round_number % 2:
                await reader.until(lambda reader=reader: reader.seqs)
            await reader.close()
            heard += reader.seqs
        reader = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{heard[-1] if heard else seen}")
        await reader.until(lambda: not reader.named("hello") or (heard + reader.seqs)[-1:] == [seen + 6])
        await reader.close()
        assert heard + reader.seqs == list(range(seen + 1, seen + 7))

    live(scenario)


def test_a_slow_reader_costs_no_memory_and_misses_nothing(live, commander, viewer, incident):
    seen = last(incident)
    ticket = ticket_of(viewer)

    async def scenario(front):
        slow = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{seen}")
        quick = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{seen}")
        slow.flowing.clear()
        for number in range(8):
            await write(note(incident, commander, str(number)))
        await quick.until(lambda: quick.seqs == list(range(seen + 1, seen + 9)))
        slow.flowing.set()
        await slow.until(lambda: slow.seqs == list(range(seen + 1, seen + 9)))
        await slow.close()
        await quick.close()

    live(scenario)


def test_a_reader_that_takes_nothing_is_let_go(live, commander, viewer, incident, monkeypatch):
    monkeypatch.setattr(streams, "SLOW_SECONDS", 0.2)
    ticket, seen = ticket_of(viewer), last(incident)

    async def scenario(front):
        reader = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{seen}")
        reader.flowing.clear()
        await write(note(incident, commander))
        await reader.until(lambda: not front.hub.listeners)
        reader.flowing.set()
        await reader.close()

    live(scenario)


def test_long_stories_are_replayed_whole(live, commander, viewer, incident, monkeypatch):
    monkeypatch.setattr(hub_module, "KEPT_FRAMES", 20)
    monkeypatch.setattr(hub_module, "WARM_FRAMES", 5)
    monkeypatch.setattr(hub_module, "BATCH", 7)
    monkeypatch.setattr(stories, "BATCH", 7)
    for number in range(45):
        note(incident, commander, str(number))()
    ticket, end = ticket_of(viewer), last(incident)

    async def scenario(front):
        whole = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        await whole.until(lambda: whole.seqs == list(range(1, end + 1)))
        late = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{end - 3}")
        await late.until(lambda: late.seqs == [end - 2, end - 1, end])
        await whole.close()
        await late.close()

    live(scenario)


def test_a_foreign_or_unknown_incident_is_gone(live, commander, viewer, incident):
    private = lifecycle.declare(title="secret", severity="P2", services=[], actor=commander, private=True)
    ticket = ticket_of(viewer)

    async def scenario(front):
        reader = await Stream(front).open("/live/", f"ticket={ticket}&at={private.reference}:0,INC-1999-001:0,{incident.reference}:0")
        await reader.until(lambda: len(reader.named("gone")) == 2 and reader.seqs)
        assert {event.data["ref"] for event in reader.named("gone")} == {private.reference, "INC-1999-001"}
        assert all(event.data["ref"] == incident.reference for event in reader.named("entry"))
        await reader.close()

    live(scenario)


def test_an_incident_made_private_ends_for_who_may_not_see_it_before_another_word(live, commander, viewer, incident):
    seen = last(incident)
    hers, his = ticket_of(commander), ticket_of(viewer)

    async def scenario(front):
        inside = await Stream(front).open("/live/", f"ticket={hers}&at={incident.reference}:{seen}")
        outside = await Stream(front).open("/live/", f"ticket={his}&at={incident.reference}:{seen},board:0")
        await write(lambda: lifecycle.set_private(Incident.objects.get(pk=incident.pk), True, actor=commander))
        await write(note(incident, commander, "the canary"))
        await outside.until(lambda: outside.named("gone"))
        await inside.until(lambda: len(inside.seqs) >= 2)
        assert outside.seqs == [] and b"canary" not in outside.raw
        assert not [event for event in outside.named("moved") if event.data.get("seq", 0) > seen]
        await inside.close()
        await outside.close()

    live(scenario)


def test_the_board_hears_that_something_moved_and_nothing_private(live, commander, viewer, incident):
    ticket = ticket_of(viewer)

    async def scenario(front):
        board = await Stream(front).open("/live/", f"ticket={ticket}&at=board:0")
        number = int((await board.until(lambda: board.named("moved")))[-1].id.split(":")[1])
        assert board.named("hello")[0].data["at"] == {"board": number}
        await board.close()
        again = await Stream(front).open("/live/", f"ticket={ticket}&at=board:{number}")
        secret = await write(lambda: lifecycle.declare(title="secret", severity="P1", services=[], actor=commander, private=True))
        other = await write(lambda: lifecycle.declare(title="disk", severity="P3", services=[], actor=commander))
        await again.until(lambda: other.reference in {event.data["ref"] for event in again.named("moved")})
        assert secret.reference.encode() not in again.raw
        assert incident.reference.encode() not in again.raw
        await again.close()

    live(scenario)


@pytest.mark.parametrize("how", ["logout", "password", "disabled", "role"])
def test_a_stream_ends_when_its_right_does(live, viewer, incident, how):
    ticket = ticket_of(viewer)

    def withdraw():
        if how == "logout":
            Session.objects.all().delete()
        elif how == "password":
            viewer.set_password("another long password")
            viewer.save()
        else:
            type(viewer).objects.filter(pk=viewer.pk).update(**({"is_active": False} if how == "disabled" else {"roles": []}))

    async def scenario(front):
        reader = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        await front.hub.check()
        assert not reader.named("bye")
        await write(withdraw)
        await front.hub.check()
        await reader.until(lambda: reader.task.done())
        assert reader.named("bye")[0].data == {"reason": "signed_out"}
        refused = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        assert refused.status == 401

    live(scenario)


def test_streams_say_goodbye_when_the_process_ends(live, viewer, incident):
    ticket = ticket_of(viewer)

    async def scenario(front):
        reader = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        front.hub.close()
        await reader.until(lambda: reader.task.done())
        assert reader.named("bye")[0].data == {"reason": "restart"}
        refused = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        assert refused.status == 503 and refused.headers["retry-after"]

    live(scenario)


def test_a_database_that_is_away_ends_no_stream(live, commander, viewer, incident, monkeypatch):
    ticket, seen = ticket_of(viewer), last(incident)
    real = stories.moved

    def away(*args, **values):
        raise OperationalError("disk I/O error")

    async def scenario(front):
        reader = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:{seen}")
        monkeypatch.setattr(stories, "moved", away)
        await write(note(incident, commander))
        await reader.until(lambda: front.hub.is_away)
        refused = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        assert refused.status == 503
        monkeypatch.setattr(stories, "moved", real)
        await reader.until(lambda: reader.seqs == [seen + 1])
        await reader.close()

    live(scenario)


def test_a_redacted_body_is_not_shown_again_from_memory(live, commander, viewer, incident):
    note(incident, commander, "password hunter2")()
    ticket, secret = ticket_of(viewer), last(incident)

    async def scenario(front):
        first = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        await first.until(lambda: b"hunter2" in first.raw)
        await write(lambda: lifecycle.redact(Incident.objects.get(pk=incident.pk), secret, actor=commander, reason="a password"))
        await first.until(lambda: first.named("entry")[-1].data["kind"] == "incidents.redacted")
        second = await Stream(front).open("/live/", f"ticket={ticket}&at={incident.reference}:0")
        await second.until(lambda: second.seqs == list(range(1, secret + 2)))
        assert b"hunter2" not in second.raw
        await first.close()
        await second.close()

    live(scenario)


def test_who_joins_while_the_last_other_reader_leaves_still_reads(live, viewer, incident, monkeypatch):
    async def scenario(front):
        hub, at = front.hub, {incident.reference: 0}
        first = await hub.join(ticket, at)
        who_sees = hub._who_sees

        async def and_the_first_leaves(*asked):
            if first in hub.listeners:
                hub.leave(first)
            return await who_sees(*asked)

        monkeypatch.setattr(hub, "_who_sees", and_the_first_leaves)
        second = await hub.join(ticket, at)
        assert hub.listeners == {second}
        assert [frame.seq for frame in await hub.next_frames(second, incident.pk)][:1] == [1]

    ticket = tickets.unseal(ticket_of(viewer))
    live(scenario)


def test_machines_read_the_same_with_a_token(live, commander, viewer, incident):
    _, secret = tokens.issue("watcher", viewer, ["read"], actor=None)
    _, blind = tokens.issue("ingester", viewer, ["ingest"], actor=None)
    seen = last(incident)
    path = f"/api/v1/incidents/{incident.reference}/stream/"

    async def scenario(front):
        reader = await Stream(front).open(path, authorization=f"Bearer {secret}", last_event_id=f"{incident.reference}:{seen}")
        await write(note(incident, commander, "hello"))
        await reader.until(lambda: reader.seqs == [seen + 1])
        assert {"seq", "kind", "text", "actor", "at", "recorded_at", "hash", "prev_hash"} <= set(reader.named("entry")[0].data)
        for headers, status in (({}, 401), ({"authorization": "Bearer nothing"}, 401), ({"authorization": f"Bearer {blind}"}, 401)):
            assert (await Stream(front).open(path, **headers)).status == status
        assert (await Stream(front).open("/api/v1/incidents/INC-1999-001/stream/", authorization=f"Bearer {secret}")).status == 404
        await write(lambda: ApiToken.objects.update(expires_at=incident.declared_at - timedelta(days=1)))
        await front.hub.check()
        await reader.until(lambda: reader.task.done())
        assert json.loads(reader.raw.decode().strip().rsplit("data: ", 1)[1]) == {"reason": "signed_out"}

    live(scenario)


def test_a_session_with_another_password_hash_is_none(viewer):
    key = session_of(viewer)
    content = Session.objects.get(session_key=key).get_decoded()
    assert {SESSION_KEY, HASH_SESSION_KEY, BACKEND_SESSION_KEY} <= set(content)
    good = Ticket(user=viewer.pk, language="en", session=key)
    assert stories.valid([good, Ticket(user=viewer.pk, language="en", session="other"), Ticket(user=0, language="en", session=key)]) == {good}


def test_a_crowd_at_the_door_costs_as_many_questions_as_one(person, viewer, incident, django_assert_num_queries):
    named = frozenset({incident.reference, "INC-2020-999"})
    crowd = [person(f"p{number}", roles=["viewer"]) for number in range(5)]
    asked = [(Ticket(user=one.pk, language="en", session=session_of(one)), named) for one in crowd]
    asked.append((Ticket(user=viewer.pk, language="en", session="other"), named))
    for some in (asked[:1], asked):
        with django_assert_num_queries(5):
            opened, fresh, _now = hub_module.admit(some, with_board=False)
    assert opened == [{incident.reference: incident.pk}] * 5 + [None]
    assert [row.pk for row in fresh] == [incident.pk]
    Incident.objects.filter(pk=incident.pk).update(is_private=True)
    Grant.objects.create(incident=incident, person=crowd[1])
    assert hub_module.admit(asked, with_board=False)[0] == [{}, {incident.reference: incident.pk}, {}, {}, {}, None]
