"""An httpx client whose connections are checked, pinned, short and small."""

import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import httpcore
import httpx
from django.utils.translation import gettext_lazy as _

from lib.egress.names import check_request, connect
from lib.egress.table import EgressRefused, Kind

BODY = 64 * 1024  # bytes of an answer that are kept
TIMEOUT = 10.0


def client(
    kind: Kind, *, timeout: float = TIMEOUT, limit: int = BODY, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None
) -> httpx.Client:
    """A client for destinations of `kind`: `timeout` seconds for a whole request from lookup to last byte, no redirects, no proxies,
    no userinfo. Of a body the first `limit` bytes are kept; `response.extensions["is_cut"]` tells. `context` brings a CA of one's own.

    Requests raise :class:`EgressRefused` (never try again) or httpx.TransportError, neither of which names an inner address.
    """
    return httpx.Client(
        transport=Transport(kind, timeout, limit, context or _context()),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "incident-portal", "Accept-Encoding": "identity", **(headers or {})},
    )


@cache
def _context() -> ssl.SSLContext:
    """The system's and certifi's authorities; SSL_CERT_FILE adds the operator's. Loaded once: it takes a while."""
    context = httpx.create_ssl_context(trust_env=True)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Transport(httpx.BaseTransport):
    """One fresh connection per request, to a checked address."""

    def __init__(self, kind: Kind, seconds: float, limit: int, context: ssl.SSLContext):
        self.kind, self.seconds, self.limit = kind, seconds, limit
        self.deadline = threading.local()
        self.pool = httpcore.ConnectionPool(ssl_context=context, max_keepalive_connections=0, network_backend=Backend(kind, self.deadline))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and read the answer as far as the limits go."""
        check_request(request.url, self.kind)
        self.deadline.at = time.monotonic() + self.seconds
        try:
            return self._exchange(request)
        except httpcore.TimeoutException as error:
            raise httpx.ReadTimeout("no whole answer in time", request=request) from error
        except httpcore.ConnectError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise httpx.RemoteProtocolError("the connection broke or the answer is no HTTP", request=request) from error

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path)
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = self.pool.handle_request(
            httpcore.Request(method=request.method, url=url, headers=request.headers.raw, content=request.stream, extensions=request.extensions)
        )
        try:
            headers = httpx.Headers(answer.headers)
            assert isinstance(answer.stream, Iterable)
            body, is_cut = _read(_decoded(answer.stream, headers.get("content-encoding", ""), self.limit), self.limit)
        finally:
            answer.close()
        for name in ("content-encoding", "content-length", "transfer-encoding"):
            headers.pop(name, None)
        return httpx.Response(answer.status, headers=headers, content=body, extensions={"http_version": b"HTTP/1.1", "is_cut": is_cut})

    def close(self) -> None:
        """Let go of everything."""
        self.pool.close()


def _read(parts: Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > limit:
            return bytes(body[:limit]), True
    return bytes(body), False


def _decoded(parts: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """The plain body, though we asked for that: unpacked no further than `limit`, so that a bomb stays small."""
    coding = encoding.strip().lower()
    if coding in {"", "identity"}:
        yield from parts
        return
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise EgressRefused(_("The answer is packed in a way nobody asked for."))
    unpacker = zlib.decompressobj(wbits=47 if coding != "deflate" else 15)
    for part in parts:
        try:
            yield unpacker.decompress(part, limit + 1)
        except zlib.error:
            raise httpcore.RemoteProtocolError("broken compression") from None


class Backend(httpcore.NetworkBackend):
    """Opens connections for httpcore. TLS still asks for the name (SNI) and Host still holds it; only the address is ours."""

    def __init__(self, kind: Kind, deadline: threading.local):
        self.kind, self.deadline = kind, deadline

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        """A stream to a checked address of `host`."""
        end = self.deadline.at
        try:
            made = connect(host, port, self.kind, timeout=max(0.01, end - time.monotonic()))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None
        return Stream(made, end)

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> httpcore.NetworkStream:
        """Never."""
        raise EgressRefused

    def sleep(self, seconds: float) -> None:
        """For retries, which there are none of."""


class Stream(httpcore.NetworkStream):
    """One connection that ends at its deadline, however many bytes keep dripping."""

    def __init__(self, made: Any, end: float):
        self.socket, self.end = made, end

    def _prepare(self, error: type[Exception]) -> None:
        left = self.end - time.monotonic()
        if left <= 0:
            raise error("the time is over")
        self.socket.settimeout(left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, or none at the end."""
        self._prepare(httpcore.ReadTimeout)
        try:
            return self.socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("the time is over") from None
        except OSError:
            raise httpcore.ReadError("the connection broke") from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of `buffer`."""
        rest = memoryview(buffer)
        while rest:
            self._prepare(httpcore.WriteTimeout)
            try:
                rest = rest[self.socket.send(rest) :]
            except TimeoutError:
                raise httpcore.WriteTimeout("the time is over") from None
            except OSError:
                raise httpcore.WriteError("the connection broke") from None

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> httpcore.NetworkStream:
        """The same, encrypted, with the certificate checked against the name."""
        self._prepare(httpcore.ConnectTimeout)
        try:
            return Stream(ssl_context.wrap_socket(self.socket, server_hostname=server_hostname), self.end)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise httpcore.ConnectError(f"the certificate is not valid: {error.verify_message}") from None
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("the time is over") from None
        except OSError:
            self.close()
            raise httpcore.ConnectError("TLS could not be agreed on") from None

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about a connection."""
        if info == "ssl_object" and isinstance(self.socket, ssl.SSLSocket):
            return self.socket
        return None
