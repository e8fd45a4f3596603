"""The vault: sealed in the database, plain in Python, bound to its column, rotated without a pause."""

from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import connection

from lib import vault
from lib.vault import VaultError

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32, "old": b"o" * 32}


def stored(model):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT password FROM {model._meta.db_table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def box(safe_model, settings, monkeypatch):
    settings.VAULT_KEYS = OLD
    monkeypatch.setattr(vault, "apps", SimpleNamespace(get_models=lambda: [safe_model]))
    return safe_model


def test_the_database_holds_no_secret_and_python_reads_it(box, db):
    box.objects.create(password="hunter2 订单")
    [token] = stored(box)
    assert token.startswith("vault1:old:") and "hunter2" not in token
    assert box.objects.get().password == "hunter2 订单"


def test_nothing_stays_nothing(box, db):
    box.objects.create(password="")
    assert stored(box) == [""]
    assert box.objects.get().password == ""
    assert box.objects.filter(password="").exists()


def test_the_same_secret_is_never_sealed_alike(box, db):
    box.objects.bulk_create([box(password="same"), box(password="same")])
    assert len(set(stored(box))) == 2


CHANGES = {
    "body": lambda token: token[:-8] + "AAAAAAA=",
    "key id": lambda token: token.replace("old", "new"),
    "prefix": lambda token: token.replace("vault1", "vault2"),
    "plain": lambda token: "hunter2",
    "no base64": lambda token: "vault1:old:!",
    "short": lambda token: token[:20],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_value_is_found(settings, change):
    settings.VAULT_KEYS = OLD | NEW
    token = vault.encrypt("x", "a.b.c")
    with pytest.raises(VaultError):
        vault.decrypt(change(token), "a.b.c")


def test_a_value_moved_to_another_column_does_not_open(settings):
    settings.VAULT_KEYS = OLD
    token = vault.encrypt("x", "comms.channel.password")
    assert vault.decrypt(token, "comms.channel.password") == "x"
    with pytest.raises(VaultError, match="changed, moved"):
        vault.decrypt(token, "comms.channel.note")


def test_a_missing_key_is_named_and_the_secret_is_not(settings):
    settings.VAULT_KEYS = OLD
    token = vault.encrypt("hunter2", "a.b.c")
    settings.VAULT_KEYS = {"new": b"n" * 32}
    with pytest.raises(VaultError, match="'old'") as caught:
        vault.decrypt(token, "a.b.c")
    assert "hunter2" not in str(caught.value)


def test_sealed_values_cannot_be_searched(box, db):
    with pytest.raises(FieldError):
        box.objects.filter(password__contains="h").exists()


def test_rotation_seals_all_with_the_first_key(box, db, settings):
    box.objects.bulk_create([box(password=f"secret {number}") for number in range(3)] + [box(password="")])
    settings.VAULT_KEYS = NEW
    assert vault.census() == {"new": 0, "old": 3}
    assert vault.rotate() == 3
    assert vault.census() == {"new": 3, "old": 0}
    settings.VAULT_KEYS = {"new": b"n" * 32}
    assert [row.password for row in box.objects.order_by("id")] == ["secret 0", "secret 1", "secret 2", ""]
    assert vault.rotate() == 0


def test_the_command_rotates_and_counts(box, db, settings):
    box.objects.create(password="secret")
    settings.VAULT_KEYS = NEW
    out = StringIO()
    call_command("vault", "rotate", stdout=out)
    assert out.getvalue().split("\n")[:2] == ["1 values sealed anew", "new: 1"]
    settings.VAULT_KEYS = {"third": b"t" * 32}
    with pytest.raises(CommandError, match="'new'"):
        call_command("vault", "rotate", stdout=out)


def test_exports_hold_the_sealed_form_and_can_be_read_back(box, db):
    box.objects.create(password="secret")
    row = box.objects.get()
    text = box._meta.get_field("password").value_to_string(row)
    assert "secret" not in text
    box.objects.filter(pk=row.pk).update(password=text)
    assert box.objects.get().password == "secret"


def test_a_secret_that_looks_sealed_is_a_secret(box, db):
    box.objects.create(password="vault1:old:AAAA")
    assert box.objects.get().password == "vault1:old:AAAA"


def test_what_lies_elsewhere_is_rotated_by_its_room(box, db, monkeypatch):
    monkeypatch.setattr(vault, "_others", [])
    vault.also_rotate(lambda: 4)
    assert vault.rotate() == 4
