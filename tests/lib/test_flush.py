"""Flush goes through the append-only tables' door, and each transactional test leaves the database as it began, on both databases."""

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts import audit
from accounts.models import AuditEntry, User
from incidents.models import PlaybookVersion, Service
from lib import append_only

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("_time", [1, 2])
def test_a_protected_table_is_empty_for_each_test_and_protected_in_each(_time):
    mine = AuditEntry.objects.filter(action="lib.tested")
    assert not mine.exists()
    with transaction.atomic():
        audit.record("lib.tested", actor=None)
    assert mine.count() == 1
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {AuditEntry._meta.db_table}")
    assert append_only.missing() == []


@pytest.mark.parametrize("_time", [1, 2])
def test_each_begins_with_what_the_database_began_with(_time):
    assert PlaybookVersion.objects.count() == 1 and Service.objects.exists() and not User.objects.exists()
    assert audit.verify() == []
    User.objects.create_user("sam")
    Service.objects.update(name="changed")
    call_command("flush", interactive=False, verbosity=0)
    assert not PlaybookVersion.objects.exists()


def test_flush_empties_protected_tables_and_the_cache_and_protects_them_again():
    with transaction.atomic():
        audit.record("lib.tested", actor=None)
    cache.set("kept", 1)
    call_command("flush", interactive=False, verbosity=0)
    assert not AuditEntry.objects.exists()
    assert cache.get("kept") is None
    with transaction.atomic():
        audit.record("lib.tested", actor=None)
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {AuditEntry._meta.db_table}")
    assert append_only.missing() == []
