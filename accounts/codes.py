"""TOTP and recovery codes: each works once, kept in the database and not in a cache that may be flushed."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.models import User
from lib import db


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
