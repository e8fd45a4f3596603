"""What the front door decides about a request before anybody works on it: who sent it, for which host, how large it may be."""

import ipaddress
import re
import uuid
from collections.abc import MutableMapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.translation import gettext_noop

from portal.asgi import Header, Request

MIB = 1024 * 1024
# The longest matching prefix decides; sizes in bytes (`interface.md`, Alerts in; `trust.md`, Bad input).
BODY_CAPS = {
    "/": 5 * MIB,
    "/ingest/": 1 * MIB,
    "/ingest/alertmanager/": 16 * MIB,
    "/ingest/grafana/": 16 * MIB,
    "/v2/": MIB // 2,
    "/heartbeat/": MIB // 16,
    "/report/": 1 * MIB,
    "/incidents/": 9 * MIB,  # a note with as many pictures as it may have
    "/api/v1/incidents/": 12 * MIB,  # the same in Base64
    "/accounts/": MIB // 4,
    "/live/": 1024,
}
# The doors for alerts (`portal.lane`): what is too large is reported by an alert of the portal's own, and answered in its sender's words.
REPORTED = ("/ingest/", "/v2/")
PROBES = {"/healthz", "/readyz", "/metrics", "/version"}
BELONGS = (  # prefixes by the address they belong to; everything else is the console's
    (("/ingest/", "/v2/", "/heartbeat/", "/hooks/"), "INGEST_URL"),
    (("/status/",), "STATUS_URL"),
    (("/report/", "/a/", "/on-call/", "/unsubscribe/"), "PUBLIC_URL"),
)
REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
FORWARDED = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip", b"forwarded", b"x-portal-scheme"}


class BadRequest(Exception):
    """The request cannot be served; says why."""


def clean(scope: MutableMapping[str, Any]) -> Request:
    """The request as the rest may trust it: sender and scheme from the proxy only where it is ours, no header that could pass for one of ours.

    Raises BadRequest for a path or query that no database or template could take.
    """
    headers: list[Header] = scope["headers"]
    sent = {name: value.decode("latin1") for name, value in headers if name in FORWARDED or name in {b"host", b"x-request-id"}}
    scheme, client = scope.get("scheme", "http"), scope.get("client")
    if client and is_trusted(client[0]):
        scheme = "https" if sent.get(b"x-forwarded-proto", scheme).split(",")[-1].strip().lower() == "https" else "http"
        client = (origin(sent.get(b"x-forwarded-for", ""), client[0]), 0)
    identity = sent.get(b"x-request-id", "")
    if not REQUEST_ID.match(identity):
        identity = uuid.uuid4().hex
    # A header with an underscore would pass for one with a dash in WSGI's environment.
    kept = [(name, value) for name, value in headers if name not in FORWARDED and name != b"x-request-id" and b"_" not in name]
    kept += [(b"x-portal-scheme", scheme.encode()), (b"x-request-id", identity.encode())]
    query = quote(scope["query_string"], safe="/?:@!$&'()*+,;=%[]|^`{}\"<>\\~#- ._")
    path = scope["path"]
    if "\0" in path or "%00" in query or len(query) > 16_384 or len(path) > 4_096:
        raise BadRequest(gettext_noop("The address holds what no address may hold."))
    fixed = {**scope, "headers": kept, "client": client, "scheme": scheme, "query_string": query.encode("ascii")}
    host = split_domain_port(sent.get(b"host", ""))[0]
    return Request(scope=fixed, path=path, query=query, host=host, scheme=scheme, request_id=identity)


@cache
def networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """TRUSTED_PROXIES as networks."""
    return [ipaddress.ip_network(word, strict=False) for word in settings.TRUSTED_PROXIES]


def is_trusted(address: str) -> bool:
    """Whether this peer may say who sent a request and how."""
    if not networks():
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks() if network.version == found.version)


def origin(forwarded: str, peer: str) -> str:
    """The nearest address in X-Forwarded-For that is not one of our proxies."""
    for word in reversed(forwarded.split(",")):
        try:
            address = str(ipaddress.ip_address(word.strip().strip("[]")))
        except ValueError:
            return peer
        if not is_trusted(address):
            return address
        peer = address
    return peer


def is_allowed(host: str) -> bool:
    """Whether we answer under this name at all."""
    return bool(host) and validate_host(host, settings.ALLOWED_HOSTS)


@cache
def hosts() -> dict[str, str]:
    """The host name of each of the four addresses."""
    return {name: urlsplit(getattr(settings, name)).hostname or "" for name in ("SITE_URL", "PUBLIC_URL", "STATUS_URL", "INGEST_URL")}


def belongs(path: str, host: str) -> bool:
    """Whether `path` is served on `host`. While all four addresses share one name, every name we answer to is that one."""
    names = hosts()
    if len(set(names.values())) == 1 or path in PROBES or path.startswith("/static/"):
        return True
    owner = next((name for prefixes, name in BELONGS if path.startswith(prefixes)), "SITE_URL")
    return host.strip("[]").lower() == names[owner]


def body_cap(path: str) -> int:
    """The most bytes that a body for `path` may have."""
    return BODY_CAPS[max((prefix for prefix in BODY_CAPS if path.startswith(prefix)), key=len, default="/")]
