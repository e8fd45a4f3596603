"""The incident list, the incident page, its fragments and what people do there."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse

from incidents import lifecycle, search, story, timeline
from incidents.models import Incident, State, Step
from tests.incidents.test_pictures import GIF

HTMX = {"HX-Request": "true"}


@pytest.fixture
def seen_by(client):
    """A client signed in as somebody."""

    def sign_in(person):
        client.force_login(person)
        return client

    return sign_in


def act(client, incident, name, data=None, **headers):
    """Press an act."""
    return client.post(reverse("incidents:act", args=[incident.reference, name]), data or {}, headers=headers)


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_one_and_thirty(seen_by, viewer, declare, count, django_assert_max_num_queries):
    for number in range(count):
        declare(title=f"Trouble {number}", severity="P3", services=["cache", "logging"])
    client = seen_by(viewer)
    client.get("/incidents/")
    with django_assert_max_num_queries(12):
        page = client.get("/incidents/")
    assert page.content.decode().count('data-reference="INC-') == count


def test_the_open_list_and_the_board_never_walk_the_history(viewer, incident):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "incident_open_newest" in search.incidents(viewer, {"status": "open"})[:51].explain()
    assert "incident_open" in Incident.objects.visible_to(viewer).open().order_by("severity", "declared_at")[:60].explain()


def test_the_list_narrows_by_tab_severity_service_and_words(seen_by, viewer, commander, declare):
    resolved = declare(title="Old trouble", severity="P3", services=["cache"])
    lifecycle.transition(resolved, State.RESOLVED, actor=commander)
    declare(title="New trouble", severity="P2", services=["logging"])
    declare(title="A rehearsal", severity="P2", drill=True)
    client = seen_by(viewer)

    def titles(query):
        page = client.get(f"/incidents/{query}").content.decode()
        return [title for title in ("Old trouble", "New trouble", "A rehearsal") if title in page]

    assert titles("") == ["New trouble", "A rehearsal"]
    assert titles("?status=") == ["Old trouble", "New trouble", "A rehearsal"]
    assert titles("?status=drill") == ["A rehearsal"]
    assert titles("?status=resolved") == ["Old trouble"]
    assert titles("?status=&severity=P2") == ["New trouble", "A rehearsal"]
    assert titles("?status=&service=cache") == ["Old trouble"]
    assert titles("?status=&q=trouble+old") == ["Old trouble"]


def test_a_filter_that_cannot_be_read_is_said_and_kept(seen_by, viewer):
    page = seen_by(viewer).get("/incidents/?since=yesterday")
    assert page.status_code == 200
    assert "yesterday" in page.content.decode()


def test_the_list_pages_by_cursor(seen_by, viewer, declare):
    for number in range(52):
        declare(title=f"Trouble {number:02d}", severity="P4", services=[])
    client = seen_by(viewer)
    first = client.get("/incidents/")
    older = client.get(f"/incidents/?cursor={first.context['page'].next}")
    assert "Trouble 51" in first.content.decode() and "Trouble 00" not in first.content.decode()
    assert "Trouble 00" in older.content.decode()


@pytest.mark.parametrize("notes", [1, 30])
def test_the_page_costs_the_same_however_long_its_story(seen_by, commander, incident, notes, django_assert_max_num_queries):
    for number in range(notes):
        lifecycle.note(incident, f"Note {number}", actor=commander)
    client = seen_by(commander)
    client.get(incident.get_absolute_url())
    with django_assert_max_num_queries(23):
        assert client.get(incident.get_absolute_url()).status_code == 200


def test_a_long_story_shows_the_newest_and_older_ones_on_demand(seen_by, viewer, commander, incident):
    with transaction.atomic():
        held = lifecycle.hold(incident.pk)
        for number in range(300):
            timeline.record(held, "incidents.note", actor=commander, text=f"Line {number}.")
    client = seen_by(viewer)
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "Line 299." in page and "Line 200." not in page
    first = int(page.partition("?before=")[2].partition("&")[0].partition('"')[0])
    older = client.get(f"{incident.get_absolute_url()}story/?before={first}&limit=100", headers=HTMX).content.decode()
    assert "Line 200." in older and "Line 299." not in older
    around = client.get(f"{incident.get_absolute_url()}?around=100").content.decode()
    assert 'id="e100"' in around and "Line 299." not in around


def test_catching_up_gives_exactly_what_is_newer(seen_by, viewer, commander, incident):
    last = Incident.objects.get(pk=incident.pk).last_seq
    lifecycle.note(incident, "First.", actor=commander)
    lifecycle.note(incident, "Second.", actor=commander)
    part = seen_by(viewer).get(f"{incident.get_absolute_url()}story/?after={last}", headers=HTMX).content.decode()
    assert part.index("First.") < part.index("Second.")
    assert part.count('<li class="entry"') == 2


def test_bursts_of_the_machine_are_folded_and_decisions_are_not(incident, commander):
    with transaction.atomic():
        held = lifecycle.hold(incident.pk)
        for _number in range(story.BURST):
            timeline.record(held, "incidents.watch_suggested")
        timeline.record(held, "incidents.note", actor=commander, text="A person.")
        for _number in range(story.BURST - 1):
            timeline.record(held, "incidents.watch_suggested")
    items = story.folded(timeline.lines(held, after=held.last_seq - 2 * story.BURST))
    assert [type(item).__name__ for item in items] == ["Burst", "Line", *["Line"] * (story.BURST - 1)]


def test_the_story_is_filtered_by_category(seen_by, viewer, commander, incident):
    lifecycle.note(incident, "Only a note.", actor=commander)
    client = seen_by(viewer)
    assert "Only a note." not in client.get(f"{incident.get_absolute_url()}?show=decisions").content.decode()
    assert "Only a note." in client.get(f"{incident.get_absolute_url()}?show=notes").content.decode()


@pytest.mark.parametrize("part", ["", "head/", "story/", "panels/steps/", "commands/", "acts/note/"])
def test_a_private_incident_is_nowhere_for_those_not_named(seen_by, responder, declare, part):
    secret = declare(title="The canary", private=True)
    answer = seen_by(responder).get(f"{secret.get_absolute_url()}{part}")
    assert answer.status_code == 404
    assert "canary" not in answer.content.decode()


def test_fragments_stand_alone(seen_by, viewer, incident):
    client = seen_by(viewer)
    for part in ("head/", "panels/steps/", "panels/services/", "panels/roles/", "panels/clocks/", "panels/related/"):
        answer = client.get(f"{incident.get_absolute_url()}{part}", headers=HTMX)
        assert answer.status_code == 200
        assert "<html" not in answer.content.decode()
    assert client.get(f"{incident.get_absolute_url()}panels/nothing/").status_code == 404


def test_one_press_takes_it_on_and_takes_command(seen_by, commander, declare, person):
    incident = declare(actor=None, source="detection:test")
    answer = act(seen_by(commander), incident, "acknowledge")
    assert answer.status_code == 302
    incident.refresh_from_db()
    assert incident.acknowledged_by == commander
    assert incident.assignments.get(role="commander").person == commander


def test_with_htmx_a_press_answers_with_events_only(seen_by, commander, incident):
    answer = act(seen_by(commander), incident, "confirm", **HTMX)
    assert answer.status_code == 204
    assert "acted" in answer.headers["HX-Trigger"]
    refused = act(seen_by(commander), incident, "confirm", **HTMX)
    assert "refused" in refused.headers["HX-Trigger"]


def test_a_form_comes_back_with_what_was_typed(seen_by, commander, incident):
    answer = act(seen_by(commander), incident, "severity", {"severity": "P2", "reason": "", "from_form": "1"})
    assert answer.status_code == 422
    assert '<option value="P2" selected>' in answer.content.decode()
    assert "required" in answer.content.decode()


def test_a_viewer_is_offered_nothing_and_may_do_nothing(seen_by, viewer, incident):
    client = seen_by(viewer)
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "data-act=" not in page and 'id="composer"' not in page
    assert act(client, incident, "confirm").status_code == 403
    assert client.post(f"{incident.get_absolute_url()}compose/", {"text": "Hello"}).status_code == 403


def test_a_responder_without_the_right_is_told_so(seen_by, responder, incident):
    answer = act(seen_by(responder), incident, "severity", {"severity": "P2", "reason": "it is calm", "from_form": "1"})
    assert answer.status_code in (403, 422)
    incident.refresh_from_db()
    assert incident.severity == "P1"


def test_the_composer_takes_notes_and_keeps_what_is_refused(seen_by, commander, incident):
    client = seen_by(commander)
    path = f"{incident.get_absolute_url()}compose/"
    assert client.post(path, {"text": "Memory **climbs**."}).status_code == 302
    assert "<strong>climbs</strong>" in client.get(incident.get_absolute_url()).content.decode()
    refused = client.post(path, {"text": "/nonsense now"}, headers=HTMX)
    assert refused.status_code == 422
    assert "/nonsense now</textarea>" in refused.content.decode()
    client.post(path, {"text": "//etc/hosts was wrong"})
    assert "/etc/hosts was wrong" in client.get(incident.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("command", "holds"),
    [
        ("/severity P2 because half of it works", lambda incident: incident.severity == "P2"),
        ("/assign ic @rui", lambda incident: incident.assignments.get(role="commander", until=None).person.username == "rui"),
        ("/status diagnosing looking at the heap", lambda incident: incident.state == State.DIAGNOSING),
        ("/confirm", lambda incident: incident.state == State.CONFIRMED),
        ("/note it rains", lambda incident: incident.entries.filter(kind="incidents.note").exists()),
        ("/update 20m coordinator restarts", lambda incident: incident.entries.filter(kind="comms.update").exists()),
    ],
)
def test_commands_of_the_composer(seen_by, commander, responder, incident, command, holds):
    answer = seen_by(commander).post(f"{incident.get_absolute_url()}compose/", {"text": command}, headers=HTMX)
    assert answer.status_code == 200, answer.content.decode()
    incident.refresh_from_db()
    assert holds(incident)


def test_the_composer_is_told_what_it_may_complete(seen_by, commander, responder, incident):
    told = seen_by(commander).get(f"{incident.get_absolute_url()}commands/").json()
    names = {row["name"]: row for row in told["acts"]}
    assert names["severity"]["words"][0][0] == "P1"
    assert ["@rui", "Rui"] in told["people"]


def test_steps_are_ticked_and_opened_again(seen_by, commander, incident):
    step = Step.objects.filter(incident=incident, done_at=None).first()
    client = seen_by(commander)
    path = reverse("incidents:step", args=[incident.reference, step.pk])
    assert client.post(path).status_code == 302
    step.refresh_from_db()
    assert step.done_by == commander
    client.post(path, {"undo": "1"})
    step.refresh_from_db()
    assert step.done_at is None
    other = reverse("incidents:step", args=[incident.reference, 10**6])
    assert client.post(other).status_code == 404


def test_one_field_declares(seen_by, responder):
    answer = seen_by(responder).post("/incidents/declare/", {"title": "Nothing works"})
    incident = Incident.objects.get(title="Nothing works")
    assert answer.headers["Location"] == incident.get_absolute_url()
    assert incident.severity == "P3"


def test_the_share_of_users_suggests_the_severity(seen_by, responder):
    seen_by(responder).post("/incidents/declare/", {"title": "Most are cut off", "users_affected_percent": "60", "services": ["cache"]})
    incident = Incident.objects.get(title="Most are cut off")
    assert incident.severity == "P1"
    assert [service.slug for service in incident.services.all()] == ["cache"]


def test_declaring_without_a_title_keeps_the_rest(seen_by, responder):
    answer = seen_by(responder).post("/incidents/declare/", {"title": "", "summary": "I saw smoke"})
    assert answer.status_code == 422
    assert "I saw smoke" in answer.content.decode()
    assert not Incident.objects.exists()


def test_the_glass_is_broken_only_with_the_right_and_a_reason(seen_by, person, responder, declare):
    secret = declare(title="The canary", private=True)
    path = f"{secret.get_absolute_url()}break-glass/"
    assert seen_by(responder).get(path).status_code == 403
    client = seen_by(person("aud", roles=["admin"]))
    assert "canary" not in client.get(path).content.decode()
    assert client.post(path, {"reason": ""}).status_code == 422
    assert client.post(path, {"reason": "The customer calls."}).status_code == 302
    assert "The canary" in client.get(secret.get_absolute_url()).content.decode()
    assert secret.entries.filter(kind="incidents.glass_broken").exists()


def test_a_merged_story_is_folded_into_its_target(seen_by, commander, declare):
    source, target = declare(title="The same thing"), declare(title="The real one")
    lifecycle.merge(source, target, actor=commander, reason="same cause")
    page = seen_by(commander).get(target.get_absolute_url()).content.decode()
    assert f"/incidents/{source.reference}/story/?plain" in page
    assert target.reference in seen_by(commander).get(source.get_absolute_url()).content.decode()


def test_a_milestone_is_corrected_from_its_own_form(seen_by, commander, incident):
    form = seen_by(commander).get(f"{incident.get_absolute_url()}acts/milestone/?name=began").content.decode()
    assert f'value="{incident.began_at:%Y-%m-%dT%H:%M}' in form


def test_references_are_found_in_either_case(seen_by, viewer, incident):
    assert seen_by(viewer).get(f"/incidents/{incident.reference.lower()}/").status_code == 200


def test_incidents_of_the_same_service_lately_stand_beside_it_unless_hidden_or_long_past(seen_by, declare, responder, clock):
    old = declare(title="canary-old")
    clock.move("+91d")
    near, elsewhere = declare(title="canary-near"), declare(title="canary-elsewhere", services=["cache"])
    hidden, drill = declare(title="canary-hidden", private=True), declare(title="canary-drill", drill=True)
    text = seen_by(responder).get(f"{declare().get_absolute_url()}panels/related/").content.decode()
    assert near.reference in text
    assert not [one for one in (old, elsewhere, hidden, drill) if one.title in text or one.reference in text]


def form_of(page, action):
    """The hidden one-time key of the form on a page whose tag holds `action`."""
    form = next(part for part in page.content.decode().split("<form ")[1:] if action in part.partition(">")[0])
    return re.search(r'name="once" value="([^"]+)"', form)[1]


def test_a_form_sent_twice_declares_once_and_leads_to_the_same_place(seen_by, responder):
    client = seen_by(responder)
    path = reverse("incidents:declare")
    sent = {"title": "API answers 500", "severity": "P2", "once": form_of(client.get(path), "declare-form")}
    first, second = client.post(path, sent), client.post(path, sent)
    assert first.url == second.url == Incident.objects.get().get_absolute_url()
    assert client.post(path, sent | {"title": "Cache is cold"}).url != first.url  # gone back and written anew
    assert Incident.objects.count() == 2


def test_the_one_line_of_the_board_declares_once(seen_by, responder):
    client = seen_by(responder)
    sent = {"title": "API answers 500", "severity": "P2", "once": form_of(client.get("/"), "quick-declare")}
    assert client.post(reverse("incidents:declare"), sent).url == client.post(reverse("incidents:declare"), sent).url
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_note_sent_thrice_stands_once_and_the_next_form_has_a_fresh_key(seen_by, responder, incident, headers):
    client = seen_by(responder)
    path = reverse("incidents:compose", args=[incident.reference])
    key = form_of(client.get(incident.get_absolute_url()), path)
    for _again in range(3):
        answer = client.post(path, {"text": "Memory climbs", "once": key, "picture": SimpleUploadedFile("a.gif", GIF)}, headers=headers)
        assert answer.status_code == (200 if headers else 302)
    assert incident.entries.filter(kind="incidents.note").count() == 1
    fresh = form_of(answer if headers else client.get(answer.url), path)
    assert fresh != key
    client.post(path, {"text": "Memory climbs", "once": fresh}, headers=headers)
    assert incident.entries.filter(kind="incidents.note").count() == 2


def test_what_a_form_was_refused_is_tried_again(seen_by, responder, incident):
    client = seen_by(responder)
    path = reverse("incidents:compose", args=[incident.reference])
    assert [client.post(path, {"text": " ", "once": "k" * 16}).status_code for _again in range(2)] == [422, 422]


def test_one_persons_key_says_nothing_to_another(seen_by, responder, commander, incident):
    path = reverse("incidents:compose", args=[incident.reference])
    for person in (responder, commander):
        seen_by(person).post(path, {"text": "Seen", "once": "k" * 16})
    assert incident.entries.filter(kind="incidents.note").count() == 2


def test_what_is_too_long_is_refused_whole_with_its_length(seen_by, responder, incident):
    client, long = seen_by(responder), "ä" * 20_001
    refused = client.post(reverse("incidents:compose", args=[incident.reference]), {"text": long}, headers=HTMX)
    assert refused.status_code == 422
    assert f"{long}</textarea>" in refused.content.decode() and "20001" in refused.content.decode()
    assert "maxlength" not in refused.content.decode()  # a browser would cut what is pasted, and say nothing
    declared = client.post(reverse("incidents:declare"), {"title": "Long", "summary": long})
    assert declared.status_code == 422 and f"{long}</textarea>" in declared.content.decode()
    edited = act(client, incident, "edit", {"title": "Long", "summary": long, "from_form": "1"})
    assert edited.status_code == 422 and "20001" in edited.content.decode()
    assert Incident.objects.count() == 1 and not incident.entries.filter(kind="incidents.note").exists()


def test_taking_on_a_p1_without_commander_says_that_it_takes_command(seen_by, commander, declare):
    client, incident = seen_by(commander), declare(actor=None, source="detection:test")
    assert "and take command" in client.get(incident.get_absolute_url()).content.decode()
    said = json.loads(act(client, incident, "acknowledge", **HTMX).headers["HX-Trigger"])["acted"]["said"]
    assert said == "You have it, and you command"
    calm = declare(actor=None, source="detection:test", severity="P2")
    assert "and take command" not in client.get(calm.get_absolute_url()).content.decode()


@pytest.mark.parametrize(("zone", "there"), [("Asia/Shanghai", True), ("Africa/Abidjan", False)])
def test_the_time_beside_a_person_stands_only_where_it_is_another(seen_by, viewer, person, declare, zone, there):
    viewer.time_zone = "UTC"
    viewer.save()
    incident = declare()
    lifecycle.assign(incident, "commander", person("rita", time_zone=zone), actor=None)
    head = seen_by(viewer).get(reverse("incidents:head", args=[incident.reference])).content.decode()
    assert ("there</span>" in head) is there


def test_equal_steps_of_two_lists_are_told_apart(seen_by, commander, incident):
    client = seen_by(commander)
    lifecycle.transition(incident, State.CONFIRMED, actor=commander)
    panel = client.get(reverse("incidents:panel", args=[incident.reference, "steps"])).content.decode()
    assert "Response checklist" in panel and "Response timeline" in panel
    told = [line.text for line in timeline.lines(incident) if line.kind == "incidents.step_done"]
    assert all(len(names := line.removeprefix("Done: ").split(" · ")) == len(set(names)) for line in told)


def test_who_may_see_an_open_incident_is_explained_without_a_form(seen_by, commander, incident):
    page = seen_by(commander).get(reverse("incidents:act", args=[incident.reference, "grant"])).content.decode()
    assert "Make it private first" in page and 'name="person"' not in page and "makes no sense" not in page


def test_a_responder_is_told_what_the_severity_needs(seen_by, responder, commander, declare):
    client, incident = seen_by(responder), declare(actor=None, source="detection:test", severity="P2")
    assert "Needs the commander: take command first." in client.get(incident.get_absolute_url()).content.decode()
    act(client, incident, "take_command")
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "Needs the commander" not in page and 'data-act="severity" href' in page
    lifecycle.assign(incident, "commander", commander, actor=commander)
    assert f"Needs the commander: ask {commander}." in client.get(incident.get_absolute_url()).content.decode()


def test_redacting_starts_at_the_entry_and_shows_what_goes_before_it_is_done(seen_by, commander, viewer, incident):
    seq = lifecycle.note(incident, "the password is hunter2", actor=commander, source="web").seq
    address = f"{incident.get_absolute_url()}acts/redact/"
    client = seen_by(commander)
    page = client.get(incident.get_absolute_url()).content.decode()
    assert f'href="acts/redact/?seq={seq}"' in page and "data-may-redact" in page
    form = client.get(f"{address}?seq={seq}").content.decode()
    assert "hunter2" in form and f'name="shown" value="{seq}"' in form and f'value="{seq}"' in form and "go for good" in form
    done = {"seq": seq, "reason": "a password", "from_form": "1", "shown": seq}
    assert client.post(address, done).status_code == 302
    assert "hunter2" not in client.get(incident.get_absolute_url()).content.decode()
    client = seen_by(viewer)
    assert "data-may-redact" not in client.get(incident.get_absolute_url()).content.decode()
    assert client.get(f"{address}?seq={seq}").status_code == 403


@pytest.mark.parametrize("shown", ["", "1", "x"])
def test_a_bare_number_shows_its_entry_first_and_the_second_press_redacts_it(seen_by, commander, incident, shown):
    seq = lifecycle.note(incident, "the password is hunter2", actor=commander, source="web").seq
    client = seen_by(commander)
    first = act(client, incident, "redact", {"seq": seq, "reason": "a password", "from_form": "1", "shown": shown})
    assert first.status_code == 422 and "Nothing is gone yet" in first.content.decode() and "hunter2" in first.content.decode()
    assert not incident.entries.get(seq=seq).body.redacted
    assert act(client, incident, "redact", {"seq": seq, "reason": "a password", "from_form": "1", "shown": seq}).status_code == 302
    assert incident.entries.get(seq=seq).body.redacted
    assert act(client, incident, "redact", {"seq": 9999, "reason": "a", "from_form": "1", "shown": 9999}).status_code == 422


def test_the_command_to_redact_opens_the_form_filled_in(seen_by, commander, viewer, incident):
    seq = lifecycle.note(incident, "the password is hunter2", actor=commander, source="web").seq
    told = {"text": f"/redact {seq} a password"}
    answer = seen_by(commander).post(f"{incident.get_absolute_url()}compose/", told, headers=HTMX)
    text = answer.content.decode()
    assert answer.headers["HX-Retarget"] == "#act-slot" and "hunter2" in text and f'name="shown" value="{seq}"' in text and "a password" in text
    assert not incident.entries.get(seq=seq).body.redacted
    assert "hunter2" not in seen_by(viewer).post(f"{incident.get_absolute_url()}compose/", told, headers=HTMX).content.decode()
