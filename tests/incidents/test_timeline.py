"""The story cannot be rewritten unseen, reads in the reader's language and replays exactly."""

import itertools

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from incidents import lifecycle, timeline
from incidents.models import Incident, Reaction, TimelineBody, TimelineEntry
from incidents.verify import verify
from lib import append_only
from lib.db import StaleHead


def test_sequences_are_gapless_and_chained(incident, commander):
    for number in range(5):
        lifecycle.note(incident, f"note {number}", actor=commander)
    incident.refresh_from_db()
    entries = list(incident.entries.order_by("seq"))
    assert [entry.seq for entry in entries] == list(range(1, incident.last_seq + 1))
    assert all(later.prev_hash == earlier.hash for earlier, later in itertools.pairwise(entries))
    assert verify(incident) == []


@pytest.mark.parametrize("change", [{"kind": "incidents.merged_into"}, {"source": "elsewhere"}, {"seq": 77}, {"hash": "0" * 64}])
def test_a_changed_header_is_found(incident, commander, change):
    lifecycle.note(incident, "first", actor=commander)
    lifecycle.note(incident, "second", actor=commander)
    with append_only.unlocked():
        TimelineEntry.objects.filter(incident=incident, seq=2).update(**change)
    assert verify(Incident.objects.get(pk=incident.pk))


def test_any_changed_byte_of_a_body_is_found(incident, commander):
    lifecycle.note(incident, "the database was up", actor=commander)
    body = TimelineBody.objects.get(entry__incident=incident, entry__kind="incidents.note")
    for at in range(len(body.content)):
        changed = body.content[:at] + chr(ord(body.content[at]) ^ 1) + body.content[at + 1 :]
        with append_only.unlocked():
            TimelineBody.objects.filter(pk=body.pk).update(content=changed)
        assert verify(Incident.objects.get(pk=incident.pk)), at


def test_a_removed_entry_is_found(incident, commander):
    lifecycle.note(incident, "first", actor=commander)
    lifecycle.note(incident, "last", actor=commander)
    with append_only.unlocked():
        last = TimelineEntry.objects.filter(incident=incident).order_by("-seq").first()
        Reaction.objects.filter(entry=last)._raw_delete("default")
        TimelineBody.objects.filter(entry=last)._raw_delete("default")
        TimelineEntry.objects.filter(pk=last.pk)._raw_delete("default")
    assert verify(Incident.objects.get(pk=incident.pk))


@pytest.mark.parametrize(
    "act",
    [
        lambda pk: TimelineEntry.objects.filter(pk=pk).update(kind="x"),
        lambda pk: TimelineBody.objects.filter(pk=pk).update(content="x"),
        lambda pk: TimelineBody.objects.filter(pk=pk)._raw_delete("default"),
        lambda pk: TimelineEntry.objects.filter(pk=pk)._raw_delete("default"),
    ],
)
def test_the_database_itself_refuses_to_rewrite(incident, act):
    with pytest.raises(DatabaseError), transaction.atomic():
        act(incident.entries.first().pk)


def test_redaction_leaves_a_tombstone_and_the_chain_true(incident, commander):
    entry = lifecycle.note(incident, "password: hunter2", actor=commander)
    lifecycle.redact(incident, entry.seq, actor=commander, reason="a secret was pasted")
    incident.refresh_from_db()
    assert verify(incident) == []
    line = next(line for line in timeline.lines(incident) if line.seq == entry.seq)
    assert line.is_redacted and "hunter2" not in line.html
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM incidents_timelinebody")
        assert "hunter2" not in str(cursor.fetchall())


def test_a_tombstone_that_no_entry_names_is_found(incident, commander):
    entry = lifecycle.note(incident, "password: hunter2", actor=commander)
    TimelineBody.objects.filter(entry=entry).update(content="", redacted=True)
    assert verify(Incident.objects.get(pk=incident.pk))


def test_a_machines_sentence_is_made_in_the_readers_language(incident, commander):
    lifecycle.transition(incident, "confirmed", actor=commander, note="`500` everywhere")
    english, chinese = (next(line for line in timeline.lines(incident, language=code) if line.kind == "incidents.state") for code in ("en", "zh-hans"))
    assert "Confirmed" in english.html and "<code>500</code>" in english.html
    assert "确认" in chinese.html and english.hash == chinese.hash


def test_markup_from_outside_is_harmless(incident, commander):
    lifecycle.note(incident, '<img src=x onerror=alert(1)> <b hx-get="/">x</b> [a](javascript:alert(1))', actor=commander)
    html = timeline.lines(incident)[-1].html
    assert "onerror" not in html and "hx-get" not in html and "javascript:" not in html


def test_replay_and_paging_are_exact(incident, commander):
    for number in range(60):
        lifecycle.note(incident, f"note {number}", actor=commander)
    incident.refresh_from_db()
    first = timeline.lines(incident, after=0, limit=40)
    rest = timeline.lines(incident, after=first[-1].seq, limit=100)
    assert [line.seq for line in first + rest] == list(range(1, incident.last_seq + 1))
    newest = timeline.lines(incident, before=incident.last_seq + 1, limit=10)
    assert [line.seq for line in newest] == list(range(incident.last_seq - 9, incident.last_seq + 1))


def test_two_writers_never_share_a_number(incident, commander):
    stale = Incident.objects.get(pk=incident.pk)
    lifecycle.note(incident, "first", actor=commander)
    with pytest.raises(StaleHead), transaction.atomic():
        timeline.record(stale, "incidents.note", actor=commander, text="second")


def test_an_unknown_kind_is_refused(incident):
    with pytest.raises(LookupError), transaction.atomic():
        timeline.record(incident, "incidents.no_such_thing")


def test_lines_cost_one_query(incident, commander, django_assert_num_queries):
    for number in range(30):
        lifecycle.note(incident, f"note {number}", actor=commander)
    with django_assert_num_queries(1):
        timeline.lines(incident)


def test_every_kind_reads_in_both_languages(incident):
    """Kinds whose sentence needs data are covered by what records them; here every catalogue entry must at least be known."""
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert all(isinstance(line.text, str) for line in timeline.lines(incident))
