"""Alarms and the order of contact methods over REST."""

from accounts.models import AuditEntry
from comms import alarms, methods
from comms.models import ContactMethod
from tests.comms.test_api import BASE


def test_an_alarm_is_listed_and_seen(api, person):
    alarm = alarms.raise_alarm("dead", "email", "550 no such user")
    admin, viewer = api(person("ada", roles=["admin"])), api(person("vic", roles=["viewer"]))
    [row] = viewer.get(f"{BASE}alarms/").json()["results"]
    assert row["code"] == "dead" and row["words"] == "550 no such user" and row["cleared_at"] is None and "failed" in row["text"]
    assert viewer.post(f"{BASE}alarms/{alarm.pk}/seen/").status_code == 403
    assert admin.post(f"{BASE}alarms/999999/seen/").status_code == 404
    seen = admin.post(f"{BASE}alarms/{alarm.pk}/seen/", headers={"Idempotency-Key": "k"})
    assert seen.status_code == 200 and seen.json()["cleared_by"] == "ada"
    assert admin.post(f"{BASE}alarms/{alarm.pk}/seen/").json() == seen.json()
    assert AuditEntry.objects.filter(action="comms.alarm_seen").count() == 1
    assert admin.get(f"{BASE}alarms/").json()["results"] == []
    assert len(admin.get(f"{BASE}alarms/?state=cleared").json()["results"]) == 1
    assert admin.get(f"{BASE}alarms/?state=odd").status_code == 400


def test_a_contact_method_is_put_first(api, mina, wei):
    rows = [methods.add(mina, "email", f"m{number}@example.org") for number in range(2)]
    client = api(mina)
    assert client.post(f"{BASE}contact-methods/{rows[1].pk}/first/").json()["order"] == 0
    assert ContactMethod.objects.get(pk=rows[0].pk).order == 1
    assert api(wei).post(f"{BASE}contact-methods/{rows[0].pk}/first/").status_code == 404
