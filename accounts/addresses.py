"""Where a request came from, past the proxies we trust."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=8)
def _networks(words: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word, strict=False) for word in words)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client_address(request: HttpRequest) -> str:
    """The caller's address: the connection's, or behind `TRUSTED_PROXIES` the nearest one in X-Forwarded-For that is no trusted proxy.

    Empty when the server does not know (a socket without address). Never a value that an untrusted caller wrote.
    """
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    if address is None:
        return ""
    for word in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not any(address in network for network in trusted if network.version == address.version):
            break
        further = _parsed(word)
        if further is None:
            break
        address = further
    return str(address)
