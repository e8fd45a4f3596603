"""The pages of calendars: readable lines in, the same lines out."""

import pytest

from accounts.models import Calendar
from accounts.views import calendars as pages

FORM = {
    "slug": "cn",
    "name_en": "China",
    "name_zh": "中国",
    "time_zone": "Asia/Shanghai",
    "hours": "mon 09:00-12:00 13:00-18:00\ntue 09:00–18:00\n",
    "days": "2026-10-01 off National Day\n2026-10-10 work Make-up\n2026-12-24 09:00-12:00 Christmas Eve\n2026-12-25 off\n",
}


@pytest.fixture
def admin(person, client):
    client.force_login(person(roles=["admin"]))
    return client


def test_a_calendar_is_made_read_and_changed(admin, django_assert_max_num_queries):
    assert admin.get("/settings/calendars/new/").status_code == 200
    assert admin.post("/settings/calendars/new/", FORM).status_code == 302
    row = Calendar.objects.get(slug="cn")
    assert row.hours == {"mon": [["09:00", "12:00"], ["13:00", "18:00"]], "tue": [["09:00", "18:00"]]}
    assert row.days["2026-12-24"] == {"working": True, "name": "Christmas Eve", "hours": [["09:00", "12:00"]]}
    shown = pages.written(row)
    assert pages.read_days(shown["days"]) == row.days and pages.read_hours(shown["hours"]) == row.hours
    assert admin.post("/settings/calendars/new/", FORM).status_code == 422  # there is one already
    assert admin.post("/settings/calendars/cn/", {**FORM, "is_default": "on"}).status_code == 302
    assert list(Calendar.objects.filter(is_default=True)) == [Calendar.objects.get(slug="cn")]
    assert admin.post("/settings/calendars/cn/remove/").status_code == 409
    assert admin.post("/settings/calendars/office/remove/").status_code == 302
    with django_assert_max_num_queries(5):
        assert "09:00–12:00 13:00–18:00" in admin.get("/settings/calendars/").content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"hours": "mon 9-5"},
        {"hours": "mon 09:00-12:00\nmon 13:00-14:00"},
        {"hours": ""},
        {"days": "tomorrow off"},
        {"days": "2026-10-01"},
        {"days": "2026-10-01 maybe"},
        {"slug": "a b"},
    ],
)
def test_mistakes_keep_what_was_typed(change, admin):
    answer = admin.post("/settings/calendars/new/", {**FORM, **change})
    assert answer.status_code == 422
    assert "中国" in answer.content.decode()
    assert not Calendar.objects.filter(slug="cn").exists()
