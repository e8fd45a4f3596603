"""Deliveries, obligations, contact methods and channels over REST: same rules, same rights."""

from comms.models import ContactMethod, Delivery

BASE = "/api/v1/"


def test_deliveries_list_and_detail(api, declare, run, sink, mina):
    incident = declare(severity="P1")
    run()
    client = api(mina)
    rows = client.get(f"{BASE}deliveries/?state=sent&incident={incident.reference}").json()["results"]
    assert {(row["person"], row["kind"], row["priority"], row["state"]) for row in rows} == {
        ("mina", "notice.declared", "internal", "sent"),
        ("wei", "notice.declared", "internal", "sent"),
    }
    assert "body" not in rows[0]
    one = client.get(f"{BASE}deliveries/{rows[0]['id']}/").json()
    assert one["attempts"][0]["outcome"] == "sent"
    assert incident.reference in one["body"]
    assert client.get(f"{BASE}incidents/{incident.reference}/messages/").json()["results"] == rows
    assert client.get(f"{BASE}deliveries/?state=bogus").status_code == 400
    assert client.get(f"{BASE}deliveries/999999/").status_code == 404


def test_sending_again(api, bad, send, run, person):
    bad(RCPT="554 never")
    delivery = send()
    run()
    client = api(person("ada", roles=["admin"]))
    answer = client.post(f"{BASE}deliveries/{delivery.pk}/resend/")
    assert answer.status_code == 201
    assert answer.json()["again_of"] == delivery.pk
    waiting = answer.json()["id"]
    assert client.post(f"{BASE}deliveries/{waiting}/resend/").status_code == 409
    assert api(person("rui")).post(f"{BASE}deliveries/{delivery.pk}/resend/").status_code == 404
    assert api(person("vic", roles=["viewer"])).post(f"{BASE}deliveries/{delivery.pk}/resend/").status_code == 403


def test_obligations_and_updates(api, declare, mina):
    incident = declare(severity="P1")
    client = api(mina)
    owed = client.get(f"{BASE}obligations/").json()["results"]
    assert [(row["incident"], row["audience"], row["because"], row["state"]) for row in owed] == [(incident.reference, "war_room", "cadence", "open")]
    made = client.post(f"{BASE}incidents/{incident.reference}/updates/", {"text": "We know more.", "next_update_minutes": 5})
    assert made.status_code == 201
    assert made.json()["kind"] == "comms.update"
    rows = client.get(f"{BASE}incidents/{incident.reference}/obligations/").json()["results"]
    assert {(row["state"], row["because"]) for row in rows} == {("kept", "cadence"), ("open", "promise")}
    assert client.post(f"{BASE}incidents/{incident.reference}/updates/", {"text": ""}).status_code == 400
    assert client.post(f"{BASE}incidents/{incident.reference}/updates/", {"text": "x", "next_update_minutes": 0}).status_code == 400
    assert client.post(f"{BASE}incidents/INC-1999-001/updates/", {"text": "x"}).status_code == 404


def test_a_private_incident_is_in_none_of_it(api, declare, run, sink, person):
    incident = declare(severity="P1", private=True, title="canary")
    run()
    delivery = Delivery.objects.filter(incident=incident).first()
    client = api(person("ada", roles=["admin"]))
    assert client.get(f"{BASE}deliveries/").json()["results"] == []
    assert client.get(f"{BASE}obligations/?state=all").json()["results"] == []
    for path in (f"deliveries/{delivery.pk}/", f"incidents/{incident.reference}/obligations/", f"incidents/{incident.reference}/messages/"):
        assert client.get(f"{BASE}{path}").status_code == 404


def test_contact_methods_are_ones_own(api, wei, mina):
    client = api(wei)
    made = client.post(f"{BASE}contact-methods/", {"address": "phone@example.test"})
    assert made.status_code == 201
    assert made.json()["verified"] is False
    pk = made.json()["id"]
    assert client.post(f"{BASE}contact-methods/{pk}/verify/", {"code": "nope"}).status_code == 422
    assert client.post(f"{BASE}contact-methods/{pk}/code/").status_code == 429
    assert client.post(f"{BASE}contact-methods/", {"address": "no address"}).status_code == 422
    assert api(mina).get(f"{BASE}contact-methods/{pk}/").status_code == 404
    assert api(mina).delete(f"{BASE}contact-methods/{pk}/").status_code == 404
    assert client.delete(f"{BASE}contact-methods/{pk}/").status_code == 204
    assert not ContactMethod.objects.exists()


def test_channels_are_for_who_configures(api, person, sink, run):
    client = api(person("ada", roles=["admin"]))
    assert {row["kind"]: row["state"] for row in client.get(f"{BASE}channels/").json()["results"]} == dict.fromkeys(
        ("email", "console", "webhook", "recorder"), "ok"
    )
    assert client.post(f"{BASE}channels/email/test/").status_code == 201
    run()
    assert len(sink.mails) == 1
    assert client.post(f"{BASE}channels/email/on/").json()["state"] == "ok"
    assert client.post(f"{BASE}channels/pigeon/on/").status_code == 404
    assert api(person("rui")).get(f"{BASE}channels/").status_code == 403


def test_lists_cost_the_same_for_one_and_for_thirty(api, declare, send, mina, django_assert_max_num_queries):
    client, incident = api(mina), declare(severity="P1")
    send("first", incident=incident, person=mina)
    for path in ("deliveries/", "obligations/"):
        client.get(f"{BASE}{path}")
        with django_assert_max_num_queries(12):
            client.get(f"{BASE}{path}")
    for number in range(29):
        send(str(number), incident=incident, person=mina)
        declare(severity="P2")
    for path in ("deliveries/", "obligations/"):
        with django_assert_max_num_queries(12):
            assert len(client.get(f"{BASE}{path}").json()["results"]) == 30
