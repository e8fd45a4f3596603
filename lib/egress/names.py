"""From a host as written to checked addresses, and a socket that is pinned to one of them."""

import ipaddress
import queue
import re
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import idna
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lib.egress.table import KINDS, Address, EgressRefused, Kind, is_allowed

LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
NUMERIC = re.compile(r"\d+|0x[0-9a-f]*")
WEB_PORTS = {80, 443, 8080, 8443}  # what users' webhooks may name
# Services that read HTTP as commands (the Fetch standard's list, shortened to what servers run): no HTTP request goes there.
UNSAFE_PORTS = {
    *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123),
    *(135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995),
    *(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211),
}
LOOKUP_SECONDS = 5.0


def addresses(host: str, port: int, kind: Kind, *, seconds: float = LOOKUP_SECONDS) -> list[str]:
    """The addresses of `host` to connect to, best first: all of them are allowed for `kind`, or none is given out.

    Raises :class:`EgressRefused` when the host is written oddly, unknown (within `seconds`), or one of its addresses is not allowed.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of destination")
    if not 0 < port < 65536:
        raise EgressRefused(_("The port is not between 1 and 65535."))
    name = plain_host(host)
    literal = _literal(name)
    found = [literal] if literal else _look_up(name, port, seconds)
    if not found or not all(is_allowed(address, name, port, kind) for address in found):
        raise EgressRefused
    if kind != "operator" and not (kind == "check" and _is_named(name, found, port)):
        _refuse_own_services(found, port)
    return [str(address) for address in found]


def plain_host(host: str) -> str:
    """`host` in lower-case ASCII: a name, an IPv4 address in four plain decimal numbers, or an IPv6 address. Anything else is refused."""
    text = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in text or text != host:
        try:
            return str(ipaddress.IPv6Address(_without_zone(text)))
        except ValueError:
            raise EgressRefused(_("The host is not written correctly.")) from None
    name = text.removesuffix(".").lower()
    if not name.isascii():
        name = _ascii(name)
    labels = name.split(".")
    if not name or len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise EgressRefused(_("The host is not written correctly."))
    # Whatever ends in a number some resolver takes for an address: 2130706433, 0x7f000001, 127.1, 0177.0.0.1.
    if NUMERIC.fullmatch(labels[-1]) and (_literal(name) is None or not text.isascii() or text.endswith(".")):
        raise EgressRefused(_("Write the address as four decimal numbers."))
    return name


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError(text)
    return text


def _ascii(name: str) -> str:
    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode().lower()
    except idna.IDNAError:
        raise EgressRefused(_("The host is not written correctly.")) from None


def _literal(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _look_up(name: str, port: int, seconds: float) -> list[Address]:
    """Every A and AAAA, once each, in the resolver's order. In a thread, for a resolver has no time-out of its own."""
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            answer.put([str(row[4][0]) for row in rows])
        except (OSError, UnicodeError):
            answer.put([])

    threading.Thread(target=ask, name="egress-lookup", daemon=True).start()
    try:
        texts = answer.get(timeout=max(0.01, seconds))
    except queue.Empty:
        return []
    return [ipaddress.ip_address(text.partition("%")[0]) for text in dict.fromkeys(texts)]


def _is_named(name: str, found: list[Address], port: int) -> bool:
    """EGRESS_ALLOW names this very host:port, so the operator means it, even if it is a service of ours."""
    words = {word.lower() for word in settings.EGRESS_ALLOW}
    return f"{name}:{port}" in words or all(f"{address}:{port}" in words for address in found)


_own: dict[str, object] = {"at": None, "pairs": set()}
OWN_FOR_SECONDS = 60.0


def _refuse_own_services(found: list[Address], port: int) -> None:
    """Our database, Redis and mail server are nobody's webhook, even on public addresses."""
    now = time.monotonic()
    if _own["at"] is None or now - float(str(_own["at"])) > OWN_FOR_SECONDS:
        _own["pairs"], _own["at"] = set(_own_services()), now
    pairs = _own["pairs"]
    if isinstance(pairs, set) and any((address, port) in pairs for address in found):
        raise EgressRefused


def _own_services() -> list[tuple[Address, int]]:
    database = settings.DATABASES["default"]
    places = [(str(database.get("HOST") or ""), int(database.get("PORT") or 5432))] if database["ENGINE"].endswith("postgresql") else []
    for url, port in ((settings.REDIS_URL, 6379), (settings.EMAIL_URL, 25)):
        parts = urlsplit(url)
        places.append((parts.hostname or "", parts.port or port))
    return [(address, port) for host, port in places if host and not host.startswith("/") for address in _look_up(host, port, 1.0)]


def check_url(url: str, kind: Kind, *, resolve: bool = True) -> httpx.URL:
    """`url` if an HTTP request of `kind` may go there (`resolve`: its addresses are looked up too); raises :class:`EgressRefused`."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise EgressRefused(_("The address is not written correctly.")) from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise EgressRefused(_("The address takes http:// or https://."))
    # As written, before any parser made something familiar of it.
    if plain_host(_written_host(url)) != plain_host(parsed.raw_host.decode("ascii")):
        raise EgressRefused(_("The host is not written correctly."))
    check_request(parsed, kind)
    if resolve:
        addresses(parsed.raw_host.decode("ascii"), port_of(parsed), kind)
    return parsed


def check_request(url: httpx.URL, kind: Kind) -> None:
    """The limits that need no lookup: scheme, userinfo, port."""
    if url.scheme not in {"http", "https"}:
        raise EgressRefused(_("The address takes http:// or https://."))
    if url.userinfo:
        raise EgressRefused(_("The address may not hold a name or password."))
    port = port_of(url)
    if not 0 < port < 65536 or port in UNSAFE_PORTS or (kind == "public" and port not in WEB_PORTS):
        raise EgressRefused(_("This port may not be used."))


def port_of(url: httpx.URL) -> int:
    """The port that a request to `url` goes to."""
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def _written_host(url: str) -> str:
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        raise EgressRefused(_("The address is not written correctly.")) from None
    host = netloc.rpartition("@")[2]
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def connect(host: str, port: int, kind: Kind, *, timeout: float = 10.0) -> socket.socket:
    """A TCP connection to a checked address of `host`, its peer checked too, within `timeout` seconds in all.

    Raises :class:`EgressRefused`, or OSError with words that name no address.
    """
    end = time.monotonic() + timeout
    failure: OSError = TimeoutError("the connection timed out")
    for address in addresses(host, port, kind, seconds=min(timeout, LOOKUP_SECONDS)):
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            made = _open(address, port, left)
        except OSError as error:
            failure = wordless(error)
            continue
        if ipaddress.ip_address(made.getpeername()[0].partition("%")[0]) != ipaddress.ip_address(address):
            made.close()
            raise EgressRefused
        return made
    raise failure


def _open(address: str, port: int, seconds: float) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.settimeout(seconds)
        made.connect((address, port))
    except OSError:
        made.close()
        raise
    return made


def wordless(error: OSError) -> OSError:
    """The same failure without whatever address its text names."""
    if isinstance(error, TimeoutError):
        return TimeoutError("the connection timed out")
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefusedError("the connection was refused")
    return ConnectionError("the host cannot be reached")
