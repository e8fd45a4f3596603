"""What an archive holds, what of a bad one is refused before anything is changed, and how what it would send is held."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AuditEntry
from comms import alarms, drain, holding, outbox
from comms.drain import Lane
from comms.models import Alarm, Delivery, Hold, Priority
from lib import clock, vault
from lib.errors import Refused
from portal import archive
from portal.archive import reading, rows
from statuspage import editions
from statuspage import sweeps as status_sweeps
from statuspage.models import Edition

pytestmark = pytest.mark.django_db


def opened(contents, **manifest):
    """An archive in memory."""
    said = {"format": 1, "vault_keys": vault.proofs(), "migrations": {}, "files": [], **manifest}
    handle = io.BytesIO()
    with zipfile.ZipFile(handle, "w") as made:
        for name, content in contents.items():
            made.writestr(name, content)
        made.writestr("manifest.json", json.dumps(said))
    return zipfile.ZipFile(handle)


EMPTY = {"bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}


@pytest.mark.parametrize(
    ("files", "manifest", "words"),
    [
        ({}, {"format": 99}, "format 99"),
        ({}, {"vault_keys": {"lost": "vault1:lost:AAAA"}}, "does not hold the key lost"),
        ({"rows/x.y.jsonl": ""}, {}, "not in the manifest"),
        ({}, {"files": [{"name": "rows/x.y.jsonl", **EMPTY}]}, "missing or damaged"),
        ({"rows/x.y.jsonl": "{}"}, {"files": [{"name": "rows/x.y.jsonl", **EMPTY}]}, "not what the manifest says"),
        ({"uploads/../../x": ""}, {"files": [{"name": "uploads/../../x", **EMPTY}]}, "no place here"),
        ({"/etc/x": ""}, {"files": [{"name": "/etc/x", **EMPTY}]}, "no place here"),
        ({"other/x": ""}, {"files": [{"name": "other/x", **EMPTY}]}, "no place here"),
    ],
)
def test_a_bad_archive_is_refused(files, manifest, words):
    with pytest.raises(archive.ArchiveError, match=words):
        reading.check(opened(files, **manifest))


def test_another_key_of_the_same_name_is_not_taken_for_it(settings):
    proofs = vault.proofs()
    assert vault.lacking(proofs) == []
    settings.VAULT_KEYS = {"test": b"1" * 32}
    with pytest.raises(archive.ArchiveError, match="another one under that name"):
        reading.check(opened({}, vault_keys=proofs))


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK no")
    with pytest.raises(archive.ArchiveError, match="cannot be read"):
        archive.restore(path)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("x", "y")
    with pytest.raises(archive.ArchiveError, match="no manifest"):
        archive.restore(path)


def test_a_whole_archive_passes():
    assert reading.check(opened({"rows/x.y.jsonl": ""}, files=[{"name": "rows/x.y.jsonl", **EMPTY}]))["format"] == 1


def test_what_is_left_out_exists_and_no_kept_table_fills_itself_in():
    labels = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)}
    assert labels >= rows.LEFT_OUT
    assert {"accounts.user", "incidents.timelineentry", "incidents.service_depends_on", "comms.delivery"} <= {m._meta.label_lower for m in rows.kept(apps)}


def test_a_row_comes_back_as_it_was(person):
    ada = person("ada", roles=["admin"])
    made = rows.load(type(ada), json.loads(json.dumps(rows.dump(ada))))
    assert {field.attname: getattr(made, field.attname) for field in ada._meta.concrete_fields} == {
        field.attname: getattr(ada, field.attname) for field in ada._meta.concrete_fields
    }


def test_secrets_stay_sealed():
    outbox.enqueue("contact.code", channel="console", address="a@example.org", key="k", params={"code": "canary-4711"})
    row = rows.dump(Delivery.objects.get(key="k"))
    assert "canary-4711" not in json.dumps(row) and row["secret"]
    assert rows.load(Delivery, row).secret != "" and outbox.params_of(Delivery.objects.get(key="k")) == {"code": "canary-4711"}


def send():
    """One turn of the drain, in this test's transaction."""
    drain.work(Lane("recorder", Priority.INTERNAL))


# --- the hold ----------------------------------------------------------------------------------


@pytest.fixture
def hold():
    alarms.raise_alarm(Alarm.Code.HELD, holding.SUBJECT, "")
    return Hold.objects.create(since=clock.now(), as_of=clock.now() - timedelta(hours=3))


@pytest.fixture
def waiting(hold, person):
    row = outbox.enqueue("channel.test", channel="recorder", person=person("ada"), key="old")
    Delivery.objects.filter(pk=row.pk).update(created_at=hold.since - timedelta(minutes=1))
    return row


def test_only_one_hold_is_on(hold):
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(since=clock.now(), as_of=clock.now())


def test_what_waited_before_the_restore_waits_on_and_new_account_mail_goes(waiting):
    outbox.enqueue("channel.test", channel="recorder", person=waiting.person, key="new")
    send()
    assert dict(Delivery.objects.values_list("key", "state")) == {"old": "due", "new": "sent"}


def test_dropped_is_never_sent_and_says_why(waiting, person):
    boss = person("boss", roles=["admin"])
    holding.decide("drop", actor=boss)
    send()
    row = Delivery.objects.get()
    assert (row.state, row.answer) == ("dropped", "it was waiting when the portal was restored from a backup, and was dropped")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.actor) == ("comms.hold_ended", boss)


def test_sent_goes_out_as_if_it_had_never_been_held(waiting, person):
    holding.decide("send", actor=person("boss", roles=["admin"]))
    send()
    assert Delivery.objects.get().state == "sent" and holding.current() is None


def test_a_second_decision_and_a_strange_word_are_refused(hold, person):
    boss = person("boss", roles=["admin"])
    with pytest.raises(Refused):
        holding.decide("burn", actor=boss)
    holding.decide("drop", actor=boss)
    with pytest.raises(Refused):
        holding.decide("send", actor=boss)


def test_the_page_decides_and_only_for_who_may_configure(waiting, person, client):
    client.force_login(person("ben"))
    assert client.get(reverse("comms:held")).status_code == 403
    assert client.post(reverse("comms:held"), {"decision": "drop"}).status_code == 403
    client.force_login(person("boss", roles=["admin"]))
    assert "Drop all of it" in client.get(reverse("comms:held")).content.decode()
    assert "/messages/held/" in client.get("/").content.decode()
    with pytest.raises(Refused):
        alarms.seen(Alarm.objects.get(), actor=person("other", roles=["admin"]))
    client.post(reverse("comms:held"), {"decision": "drop"})
    assert "/messages/held/" not in client.get("/").content.decode()
    assert Delivery.objects.get().state == "dropped"
    assert "Nothing is held" in client.get(reverse("comms:held")).content.decode()


def test_the_public_page_stays_as_it_was_while_effects_are_held(hold, settings, tmp_path, person):
    settings.STATUS_DIR = tmp_path / "status"
    status_sweeps.publish()
    assert Edition.objects.count() == 0 and editions.state()["ok"]
    holding.decide("drop", actor=person("boss", roles=["admin"]))
    status_sweeps.publish()
    assert (tmp_path / "status" / "index.html").exists() and "detail" not in editions.state()
