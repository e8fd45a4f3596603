"""The HTTP client against a real server: pinned, short, small, and silent about what is inside."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib import egress
from lib.egress import names

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each connection with `answer(socket, request)` and keeps what was asked."""

    def __init__(self, answer: Callable[[socket.socket], None], context: ssl.SSLContext | None = None):
        self.answer, self.context = answer, context
        self.requests: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                made, _peer = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(made,), daemon=True).start()

    def serve(self, made: socket.socket) -> None:
        try:
            with self.context.wrap_socket(made, server_side=True) if self.context else made as peer:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    part = peer.recv(4096)
                    if not part:
                        return
                    asked += part
                self.requests.append(asked.decode())
                self.answer(peer)
        except OSError:
            pass


@pytest.fixture
def serve(settings, monkeypatch) -> Iterator[Callable[..., Server]]:
    servers = []
    settings.EGRESS_ALLOW = []
    monkeypatch.setitem(names._own, "at", None)

    def start(answer, context=None):
        server = Server(answer if callable(answer) else lambda peer: peer.sendall(answer), context)
        servers.append(server)
        settings.EGRESS_ALLOW = [*settings.EGRESS_ALLOW, f"127.0.0.1:{server.port}"]
        return server

    yield start
    for server in servers:
        server.socket.close()


def get(server, kind="check", url="http://127.0.0.1:{port}/x", **options):
    with egress.client(kind, **options) as client:
        return client.get(url.format(port=server.port))


def test_a_plain_answer_arrives(serve):
    server = serve(OK)
    answer = get(server)
    assert (answer.status_code, answer.text, answer.extensions["is_cut"]) == (200, "ok", False)
    assert f"Host: 127.0.0.1:{server.port}" in server.requests[0]


def test_a_post_carries_its_body(serve):
    def answer(peer):
        peer.sendall(OK)

    server = serve(answer)
    with egress.client("check") as client:
        assert client.post(f"http://127.0.0.1:{server.port}/", json={"a": 1}).status_code == 200
    assert server.requests[0].startswith("POST / HTTP/1.1")


def test_a_redirect_is_not_followed_and_inwards_not_even_when_told_to(serve, settings):
    inside = serve(OK)
    outside = serve(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/secret\r\nContent-Length: 0\r\n\r\n" % inside.port)
    settings.EGRESS_ALLOW = [f"127.0.0.1:{outside.port}"]
    assert get(outside).status_code == 302
    with egress.client("check") as client, pytest.raises(egress.EgressRefused):
        client.get(f"http://127.0.0.1:{outside.port}/", follow_redirects=True)
    assert inside.requests == []


def test_of_an_endless_body_a_little_is_kept(serve):
    def answer(peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.sendall(b"x" * 65536)

    answer_kept = get(serve(answer))
    assert (len(answer_kept.content), answer_kept.extensions["is_cut"]) == (64 * 1024, True)
    assert len(get(serve(answer), limit=10).content) == 10


def test_a_body_that_drips_for_ever_ends_at_the_deadline(serve):
    stop = threading.Event()

    def answer(peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.wait(0.02):
            peer.sendall(b"x")

    with pytest.raises(httpx.TimeoutException):
        get(serve(answer), timeout=0.3)
    stop.set()


def test_headers_that_drip_for_ever_end_at_the_deadline(serve):
    stop = threading.Event()

    def answer(peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stop.wait(0.02):
            peer.sendall(b"x")

    with pytest.raises(httpx.TimeoutException):
        get(serve(answer), timeout=0.3)
    stop.set()


def test_a_packed_body_is_unpacked_and_a_bomb_stays_small(serve):
    def packed(body):
        return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    assert get(serve(packed(gzip.compress(b"hello")))).text == "hello"
    bomb = get(serve(packed(gzip.compress(b"\0" * 50_000_000))))
    assert (len(bomb.content), bomb.extensions["is_cut"]) == (64 * 1024, True)
    with pytest.raises(httpx.TransportError):
        get(serve(packed(b"no gzip at all")))
    with pytest.raises(egress.EgressRefused):
        get(serve(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx"))


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", b"\0" * 100])
def test_what_is_no_http_is_a_transport_error(serve, answer):
    with pytest.raises(httpx.TransportError):
        get(serve(answer))


def test_a_closed_port_is_a_connect_error_that_names_no_address():
    with socket.socket() as silent:  # bound, so that nobody else takes the port, but not listening
        silent.bind(("127.0.0.1", 0))
        with egress.client("operator") as client, pytest.raises(httpx.ConnectError) as caught:
            client.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("kind", ["check", "public"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_this_machine_is_closed(serve, settings, kind, host):
    server = serve(OK)
    settings.EGRESS_ALLOW = []
    with egress.client(kind) as client, pytest.raises(egress.EgressRefused):
        client.get(f"http://{host}:{8080 if kind == 'public' else server.port}/")
    assert server.requests == []


def test_the_operators_own_destinations_are_reached(serve, settings):
    server = serve(OK)
    settings.EGRESS_ALLOW = []
    assert get(server, "operator", "http://localhost:{port}/").status_code == 200


def test_no_proxy_of_the_environment_is_used(serve, monkeypatch):
    proxy = serve(OK)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    assert get(serve(OK)).status_code == 200
    assert proxy.requests == []


def test_a_password_in_the_url_is_refused(serve):
    server = serve(OK)
    with pytest.raises(egress.EgressRefused):
        get(server, url="http://me:secret@127.0.0.1:{port}/")


def test_a_name_that_changes_its_mind_is_looked_up_once_and_pinned(serve, settings, monkeypatch):
    lookups = []
    server = serve(OK)
    settings.EGRESS_ALLOW = [f"hook.example:{server.port}"]
    real = names._open

    def rebinding(host, port, **_kwargs):
        lookups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.9.9.9" if len(lookups) == 1 else "127.0.0.1", port))]

    connected = []

    def connect(address, port, seconds):
        connected.append((address, port))
        return real("127.0.0.1", port, seconds)

    monkeypatch.setattr(names.socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(names, "_open", connect)
    # The socket ends elsewhere than at the checked address: found by looking at the peer.
    with pytest.raises(egress.EgressRefused):
        get(server, url="http://hook.example:{port}/")
    assert lookups == ["hook.example"]
    assert connected == [("10.9.9.9", server.port)]
    with pytest.raises(egress.EgressRefused):  # now it says 127.0.0.1, which the name does not open
        get(server, url="http://hook.example:{port}/")
    assert server.requests == []


def test_the_next_address_is_tried_when_the_first_is_down(serve, settings, monkeypatch):
    server = serve(OK)
    real = names._open

    def connect(address, port, seconds):
        if address == "10.9.9.8":
            raise ConnectionRefusedError
        return real(address, port, seconds)

    monkeypatch.setattr(names, "_look_up", lambda *_: [ipaddress.ip_address("10.9.9.8"), ipaddress.ip_address("127.0.0.1")])
    monkeypatch.setattr(names, "_open", connect)
    assert get(server, "operator", "http://two.example:{port}/").status_code == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - datetime.timedelta(days=1), now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + plain)
    return path


def test_tls_asks_for_the_name_and_checks_the_certificate_against_it(serve, settings, monkeypatch, certificate):
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = serve(OK, context)
    monkeypatch.setattr(names, "_look_up", lambda *_: [ipaddress.ip_address("127.0.0.1")])
    trusting = ssl.create_default_context(cafile=certificate)
    assert get(server, url="https://hook.example:{port}/", context=trusting).status_code == 200
    assert asked == ["hook.example"]
    assert f"Host: hook.example:{server.port}" in server.requests[0]
    for url, options in (("https://other.example:{port}/", {"context": trusting}), ("https://hook.example:{port}/", {})):
        with pytest.raises(httpx.ConnectError, match="certificate"):
            get(server, url=url, **options)
    assert len(server.requests) == 1


def test_connect_gives_a_pinned_socket(serve):
    server = serve(OK)
    with egress.connect("127.0.0.1", server.port, "check") as made:
        assert made.getpeername() == ("127.0.0.1", server.port)
    with pytest.raises(egress.EgressRefused):
        egress.connect("127.0.0.1", server.port, "public")
