"""Components by hand and by name, the page's looks, and the preview."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from comms import publication
from incidents import lifecycle, playbook
from lib.errors import Forbidden, Refused
from statuspage import audit, changes, drafts, page_settings, snapshot, states
from statuspage.models import Component, ComponentChange, PostUpdate, PublicPage
from statuspage.telling import Telling
from tests.portal.test_sinks import PICTURE


def component(slug="cache"):
    return Component.objects.select_related("service").get(service__slug=slug)


def test_a_state_set_by_hand_is_public_and_kept(shipped, mina, rea):
    states.set_by_hand(component(), "under_maintenance", actor=mina)
    number = changes.state()[0]
    states.set_by_hand(component(), "under_maintenance", actor=mina)
    assert changes.state()[0] == number and component().state == "under_maintenance"
    assert [row.actor for row in ComponentChange.objects.all()] == [mina]
    assert AuditEntry.objects.filter(action="component.state").count() == 1
    with pytest.raises(Forbidden):
        states.set_by_hand(component(), "operational", actor=rea)
    with pytest.raises(Refused):
        states.set_by_hand(component(), "on fire", actor=mina)
    assert audit.invariants(full=True) == []


def test_what_a_post_says_goes_before_what_was_set_by_hand(declare, mina):
    states.set_by_hand(component("api-gateway"), "degraded_performance", actor=mina)
    incident = declare("confirmed")
    assert component("api-gateway").state == "partial_outage"
    lifecycle.transition(incident, "resolved", actor=mina)
    assert component("api-gateway").state == "degraded_performance"


def test_the_components_page_sets_a_state(as_user, shipped, mina, rea):
    client = as_user(mina)
    assert "Cache" in client.get("/public/components/").content.decode()
    client.post("/public/components/cache/state/", {"state": "major_outage"})
    assert component().state == "major_outage"
    responder = as_user(rea)
    assert "component.state" not in responder.get("/public/components/").content.decode()
    assert responder.post("/public/components/cache/state/", {"state": "operational"}).status_code == 403


def test_the_components_page_costs_the_same_however_many_there_are(as_user, shipped, mina, django_assert_max_num_queries):
    client = as_user(mina)
    client.get("/public/components/")
    with django_assert_max_num_queries(12):
        client.get("/public/components/")


def test_a_component_is_named_and_hidden_in_the_settings(as_user, shipped, person, mina):
    client, path = as_user(person("ada2", roles=["admin"])), "/settings/components/cache/"
    said = {"name_en": "Fast memory", "name_zh-hans": "缓存", "position": str(component().position)}
    assert client.post(path, said).status_code == 302
    assert playbook.current().items("components")["cache"] == {"name": {"en": "Fast memory"}}
    assert client.post(path, {**said, "is_hidden": "on"}).status_code == 302
    assert not component().is_shown
    client.post(path, {"name_en": "Cache", "name_zh-hans": "缓存", "position": str(component().service.position)})
    assert "cache" not in playbook.current().items("components") and component().is_shown
    assert client.post(path, {"position": "-1"}).status_code == 422
    assert as_user(mina).get(path).status_code == 403


def test_the_page_looks_as_it_was_set(as_user, shipped, person, mina, clock):
    client, path = as_user(person("ada2", roles=["admin"])), "/settings/public-page/"
    said = {"name": "Acme", "accent": "#1F6FEB", "support_mail": "help@acme.example", "support_url": "https://acme.example/help"}
    assert client.post(path, {**said, "logo": SimpleUploadedFile("logo.png", PICTURE)}).status_code == 302
    page = snapshot.take(clock.now()).page
    assert (page.name, page.accent, page.support_mail, page.support_url) == ("Acme", "#1f6feb", "help@acme.example", "https://acme.example/help")
    assert page.logo_type == "image/png" and page.logo
    assert publication.product().support_mail == "help@acme.example"
    client.post(path, {**said, "without_logo": "on"})
    assert PublicPage.objects.get().logo is None
    assert as_user(mina).get(path).status_code == 403


@pytest.mark.parametrize(
    "said",
    [{"accent": "red"}, {"support_mail": "nobody"}, {"support_url": "javascript:1"}, {"logo": SimpleUploadedFile("logo.png", b"<svg/>")}],
    ids=["colour", "mail", "address", "no picture"],
)
def test_looks_that_cannot_be_are_refused(as_user, shipped, person, said):
    assert as_user(person("ada2", roles=["admin"])).post("/settings/public-page/", said).status_code == 422
    assert not PublicPage.objects.exists()


def test_a_logo_has_its_size(shipped):
    with pytest.raises(Refused, match="256 KB"):
        page_settings.save({"logo": SimpleUploadedFile("logo.png", PICTURE + b"0" * 256 * 1024)}, actor=None)


def test_a_preview_is_the_page_itself_and_leaves_nothing(as_user, declare, mina, rea):
    incident = declare("confirmed", severity="P2")
    drafts.save(incident, Telling("investigating", free={"en": "Own words."}, services={"cache": "major_outage"}), actor=mina)
    before = changes.state()
    client, path = as_user(mina), f"/incidents/{incident.reference}/public/preview/"
    assert "Own words." in client.get(path).content.decode()
    page = client.get(f"{path}page/en/").content.decode()
    assert "Own words." in page and "<html" in page
    assert client.get(f"{path}page/assets/status.css").headers["Content-Type"].startswith("text/css")
    assert client.get(f"{path}page/nothing/").status_code == 404
    assert not PostUpdate.objects.exists() and changes.state() == before and component().state == "operational"
    assert as_user(rea).get(f"{path}page/en/").status_code == 403


def test_a_preview_without_a_draft_leads_back(as_user, declare, mina):
    incident = declare("confirmed")
    assert as_user(mina).get(f"/incidents/{incident.reference}/public/preview/").status_code == 302
    assert as_user(mina).get(f"/incidents/{incident.reference}/public/preview/page/en/").status_code == 404
