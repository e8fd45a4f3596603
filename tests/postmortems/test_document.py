"""The document: chosen entries, figures with what was kept and broken, both languages, Markdown; the public version holds nothing else."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from incidents import lifecycle
from incidents.models import Clock, Incident
from lib.errors import Forbidden, Refused
from postmortems import document, facts, outside, printing, sections, story
from postmortems.exporting import as_markdown
from postmortems.models import Drawing, Postmortem, TimelineChoice


@pytest.fixture
def long_one(declare, resolve, commander, clock):
    """A P1 that lasted 135 min, of which the recovery was told 75 min late."""
    incident = declare(users_affected=8500, users_affected_percent=85)
    lifecycle.note(incident, "Coordinator found *abnormal*", actor=commander)
    clock.move("+60m")
    lifecycle.transition(incident, "watching", actor=commander)
    clock.move("+75m")
    resolve(incident)
    return Postmortem.objects.select_related("incident").get()


def said(found):
    return {fact.label: (fact.value, fact.level) for fact in found}


def test_broken_targets_are_shown_as_such(long_one):
    told = said(facts.clocks(long_one.incident))
    assert told["Until resolved"] == ("135 min (2 h 15 min) against the P1 target of 15 min: broken", "bad")
    assert any(level == "bad" for label, (_value, level) in told.items() if label.startswith("RTO"))
    assert said(facts.overview(long_one.incident))["Users hit"] == ("8,500 (85 %)", "")


def test_kept_ones_too(incident):
    assert said(facts.clocks(incident))["Until resolved"][1] == "good"
    assert Clock.objects.filter(incident=incident, breached_at=None).exists()


def test_a_late_announcement_is_named(long_one, commander, clock):
    from comms import obligations

    obligations.update(long_one.incident, "All is well again", actor=commander)
    value, level = said(facts.clocks(long_one.incident))["Recovery announced"]
    assert value.startswith("75 min") and level == "bad"


def test_machine_noise_is_left_out_and_people_decide(long_one, commander):
    rows = story.rows(long_one)
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert "Coordinator found abnormal" in [row.text for row in rows]
    kinds = {row.kind for row in rows}
    assert not {"incidents.step_done", "postmortems.opened", "comms.told"} & kinds
    note = next(row for row in rows if row.kind == "incidents.note")
    story.choose(long_one, note.seq, actor=commander, is_shown=True, text="The coordinator leaked")
    assert "The coordinator leaked" in [row.text for row in story.rows(long_one)]
    story.choose(long_one, note.seq, actor=commander, is_shown=False)
    assert note.seq not in [row.seq for row in story.rows(long_one)]
    assert note.seq in [row.seq for row in story.rows(long_one, everything=True)]


def test_a_backdated_note_stands_at_its_time(long_one, commander):
    lifecycle.note(long_one.incident, "Users complain", actor=commander, at=long_one.incident.began_at - timedelta(minutes=5))
    assert story.rows(long_one)[0].text == "Users complain"


def test_a_redacted_entry_is_not_in_it(long_one, commander):
    note = next(row for row in story.rows(long_one) if row.kind == "incidents.note")
    lifecycle.redact(long_one.incident, note.seq, actor=commander, reason="secret")
    assert note.seq not in [row.seq for row in story.rows(long_one)]


def test_redacting_takes_the_words_that_stood_in_an_entrys_place_and_what_was_drawn(long_one, commander, lead):
    note = next(row for row in story.rows(long_one) if row.kind == "incidents.note")
    story.choose(long_one, note.seq, actor=commander, is_shown=True, text="we pasted hunter2")
    printing.drawing(long_one, "en")
    lifecycle.redact(long_one.incident, note.seq, actor=lead, reason="secret")
    found = Postmortem.objects.select_related("incident").get()
    assert note.seq not in [row.seq for row in story.rows(found)]
    assert "hunter2" not in str(story.rows(found, everything=True)) + as_markdown(document.of(found, "en"))
    assert not TimelineChoice.objects.filter(text__contains="hunter2").exists()
    assert not Drawing.objects.exists() and found.revision > long_one.revision


@pytest.mark.parametrize("language, words", [("en", ("Overview", "Root cause", "Action items")), ("zh-hans", ("概述", "根因", "改进措施"))])
def test_it_is_whole_in_either_language(long_one, language, words):
    made = document.of(long_one, language)
    assert (made.reference, made.language) == (long_one.incident.reference, language)
    assert set(words) <= {section.title for section in made.sections}
    keys = [section.key for section in made.sections]
    assert len(keys) == len(set(keys))
    assert any(isinstance(block, document.Chart) for block in made.sections[0].blocks)


def test_markdown_holds_words_as_they_are_and_escapes_the_rest(long_one, commander):
    Incident.objects.filter(pk=long_one.incident_id).update(title="a | b *c* <script>")
    section = sections.named(long_one, "root_cause.direct")
    sections.save(section, "A **leak**", base=0, actor=commander)
    text = as_markdown(document.of(Postmortem.objects.select_related("incident").get(), "en"))
    assert "A **leak**" in text
    assert "a \\| b \\*c\\* \\<script\\>" in text


DOCUMENT = {"en": "Our service was away.", "zh-hans": "服务中断。"}


def test_a_draft_holds_no_name_and_no_reference(in_state, commander):
    postmortem = in_state("published")
    for text in outside.draft(postmortem).values():
        assert "Words about root_cause.direct." in text
        assert postmortem.incident.reference not in text
        assert str(commander) not in text


def test_publishing_outside_goes_on_the_timeline_with_its_text(in_state, commander):
    postmortem = in_state("published")
    outside.publish(postmortem, DOCUMENT, actor=commander, is_confirmed=True)
    outside.publish(postmortem, DOCUMENT, actor=commander, is_confirmed=True)
    entries = postmortem.incident.entries.filter(kind="postmortems.published_outside")
    assert entries.count() == 1
    assert "服务中断" in entries.get().body.content and "Our service was away." in entries.get().body.content
    assert AuditEntry.objects.filter(action="postmortems.publish_outside").count() == 1


def test_words_that_should_stay_inside_stop_and_ask(in_state, commander, lead):
    postmortem = in_state("published")
    told = {"en": f"{lead} restarted db-0.prod.svc.cluster.local", "zh-hans": ""}
    with pytest.raises(Refused) as refused:
        outside.publish(postmortem, told, actor=commander, is_confirmed=True)
    assert "Lena" in refused.value.extra["words"] and len(refused.value.extra["words"]) >= 2
    outside.publish(postmortem, told, actor=commander, is_confirmed=True, is_insisted=True)


@pytest.mark.parametrize("state", ["draft", "in_review", "approved", "waived"])
def test_nothing_is_public_before_the_inner_publication(in_state, commander, state):
    with pytest.raises(Refused):
        outside.publish(in_state(state), DOCUMENT, actor=commander, is_confirmed=True)


def test_it_needs_a_yes_words_and_the_right(in_state, commander, responder):
    postmortem = in_state("published")
    for told, confirmed in ((DOCUMENT, False), ({"en": " ", "zh-hans": ""}, True)):
        with pytest.raises(Refused) as refused:
            outside.publish(postmortem, told, actor=commander, is_confirmed=confirmed)
        assert refused.value.status == 422
    with pytest.raises(Forbidden):
        outside.publish(postmortem, DOCUMENT, actor=responder, is_confirmed=True)


def test_a_drill_stays_inside_and_a_private_one_begins_empty(in_state, commander):
    postmortem = in_state("published")
    Incident.objects.filter(pk=postmortem.incident_id).update(is_drill=True)
    with pytest.raises(Refused, match="stays inside"):
        outside.publish(postmortem, DOCUMENT, actor=commander, is_confirmed=True)
    Incident.objects.filter(pk=postmortem.incident_id).update(is_drill=False, is_private=True)
    assert set(outside.draft(Postmortem.objects.select_related("incident").get()).values()) == {""}
