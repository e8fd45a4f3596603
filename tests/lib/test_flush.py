"""Transactional tests empty real append-only tables behind them, on both databases."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import audit
from accounts.models import AuditEntry
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
