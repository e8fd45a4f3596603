"""PagerDuty's own Python client against the portal: only the address is changed."""

import pagerduty
import pytest

pytestmark = pytest.mark.real


def test_pagerdutys_own_client_needs_only_another_address(make_portal):
    portal = make_portal(tls=True).start()
    api = portal.api(portal.token("admin"))
    key = portal.manage("source", "pagerduty", "nagios").strip()
    with pagerduty.EventsApiV2Client(key, base_url=portal.url, verify=portal.trust) as client:
        given = client.trigger(
            "Replication lag of the primary",
            "db-1.example.org",
            severity="critical",
            payload={"component": "primary-database", "class": "replication"},
            custom_details={"service": "primary-database", "lag seconds": 412},
            links=[{"href": "https://graphs.example.org/lag", "text": "The graph"}],
            images=[{"src": "https://graphs.example.org/lag.png"}],
        )
        assert given and client.trigger("Replication lag of the primary", "db-1.example.org", dedup_key=given) == given
        found = api.get("/incidents/").json()["results"]
        assert [(one["severity"], one["status"]) for one in found] == [("P1", "declared")], found
        alerts = api.get("/alerts/").json()["results"]
        assert len(alerts) == 1 and alerts[0]["status"] == "firing" and alerts[0]["incident"] == found[0]["reference"]

        assert client.acknowledge(given) == given
        assert client.resolve(given) == given
        assert client.resolve(given) == given
        assert [one["status"] for one in api.get("/alerts/").json()["results"]] == ["resolved"]
        assert api.get(f"/incidents/{found[0]['reference']}/").json()["recovered_at"]

        client.submit("Deployed 4.12", source="primary-database", links=[{"href": "https://ci.example.org/412", "text": "Build"}])
        changes = api.get("/changes/").json()["results"]
        assert [one["summary"] for one in changes] == ["Deployed 4.12"], changes

    with pagerduty.EventsApiV2Client("0" * 32, base_url=portal.url, verify=portal.trust) as stranger, pytest.raises(pagerduty.HttpError) as refused:
        stranger.trigger("No key", "nowhere")
    assert refused.value.response.status_code in {400, 401}
