"""Slowing down guesses per account and address, so that a stranger can lock nobody out of a device they know.

Every limit is a row of slots in the shared cache. A guess takes one slot of each limit *before* it is checked – guesses in parallel
cannot slip through – and a right one gives its slots back.
"""

import hashlib
import ipaddress
import logging
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from accounts.addresses import client_address
from accounts.models import User

logger = logging.getLogger(__name__)
DEVICE_COOKIE = f"{'__Host-' if settings.SECURE else ''}device"
DEVICE_SALT = "accounts.device"
DEVICE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Limit:
    """At most `guesses` wrong ones within `seconds`."""

    guesses: int
    seconds: int


# A device that signed in as this person before is counted by itself: others guessing never slow it down.
DEVICE = Limit(10, 300)
PAIR = Limit(10, 300)  # one account from one address
ADDRESS = Limit(60, 300)  # all accounts from one address: an office behind one proxy
ACCOUNT = Limit(100, 3600)  # one account from everywhere, unknown devices only
LINKS_ACCOUNT = Limit(3, 3600)  # mails with a link that one account is sent
LINKS_ADDRESS = Limit(10, 3600)


class Throttled(Exception):
    """Too many guesses; `seconds` until it is worth trying again."""

    def __init__(self, seconds: int):
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


def account_key(login: str) -> tuple[str, int | None]:
    """What counts as one account: the person behind a user name or e-mail, else the words themselves; and the person's id."""
    login = login.strip().lower()
    person = User.objects.filter(username__iexact=login).values_list("pk", flat=True).first()
    if person is None and "@" in login:
        person = User.objects.filter(email__iexact=login).values_list("pk", flat=True).first()
    return (f"person:{person}", person) if person else (f"words:{_hashed(login)}", None)


def take(request: HttpRequest, account: str, person: int | None, purpose: str = "login") -> list[str]:
    """Take a slot for one guess; give the result to :func:`release` when it was right. Raises Throttled."""
    device = known_device(request, person)
    if device:
        return _take([(f"{purpose}:device:{device}:{account}", DEVICE)])
    address = network(request)
    return _take([(f"{purpose}:pair:{account}:{address}", PAIR), (f"{purpose}:address:{address}", ADDRESS), (f"{purpose}:account:{account}", ACCOUNT)])


def take_link(request: HttpRequest, account: str) -> bool:
    """Whether one more mail with a link may go to `account`; counts it."""
    try:
        _take([(f"link:account:{account}", LINKS_ACCOUNT), (f"link:address:{network(request)}", LINKS_ADDRESS)])
    except Throttled:
        return False
    return True


def release(slots: list[str]) -> None:
    """Give the slots of a right guess back."""
    try:
        cache.delete_many(slots)
    except (RedisError, OSError):
        logger.warning("the cache is away; slots of a sign-in were not given back")


def network(request: HttpRequest) -> str:
    """The caller's address; of IPv6 the /64, which one caller owns whole."""
    address = client_address(request)
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return address


def known_device(request: HttpRequest, person: int | None) -> str:
    """The id of this device where it has signed in as `person` before, else ""."""
    if person is None:
        return ""
    try:
        owner, device = signing.loads(request.COOKIES.get(DEVICE_COOKIE, ""), salt=DEVICE_SALT, max_age=DEVICE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(device) if owner == person else ""


def remember_device(request: HttpRequest, response: HttpResponse, person: int) -> None:
    """Let this device be known as one that signed in as `person`."""
    device = known_device(request, person) or secrets.token_hex(8)
    value = signing.dumps([person, device], salt=DEVICE_SALT)
    response.set_cookie(DEVICE_COOKIE, value, max_age=DEVICE_SECONDS, secure=settings.SECURE, httponly=True, samesite="Lax", path="/")


def _take(wanted: list[tuple[str, Limit]]) -> list[str]:
    """One slot of each limit. With the cache away nobody is kept out: the on-call must get in."""
    taken: list[str] = []
    try:
        for name, limit in wanted:
            slot = _slot(name, limit)
            if slot is None:
                cache.delete_many(taken)
                logger.warning("too many guesses: %s", name)
                raise Throttled(limit.seconds)
            taken.append(slot)
    except (RedisError, OSError):
        logger.warning("the cache is away; a guess was not counted")
    return taken


def _slot(name: str, limit: Limit) -> str | None:
    keys = [f"throttle:{name}:{number}" for number in range(limit.guesses)]
    held = cache.get_many(keys)
    return next((key for key in keys if key not in held and cache.add(key, 1, limit.seconds)), None)


def _hashed(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:32]
