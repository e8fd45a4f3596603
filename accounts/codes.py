"""TOTP and recovery codes: each works once, kept in the database and not in a cache that may be flushed."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.models import User
from lib import db, vault

VAULT_CONTEXT = "mfa.authenticator.data"
SEALED = ("secret", "seed")  # what allauth keeps of TOTP and of recovery codes


@db.retried
def use(user: User, code: str) -> Authenticator | None:
    """The authenticator that `code` is a fresh code of; it is used up now. None for a wrong, old or used one."""
    code = "".join(code.split()).replace("-", "")
    with transaction.atomic():
        for row in db.lock(Authenticator.objects.filter(user=user).order_by("pk")):
            if row.type == Authenticator.Type.TOTP and _use_totp(row, code):
                return row
            if row.type == Authenticator.Type.RECOVERY_CODES and RecoveryCodes(row).validate_code(code):
                row.refresh_from_db()
                return row
    return None


def _use_totp(row: Authenticator, code: str) -> bool:
    """RFC 6238 §5.2: a code is taken once, and none older than the last one taken."""
    secret = decrypt(row.data["secret"])
    last = row.data.get("last_counter", -1)
    for counter in totp.yield_hotp_counters_from_time():
        if counter > last and constant_time_compare(code, totp.format_hotp_value(totp.hotp_value(secret, counter))):
            row.data["last_counter"] = counter
            row.save(update_fields=["data"])
            return True
    return False


def reseal() -> int:
    """Seal the secrets of all authenticators with the first of VAULT_KEYS; how many were not."""
    first, count = next(iter(settings.VAULT_KEYS)), 0
    for key in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = db.lock(Authenticator.objects.filter(pk=key)).first()
            old = [name for name in SEALED if row is not None and name in row.data and vault.key_of(row.data[name]) != first]
            for name in old:
                row.data[name] = vault.encrypt(vault.decrypt(row.data[name], VAULT_CONTEXT), VAULT_CONTEXT)
            if old:
                row.save(update_fields=["data"])
                count += 1
    return count
