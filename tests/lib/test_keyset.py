"""Keyset pages: every row once, forwards and back, whatever is inserted meanwhile."""

import base64
import json
from datetime import timedelta

import pytest
from django.db import connection

from lib import clock as product_clock
from lib import keyset
from lib.models import Heartbeat

ORDER = ("-at", "-name")


@pytest.fixture
def beats(db):
    start = product_clock.now()
    Heartbeat.objects.bulk_create(Heartbeat(name=f"{number:02}", at=start - timedelta(minutes=number // 3)) for number in range(23))
    return [row.name for row in Heartbeat.objects.order_by(*ORDER)]


def walk(rows, order=ORDER, limit=5):
    page = keyset.page(rows, order, limit=limit)
    pages = [page]
    while page.next:
        page = keyset.page(rows, order, page.next, limit)
        pages.append(page)
    return pages


@pytest.mark.parametrize("order", [ORDER, ("at", "name"), ("name",), ("-name",)])
def test_a_walk_shows_each_row_once_in_order_and_back_again(beats, order):
    pages = walk(Heartbeat.objects.all(), order)
    assert [row.name for page in pages for row in page.rows] == [row.name for row in Heartbeat.objects.order_by(*order)]
    assert pages[0].previous is None and pages[-1].next is None
    back = [pages[-1]]
    while back[-1].previous:
        back.append(keyset.page(Heartbeat.objects.all(), order, back[-1].previous, 5))
    assert [row.name for page in reversed(back) for row in page.rows] == [row.name for row in Heartbeat.objects.order_by(*order)]


def test_a_row_inserted_meanwhile_shifts_nothing(beats):
    first = keyset.page(Heartbeat.objects.all(), ORDER, limit=5)
    Heartbeat.objects.create(name="new", at=product_clock.now() + timedelta(hours=1))
    second = keyset.page(Heartbeat.objects.all(), ORDER, first.next, 5)
    assert [row.name for row in second.rows] == beats[5:10]


def test_rows_may_be_dictionaries(beats):
    pages = walk(Heartbeat.objects.values("at", "name"))
    assert [row["name"] for page in pages for row in page.rows] == beats


def test_one_query_and_the_index_answers_it(beats, django_assert_num_queries):
    cursor = keyset.page(Heartbeat.objects.all(), ("name",), limit=5).next
    with django_assert_num_queries(1):
        keyset.page(Heartbeat.objects.all(), ("name",), cursor, 5)
    if connection.vendor == "sqlite":
        row = keyset.RowComparison("name", keyset.Value("05"), sign=">")
        assert "USING" in Heartbeat.objects.filter(row).order_by("name").explain()


def test_an_empty_list_is_one_empty_page(db):
    assert keyset.page(Heartbeat.objects.all(), ORDER) == keyset.Page([], None, None)


def forged(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ünïcode",
        "A" * 2000,
        forged(),
        forged("n", "-at,-name"),
        forged("n", "name", ["a"]),
        forged("x", "-at,-name", ["2026-01-01T00:00:00+00:00", "a"]),
        forged("n", "-at,-name", ["2026-01-01T00:00:00", "a"]),
        forged("n", "-at,-name", ["30 February", "a"]),
        forged("n", "-at,-name", ["2026-01-01T00:00:00+00:00", "a\x00"]),
        forged("n", "-at,-name", ["2026-01-01T00:00:00+00:00", {"a": 1}]),
        forged("n", "-at,-name", [None, None]),
    ],
)
def test_a_forged_cursor_is_refused(beats, cursor):
    with pytest.raises(keyset.BadCursor):
        keyset.page(Heartbeat.objects.all(), ORDER, cursor)


def test_a_huge_number_in_a_cursor_is_refused(job_model, db):
    with pytest.raises(keyset.BadCursor):
        keyset.page(job_model.objects.all(), ("-id",), forged("n", "-id", [10**30]))


@pytest.mark.parametrize("order", [("-at", "name"), (), ("nothing",), ("lease_until", "id")])
def test_an_order_that_cannot_be_paged_is_a_mistake(job_model, order):
    with pytest.raises(ValueError, match=r"paged?|order"):
        keyset.page(job_model.objects.all(), order)
