"""The audit trail: chained, append-only, secrets masked, the true address."""

import json

import pytest
from django.db import DatabaseError, transaction
from django.test import RequestFactory

from accounts import audit, trail
from accounts.addresses import client_address
from accounts.models import AuditEntry, AuditHead
from lib import append_only
from lib.errors import Refused


@pytest.fixture
def filled(person):
    """An own chain of five; what the test database began with is put away."""
    with append_only.unlocked():
        AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    ada = person("ada", roles=["admin"])
    for number in range(5):
        audit.record("test.act", actor=ada, target=f"thing {number}", before={"n": number}, after={"n": number + 1})
    return ada


def test_entries_are_gapless_and_chained(filled):
    rows = list(AuditEntry.objects.order_by("seq"))
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.prev_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert audit.verify() == []
    assert audit.head() == (5, rows[-1].hash)


@pytest.mark.django_db
def test_what_setting_up_wrote_is_true():
    assert audit.verify() == []


@pytest.mark.parametrize(
    "change",
    [
        {"action": "test.other"},
        {"target": "thing 9"},
        {"change": '{"after":{"n":99},"before":{"n":1}}'},
        {"actor_name": "Eve"},
        {"actor": None},
        {"address": "192.0.2.9"},
    ],
)
def test_a_changed_entry_is_found(filled, change):
    with append_only.unlocked():
        AuditEntry.objects.filter(seq=3).update(**change)
    assert audit.verify() == ["audit entry 3 was changed"]


def test_the_strict_audit_of_the_portal_reads_the_trail(filled):
    with append_only.unlocked():
        AuditEntry.objects.filter(seq=3).update(target="x")
    assert audit.invariants(full=True) == ["audit entry 3 was changed"]
    assert audit.invariants(full=False) == []


def test_a_removed_entry_is_found(filled):
    with append_only.unlocked():
        AuditEntry.objects.filter(seq=3).delete()
    assert "audit entry 3 is missing" in audit.verify()


def test_a_cut_tail_is_found(filled):
    with append_only.unlocked():
        AuditEntry.objects.filter(seq__gte=4).delete()
    assert any("ends at 3" in found for found in audit.verify())


def test_a_rewritten_tail_with_a_rewritten_head_differs_from_the_anchor(filled):
    anchor = audit.head()
    with append_only.unlocked():
        AuditEntry.objects.filter(seq=5).delete()
    AuditHead.objects.update(seq=4, hash=AuditEntry.objects.get(seq=4).hash)
    audit.record("test.forged", actor=None)
    assert audit.verify() == [] and audit.head() != anchor


def test_nobody_changes_or_removes_entries(filled):
    for act in (lambda rows: rows.update(target="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act(AuditEntry.objects.filter(seq=1))


def test_a_rolled_back_act_leaves_no_entry(filled):
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("test.lost", actor=filled)
        raise RuntimeError
    assert audit.head()[0] == 5
    assert audit.verify() == []


def test_secrets_are_masked_at_any_depth():
    value = {
        "password": "hunter2", "nested": [{"api_token": "abc", "Authorization": "Bearer x"}], "key": "confirm", "name": "x", "vault_key": "k",
        "roles": ["a"], "secret": "", "single_keys": True,
    }  # fmt: skip
    shown = json.dumps(audit.masked(value))
    for secret in ("hunter2", "abc", "Bearer"):
        assert secret not in shown
    assert audit.masked(value)["key"] == "confirm"
    assert audit.masked({"key": "0123456789abcdef0123456789abcdef"})["key"] == audit.MASK
    assert audit.masked(value)["secret"] == ""
    assert audit.masked(value)["single_keys"] is True


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "found"),
    [
        ("198.51.100.7", "", [], "198.51.100.7"),
        ("198.51.100.7", "1.2.3.4", [], "198.51.100.7"),  # an untrusted caller writes what it likes
        ("10.0.0.1", "1.2.3.4", ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4, 10.0.0.9", ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4, rubbish", ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::1]:443", ["10.0.0.0/8"], "2001:db8::1"),
        ("::ffff:10.0.0.1", "1.2.3.4:5678", ["10.0.0.0/8"], "1.2.3.4"),
        ("", "1.2.3.4", ["10.0.0.0/8"], ""),
    ],
)
def test_the_address_is_the_nearest_untrusted_one(remote, forwarded, trusted, found, settings):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    assert client_address(request) == found


def test_filters_find_what_they_say(filled):
    audit.record("other.act", actor=None, target="thing 1")
    assert trail.entries({"action": "test"}, "UTC").count() == 5
    assert trail.entries({"action": "other.act"}, "UTC").count() == 1
    assert trail.entries({"person": "ADA"}, "UTC").count() == 5
    assert trail.entries({"person": "-"}, "UTC").count() == 1
    assert trail.entries({"target": "THING 1"}, "UTC").count() == 2
    today = AuditEntry.objects.first().at.date().isoformat()
    assert trail.entries({"since": today, "until": today}, "UTC").count() == 6
    assert trail.entries({"since": "2999-01-01"}, "UTC").count() == 0
    for wrong in ("yesterday", "2026-02-30", "2026-13-01T00:00Z"):
        with pytest.raises(Refused):
            trail.entries({"since": wrong}, "UTC")


def test_the_page_shows_filters_and_pages(filled, client, django_assert_max_num_queries):
    client.force_login(filled)
    client.get("/me/")
    for number in range(60):
        audit.record("test.many", actor=filled, target=f"row {number}")
    with django_assert_max_num_queries(8):
        answer = client.get("/settings/audit/?action=test.many")
    text = answer.content.decode()
    assert text.count("<code>test.many</code>") == 50
    older = client.get(f"/settings/audit/?action=test.many&cursor={answer.context['page'].next}")
    assert older.content.decode().count("<code>test.many</code>") == 10
    assert client.get("/settings/audit/?since=nonsense").status_code == 400
    assert client.get("/settings/audit/?cursor=nonsense").status_code == 400


def test_over_rest_the_trail_pages_by_number(filled, client):
    client.force_login(filled)
    page = client.get("/api/v1/audit/?limit=2&action=test.act").json()
    assert [row["seq"] for row in page["results"]] == [5, 4]
    assert page["results"][0]["actor"] == "ada" and page["results"][0]["before"] == {"n": 4}
    assert [row["seq"] for row in client.get(page["next"]).json()["results"]] == [3, 2]
    assert client.get("/api/v1/audit/3/").json()["target"] == "thing 2"
    assert client.get("/api/v1/audit/99/").status_code == 404
    assert client.get("/api/v1/audit/?since=x").status_code == 400
