"""Which addresses and spellings each kind of destination may reach."""

import ipaddress
import socket

import pytest

from lib import egress
from lib.destinations import opened
from lib.egress import names, table

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
]
WRAPPED_PUBLIC = ["::ffff:8.8.8.8", "64:ff9b::808:808"]
INNER = [
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "0.0.0.0", "0.1.2.3"),
    *("192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808"),
    *(
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:808:808::",
        "2002:7f00:1::",
        "3fff::1",
    ),
    *("2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:8.8.8.8", "4000::1", "5f00::1"),
]
NEVER = [
    *("169.254.169.254", "169.254.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    *("fe80::1", "febf::1", "fec0::1", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42"),
    *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::", "2a00:1450::5efe:a9fe:a9fe"),
    "2001:0:a9fe:a9fe::",
]
ODD = [
    *("2130706433", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.0x1", "0", "1", "256.1.1.1", "1.2.3.4.5", "8.8.8.8."),
    *("１２７.０.０.１", "127。0。0。1", "⑧.8.8.8", "8.8.8.８", "①②⑦.⓪.⓪.①", "0xd8080808", "3232235777", "08.8.8.8", "8.8.8.8.9.0x1"),
    *(
        "",
        ".",
        "..",
        "a..b",
        "-",
        "a b",
        "a\tb",
        "a\r\nb",
        "a\x00b",
        "a/b",
        "a\\b",
        "a@b",
        "a?b",
        "a#b",
        "a%00b",
        "a%2eb",
        "*",
        "x" * 64 + ".org",
        "a." * 130 + "org",
    ),
    *("[::1", "::1]", "[]", "[127.0.0.1]", "fe80::1%eth0", "[fe80::1%25eth0]", "2001:4860:4860:::8888", "\u200bexample.org\u202e", "exa\u2028mple.org"),
]


@pytest.fixture(autouse=True)
def _quiet_settings(settings, monkeypatch):
    settings.EGRESS_ALLOW = []
    monkeypatch.setitem(names._own, "at", None)


@pytest.mark.parametrize("address", PUBLIC + WRAPPED_PUBLIC)
@pytest.mark.parametrize("kind", table.KINDS)
def test_public_addresses_are_open_to_all(address, kind):
    assert [ipaddress.ip_address(one) for one in egress.addresses(address, 443, kind)] == [ipaddress.ip_address(address)]


@pytest.mark.parametrize("address", INNER)
@pytest.mark.parametrize("kind", ["check", "public"])
def test_inner_addresses_are_closed(address, kind):
    with pytest.raises(egress.EgressRefused) as caught:
        egress.addresses(address, 443, kind)
    assert address not in str(caught.value)


@pytest.mark.parametrize("address", INNER)
def test_the_operator_may_reach_inner_addresses(address):
    assert egress.addresses(address, 443, "operator")


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("kind", table.KINDS)
def test_link_local_and_metadata_are_closed_to_all(address, kind, settings):
    settings.EGRESS_ALLOW = ["0.0.0.0/0", "::/0", "169.254.169.254:443"]
    with pytest.raises(egress.EgressRefused):
        egress.addresses(address, 443, kind)


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("kind", table.KINDS)
def test_odd_spellings_are_refused_before_any_resolver_sees_them(host, kind, monkeypatch):
    monkeypatch.setattr(names, "_look_up", lambda *_: pytest.fail("resolved"))
    with pytest.raises(egress.EgressRefused):
        egress.addresses(host, 443, kind)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("订单.example", "xn--4kr132k.example"),
        ("_dmarc.example.org", "_dmarc.example.org"),
        ("ＥＸＡＭＰＬＥ.org", "example.org"),
        ("10.20.30.40", "10.20.30.40"),
        ("[2606:4700::1111]", "2606:4700::1111"),
        ("2606:4700:0::1111", "2606:4700::1111"),
        ("1password.com", "1password.com"),
        ("db", "db"),
    ],
)
def test_good_hosts_are_made_plain(host, plain):
    assert names.plain_host(host) == plain


def resolving(monkeypatch, *answers):
    monkeypatch.setattr(names.socket, "getaddrinfo", lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, 443)) for answer in answers])


@pytest.mark.parametrize("answers", [["8.8.8.8", "127.0.0.1"], ["2606:4700::1111", "::1"], ["169.254.169.254"], ["10.0.0.1", "8.8.8.8"], ["fe80::1%eth0"]])
def test_one_bad_address_among_good_ones_closes_the_host(monkeypatch, answers):
    resolving(monkeypatch, *answers)
    with pytest.raises(egress.EgressRefused) as caught:
        egress.addresses("rebind.example", 443, "public")
    assert not any(answer in str(caught.value) for answer in answers)


def test_a_good_name_gives_each_address_once(monkeypatch):
    resolving(monkeypatch, "8.8.8.8", "8.8.8.8", "8.8.4.4")
    assert egress.addresses("dns.example", 443, "public") == ["8.8.8.8", "8.8.4.4"]


def test_an_unknown_name_and_an_inner_one_look_the_same(monkeypatch):
    details = []
    for answers in ([], ["10.0.0.5"]):
        resolving(monkeypatch, *answers)
        with pytest.raises(egress.EgressRefused) as caught:
            egress.addresses("who.example", 443, "public")
        details.append(str(caught.value))
    assert details[0] == details[1]


def test_a_resolver_that_fails_or_hangs_is_an_unknown_host(monkeypatch):
    def fail(*_args, **_kwargs):
        raise socket.gaierror

    monkeypatch.setattr(names.socket, "getaddrinfo", fail)
    with pytest.raises(egress.EgressRefused):
        egress.addresses("who.example", 443, "operator")
    monkeypatch.setattr(names.threading.Thread, "start", lambda _self: None)
    with pytest.raises(egress.EgressRefused):
        egress.addresses("who.example", 443, "operator", seconds=0.01)


@pytest.mark.parametrize(
    ("allow", "host", "port", "is_open"),
    [
        ("10.0.0.0/8", "10.1.2.3", 5432, True),
        ("10.0.0.0/8", "11.1.2.3", 5432, True),
        ("10.0.0.0/8", "192.168.0.1", 80, False),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3:5432", "10.1.2.3", 5432, True),
        ("10.1.2.3:5432", "10.1.2.3", 5433, False),
        ("127.0.0.1:9090", "127.0.0.1", 9090, True),
        ("127.0.0.1:9090", "127.0.0.1", 9091, False),
        ("127.0.0.0/8", "127.0.0.1", 9090, False),
        ("0.0.0.0/0", "127.0.0.1", 9090, False),
        ("0.0.0.0/0", "0.0.0.0", 9090, False),
        ("::/0", "::1", 9090, False),
        ("::/0", "::ffff:127.0.0.1", 9090, False),
        ("::/0", "64:ff9b::7f00:1", 9090, False),
        ("fd00::/8", "fd12::1", 443, True),
        ("[fd12::1]:443", "fd12::1", 443, True),
    ],
)
def test_egress_allow_opens_for_checks_only(settings, allow, host, port, is_open):
    settings.EGRESS_ALLOW = [allow]
    if is_open:
        assert egress.addresses(host, port, "check") == [host]
    else:
        with pytest.raises(egress.EgressRefused):
            egress.addresses(host, port, "check")
    if not table.is_public(ipaddress.ip_address(host)):
        with pytest.raises(egress.EgressRefused):
            egress.addresses(host, port, "public")


def test_egress_allow_takes_a_name_with_its_port_but_never_loopback(settings, monkeypatch):
    settings.EGRESS_ALLOW = ["db.corp.example:5432"]
    resolving(monkeypatch, "10.0.0.9")
    assert egress.addresses("DB.corp.example", 5432, "check") == ["10.0.0.9"]
    for host, port in (("db.corp.example", 22), ("x.db.corp.example", 5432)):
        with pytest.raises(egress.EgressRefused):
            egress.addresses(host, port, "check")
    resolving(monkeypatch, "127.0.0.1")
    with pytest.raises(egress.EgressRefused):
        egress.addresses("db.corp.example", 5432, "check")


@pytest.mark.parametrize("word", ["nonsense", "10.0.0.0/33", ":80", "[::1]:80", "127.0.0.2:80"])
def test_a_wrong_word_in_egress_allow_is_found(word):
    with pytest.raises(ValueError):
        opened((word,))


@pytest.mark.parametrize("port", [0, -1, 65536, 10**9])
def test_ports_have_bounds(port):
    with pytest.raises(egress.EgressRefused):
        egress.addresses("8.8.8.8", port, "operator")


def test_this_machines_own_address_is_not_public(monkeypatch):
    assert table.is_own(ipaddress.ip_address("127.0.0.1"))
    assert not table.is_own(ipaddress.ip_address("8.8.8.8"))
    monkeypatch.setattr(table, "is_own", lambda _address: True)
    with pytest.raises(egress.EgressRefused):
        egress.addresses("8.8.8.8", 443, "public")


def test_our_own_services_are_closed_even_at_public_addresses(settings, monkeypatch):
    settings.REDIS_URL = "redis://8.8.8.8:6380/0"
    for kind in ("public", "check"):
        monkeypatch.setitem(names._own, "at", None)
        with pytest.raises(egress.EgressRefused):
            egress.addresses("8.8.8.8", 6380, kind)
        assert egress.addresses("8.8.8.8", 6381, kind)
    settings.EGRESS_ALLOW = ["8.8.8.8:6380"]
    assert egress.addresses("8.8.8.8", 6380, "check")


def test_a_misspelt_kind_is_a_mistake():
    with pytest.raises(ValueError, match="no kind"):
        egress.addresses("8.8.8.8", 443, "webhook")


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "//example.org", "ftp://example.org", "file:///etc/passwd", "javascript:alert(1)", "http://", "https://:443", "http:example.org"),
        *("https://user@example.org", "https://user:word@example.org", "https://:word@example.org", "https://8.8.8.8@127.0.0.1", "https://8.8.8.8:@127.0.0.1/"),
        *("https://example.org:22", "https://example.org:25", "https://example.org:6379", "https://example.org:99999", "https://example.org:0"),
        *("https://2130706433", "https://0x7f000001/", "https://127.1", "https://0177.0.0.1", "https://１２７.０.０.１", "https://127。0。0。1"),
        *("https://a b.org", "https://a\r\nb.org", "https://[::1", "https://[fe80::1%25eth0]", "https://exa\x00mple.org", "https://example.org\\@127.0.0.1"),
    ],
)
@pytest.mark.parametrize("kind", table.KINDS)
def test_urls_that_no_kind_may_use(url, kind):
    with pytest.raises(egress.EgressRefused):
        egress.check_url(url, kind, resolve=False)


def test_a_users_webhook_may_use_web_ports_only():
    for port in (80, 443, 8080, 8443):
        egress.check_url(f"https://example.org:{port}/x", "public", resolve=False)
    with pytest.raises(egress.EgressRefused):
        egress.check_url("https://example.org:9200/", "public", resolve=False)
    egress.check_url("https://example.org:9200/", "check", resolve=False)


def test_a_good_url_is_given_back(monkeypatch):
    resolving(monkeypatch, "8.8.8.8")
    assert str(egress.check_url("https://Bücher.example/x?y=1", "public")) == "https://xn--bcher-kva.example/x?y=1"
    resolving(monkeypatch, "10.8.8.8")
    with pytest.raises(egress.EgressRefused):
        egress.check_url("https://example.org/", "public")
