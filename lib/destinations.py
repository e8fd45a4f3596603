"""Reads EGRESS_ALLOW: the networks and the exact host:port pairs that checks may reach. Needs no Django, for settings use it."""

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=8)
def opened(words: tuple[str, ...]) -> tuple[list[Network], set[tuple[str, int]]]:
    """Networks, and (host, port) pairs; ValueError for a word that is neither."""
    networks: list[Network] = []
    hosts: set[tuple[str, int]] = set()
    for word in words:
        host, colon, port = word.rpartition(":")
        if colon and port.isdecimal() and (":" not in host or host.startswith("[")) and "/" not in word:
            hosts.add((_host(host.strip("[]").lower(), word), int(port)))
            continue
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            raise ValueError(f"{word!r} is neither a network nor host:port") from None
    return networks, hosts


def _host(host: str, word: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host:
            return host
        raise ValueError(f"{word!r} has no host") from None
    if address.is_loopback and str(address) != "127.0.0.1":
        raise ValueError(f"{word!r}: loopback is opened as 127.0.0.1:port only")
    return str(address)
