"""A rule fires in a real Prometheus, a real Alertmanager sends it with the configuration that the portal offers."""

import html
import re

import pytest

from tests.harness.alerting import Alertmanager, Prometheus, Target, accepts, quickened
from tests.harness.servers import until

pytestmark = pytest.mark.real


def test_a_rule_that_fires_is_an_incident_until_it_is_over(make_portal):
    portal = make_portal().start()
    api = portal.api(portal.token("admin"))
    made = api.put("/services/checkout/", json={"name": {"en": "Checkout", "zh-hans": "结账"}, "owner": "application"})
    assert made.status_code == 201, made.text
    page = portal.post(portal.client("admin"), "/settings/sources/", {"kind": "alertmanager", "name": "Prometheus"})
    config = re.search(r"<pre[^>]*><code>(.+?)</code></pre>", page.text, re.S)
    assert config is not None, page.text
    target = Target()
    alertmanager = Alertmanager(quickened(html.unescape(config[1])))
    prometheus = Prometheus(target.port, alertmanager.port)
    try:
        assert "SUCCESS" in accepts(alertmanager.config)
        alertmanager.start()
        prometheus.start()
        assert api.get("/alerts/").json()["results"] == []

        target.errors = 0.24
        found = until(lambda: api.get("/incidents/").json()["results"], 60, "the incident", every=0.5)
        assert [(one["severity"], one["services"], one["status"]) for one in found] == [("P1", ["checkout"], "declared")]
        alert = api.get("/alerts/", params={"status": "firing"}).json()["results"]
        assert len(alert) == 1 and alert[0]["title"] == "24% of checkouts fail", alert

        target.errors = 0.0
        until(lambda: api.get("/alerts/", params={"status": "resolved"}).json()["results"], 90, "the alert being over", every=0.5)
        assert api.get("/alerts/", params={"status": "firing"}).json()["results"] == []
        shown = api.get(f"/incidents/{found[0]['reference']}/").json()
        assert shown["status"] == "declared" and shown["recovered_at"], shown
        assert len(api.get("/incidents/").json()["results"]) == 1
    finally:
        prometheus.close()
        alertmanager.close()
        target.close()
