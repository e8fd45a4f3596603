"""The address table: what is public, what is never reached, what EGRESS_ALLOW opens. The standard library's `is_global` errs here."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lib.destinations import Network, opened
from lib.errors import Refused

Kind = Literal["operator", "check", "public"]
KINDS = ("operator", "check", "public")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class EgressRefused(Refused):
    """A destination that may not be reached. Says nothing about what lies behind the name."""

    status = 422
    default = _("This host is unknown or may not be reached from here.")


def _networks(*words: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word) for word in words)


# Link-local, and the metadata services of clouds, some of which hide among other addresses. No kind and no setting opens these.
NEVER = _networks(
    *("169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"),
    *("fe80::/10", "fec0::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "fd00:42::42/128"),
)
# IANA's special-purpose registries, and what no public service has.
DENIED_V4 = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
    *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
)
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # the only global unicast there is; loopback, mapped, private, multicast lie outside
DENIED_V6 = _networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
COMPATIBLE = ipaddress.IPv6Network("::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")


def inner(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Every IPv4 address that an IPv6 one carries: mapped, compatible, NAT64, 6to4, Teredo, ISATAP."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    number = int(address)
    if any(address in network for network in (MAPPED, COMPATIBLE, NAT64, LOCAL_NAT64)):
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if (number >> 32) & 0xFDFFFFFF == 0x00005EFE:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)


def is_never(address: Address) -> bool:
    """Link-local or a metadata service, also when wrapped."""
    return any(one in network for one in (address, *inner(address)) for network in NEVER if network.version == one.version)


def is_public(address: Address) -> bool:
    """True for an address of the public Internet that is not this machine's own."""
    if is_never(address):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in DENIED_V4) and not is_own(address)
    if address in NAT64 or address in MAPPED:
        return all(is_public(one) for one in inner(address))
    if any((int(address) >> 32) & 0xFDFFFFFF == 0x00005EFE for _one in inner(address)):
        return False
    return address in PUBLIC_V6 and not any(address in network for network in DENIED_V6) and not is_own(address)


def is_own(address: Address) -> bool:
    """True when this machine has the address: it can be bound, and what is sent there leaves from there."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
            probe.connect((str(address), 9))  # sends nothing; tells a real address from ip_nonlocal_bind
            return probe.getsockname()[0] == str(address)
    except OSError:
        return False


def is_allowed(address: Address, host: str, port: int, kind: Kind) -> bool:
    """Whether `kind` may reach `address`, to which `host` resolved, at `port`."""
    if is_never(address):
        return False
    if kind == "operator":
        return True
    if kind == "check" and is_opened(address, host, port):
        return True
    return is_public(address)


def is_opened(address: Address, host: str, port: int) -> bool:
    """Whether EGRESS_ALLOW opens it: by network, or by exact host:port. Loopback by exact 127.0.0.1:port alone."""
    networks, hosts = opened(tuple(settings.EGRESS_ALLOW))
    if (str(address), port) in hosts:
        return True
    if any(one.is_loopback or one.is_unspecified or one in DENIED_V4[0] for one in (address, *inner(address))):
        return False
    return (host, port) in hosts or any(address in network for network in networks if network.version == address.version)
