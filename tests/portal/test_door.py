"""What the front door decides, and what it answers by itself."""

import asyncio
import json
from typing import Any

import pytest

from portal import door, front
from portal.front import Front


@pytest.fixture(autouse=True)
def _no_memory():
    door.hosts.cache_clear()
    door.networks.cache_clear()
    yield
    door.hosts.cache_clear()
    door.networks.cache_clear()


def scope(path: str = "/", *, method: str = "GET", query: bytes = b"", client: str = "192.0.2.7", **headers: str) -> dict[str, Any]:
    sent = {"host": "localhost:8000"} | {name.replace("_", "-") if not name.startswith("X_") else name: value for name, value in headers.items()}
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": query,
        "scheme": "http",
        "client": (client, 4711),
        "server": ("127.0.0.1", 8000),
        "headers": [(name.encode(), value.encode("latin1")) for name, value in sent.items() if value],
    }


def ask(app: Front, asked: dict[str, Any], *chunks: bytes) -> tuple[int, dict[str, str], bytes]:
    """One request without a server."""
    given = [{"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1} for number, chunk in enumerate(chunks or (b"",))]
    said: list[dict[str, Any]] = []

    async def run() -> None:
        async def receive() -> dict[str, Any]:
            if given:
                return given.pop(0)
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            said.append(message)

        await app(asked, receive, send)

    asyncio.run(run())
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], headers, b"".join(part.get("body", b"") for part in said[1:])


def behind(monkeypatch, app: Front) -> list[Any]:
    """Replace Django and the lane for alerts by something that notes what reaches them."""
    reached: list[Any] = []

    async def django(inner: Any, receive: Any, send: Any) -> None:
        message = await receive()
        reached.append((inner, message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def lane(request: Any, body: bytes, send: Any) -> None:
        await django(request.scope, front.replay(body, send), send)

    monkeypatch.setattr(app, "django", django)
    monkeypatch.setattr(app.lane, "serve", lane)
    return reached


@pytest.fixture
def app():
    made = Front()
    yield made
    front.metrics.hubs.remove(made.hub.listeners)


def test_healthz_is_answered_without_django_under_any_name(app):
    status, headers, body = ask(app, scope("/healthz", host="10.1.2.3"))
    assert (status, body) == (200, b"ok\n")
    assert headers["x-content-type-options"] == "nosniff" and headers["permissions-policy"] and headers["x-request-id"]


def test_an_unknown_host_is_refused(app):
    status, _, body = ask(app, scope("/", host="evil.example"))
    assert status == 400 and json.loads(body)["error"] == "host"


def test_headers_that_pass_for_ours_do_not_reach_django(app, monkeypatch):
    reached = behind(monkeypatch, app)
    ask(app, scope("/", x_portal_scheme="https", X_PORTAL_SCHEME="https", x_forwarded_proto="https", x_forwarded_for="1.2.3.4"))
    headers = reached[0][0]["headers"]
    assert [value for name, value in headers if name == b"x-portal-scheme"] == [b"http"]
    assert not [name for name, _ in headers if b"_" in name or name.startswith(b"x-forwarded")]
    assert reached[0][0]["client"][0] == "192.0.2.7"


def test_a_trusted_proxy_says_who_asked_and_how(app, monkeypatch, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    reached = behind(monkeypatch, app)
    ask(app, scope("/", client="10.0.0.5", x_forwarded_for="6.6.6.6, 203.0.113.9, 10.0.0.4", x_forwarded_proto="https"))
    assert reached[0][0]["client"][0] == "203.0.113.9"
    assert (b"x-portal-scheme", b"https") in reached[0][0]["headers"]


def test_a_request_number_is_kept_when_it_is_one(app, monkeypatch):
    reached = behind(monkeypatch, app)
    ask(app, scope("/", x_request_id="abc-123-def"))
    ask(app, scope("/", x_request_id="<script>"))
    numbers = [dict(one[0]["headers"])[b"x-request-id"] for one in reached]
    assert numbers[0] == b"abc-123-def" and len(numbers[1]) == 32


@pytest.mark.parametrize(("path", "query"), [("/incidents/\0/", b""), ("/search/", b"q=%00"), ("/", b"a" * 20000)])
def test_addresses_that_no_database_could_take_are_refused(app, path, query):
    assert ask(app, scope(path, query=query))[0] == 400


def test_a_query_in_another_alphabet_reaches_django_escaped(app, monkeypatch):
    reached = behind(monkeypatch, app)
    ask(app, scope("/search/", query="q=数据库".encode()))
    assert reached[0][0]["query_string"] == b"q=%E6%95%B0%E6%8D%AE%E5%BA%93"


@pytest.mark.parametrize(
    ("path", "cap"),
    [
        ("/ingest/alertmanager/k/", 16 * door.MIB),
        ("/ingest/grafana/k/", 16 * door.MIB),
        ("/ingest/generic/k/", door.MIB),
        ("/v2/enqueue", door.MIB // 2),
        ("/incidents/declare/", 9 * door.MIB),
        ("/alerts/", 5 * door.MIB),
    ],
)
def test_bodies_have_caps(path, cap):
    assert door.body_cap(path) == cap


def test_an_announced_body_over_its_cap_is_refused_unread(app, monkeypatch):
    reached = behind(monkeypatch, app)
    status, headers, body = ask(app, scope("/incidents/declare/", method="POST", content_length=str(10 * door.MIB)), b"x")
    assert status == 413 and headers["connection"] == "close" and not reached
    assert json.loads(body).keys() == {"error", "detail", "request_id"}


def test_a_lying_body_over_its_cap_is_refused_too(app, monkeypatch):
    reached = behind(monkeypatch, app)
    pieces = [b"x" * 65536] * 145
    assert ask(app, scope("/incidents/declare/", method="POST"), *pieces)[0] == 413
    assert not reached and app.held == 0 and app.inside == 0


@pytest.mark.parametrize("announced", [{}, {"content_length": str(3 * door.MIB)}])
@pytest.mark.parametrize("path", ["/v2/enqueue", "/ingest/generic/k/"])
def test_the_room_of_alerts_hears_of_a_body_that_is_too_large(app, monkeypatch, path, announced):
    reached = behind(monkeypatch, app)
    _status, headers, _body = ask(app, scope(path, method="POST", **announced), *[b"x" * 65536] * 48)
    assert headers["connection"] == "close" and app.held == 0 and app.inside == 0
    assert door.body_cap(path) < len(reached[0][1]) <= door.MIB + 65536


@pytest.mark.parametrize("path", ["/v2/enqueue", "/incidents/declare/"])
def test_a_body_is_handed_on_whole(app, monkeypatch, path):
    reached = behind(monkeypatch, app)
    ask(app, scope(path, method="POST"), b"abc", b"def")
    assert reached[0][1] == b"abcdef"


def test_too_much_at_once_is_503_not_429(app, monkeypatch):
    behind(monkeypatch, app)
    monkeypatch.setattr(front, "MOST_HELD", 10)
    status, headers, _ = ask(app, scope("/ingest/alertmanager/k/", method="POST"), b"x" * 11)
    assert status == 503 and headers["retry-after"]
    monkeypatch.setattr(front, "MOST_WAITING", 0)
    assert ask(app, scope("/"))[0] == 503


def test_one_sender_of_alerts_may_not_fill_the_house(app, monkeypatch):
    reached, said = behind(monkeypatch, app), []
    monkeypatch.setattr(front, "MOST_HELD_OF_ONE", 10)

    async def run() -> None:
        goes_on, has_come = asyncio.Event(), asyncio.Event()
        chunks = [b"x" * 8, b"x"]

        async def slowly() -> dict[str, Any]:
            if len(chunks) == 1:
                has_come.set()
                await goes_on.wait()
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def at_once() -> dict[str, Any]:
            return {"type": "http.request", "body": b"y" * 8, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message.get("status"))

        slow = asyncio.create_task(app(scope("/ingest/generic/k/", method="POST"), slowly, send))
        await has_come.wait()
        await app(scope("/ingest/generic/k/", method="POST"), at_once, send)
        await app(scope("/ingest/generic/other/", method="POST"), at_once, send)
        goes_on.set()
        await slow

    asyncio.run(run())
    assert [status for status in said if status] == [503, 200, 200] and len(reached) == 2
    assert app.held == 0 and not app.held_of


def test_a_body_that_drips_is_not_waited_for(app, monkeypatch):
    reached, said = behind(monkeypatch, app), []
    monkeypatch.setattr(front, "BODY_SECONDS", 0.05)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        said.append(message)

    async def run() -> None:
        async with asyncio.timeout(30):
            await app(scope("/v2/enqueue", method="POST"), drip, send)

    asyncio.run(run())
    assert said[0]["status"] == 408 and reached == []
    assert (app.inside, app.held) == (0, 0)


def test_slow_senders_take_nobodys_place(app, monkeypatch):
    reached, said = behind(monkeypatch, app), []
    monkeypatch.setattr(front, "MOST_WAITING", 1)

    async def run() -> None:
        is_whole, asked = asyncio.Event(), asyncio.Event()

        async def slowly() -> dict[str, Any]:
            asked.set()
            await is_whole.wait()
            return {"type": "http.request", "body": b"slow", "more_body": False}

        async def at_once() -> dict[str, Any]:
            return {"type": "http.request", "body": b"quick", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        slow = asyncio.create_task(app(scope("/v2/enqueue", method="POST"), slowly, send))
        await asked.wait()
        await app(scope("/v2/enqueue", method="POST"), at_once, send)
        is_whole.set()
        await slow

    asyncio.run(run())
    assert [body for _scope, body in reached] == [b"quick", b"slow"]
    assert [message["status"] for message in said if "status" in message] == [200, 200]


@pytest.mark.parametrize(
    ("host", "path", "is_served"),
    [
        ("portal.example", "/incidents/", True),
        ("portal.example", "/ingest/alertmanager/k/", False),
        ("in.example", "/ingest/alertmanager/k/", True),
        ("in.example", "/incidents/", False),
        ("in.example", "/healthz", True),
        ("www.example", "/report/", True),
        ("www.example", "/", False),
        ("status.example", "/status/", True),
        ("status.example", "/static/portal/portal.css", True),
    ],
)
def test_each_host_answers_only_what_belongs_there(settings, host, path, is_served):
    settings.SITE_URL, settings.INGEST_URL = "https://portal.example", "https://in.example"
    settings.PUBLIC_URL, settings.STATUS_URL = "https://www.example", "https://status.example"
    assert door.belongs(path, host) is is_served


def test_streams_are_only_read(app):
    status, headers, _ = ask(app, scope("/live/", method="POST"))
    assert status == 405 and headers["allow"] == "GET"


def test_a_stream_without_a_ticket_is_401(app):
    status, _, body = ask(app, scope("/live/", query=b"ticket=forged&at=INC-2026-001:3"))
    assert status == 401 and json.loads(body)["error"] == "ticket"


def test_a_refusal_at_the_door_speaks_the_callers_language(app):
    for wanted, words in (("zh-CN,zh;q=0.9,en;q=0.5", "平台不以该域名提供服务"), ("fr", "This portal does not answer"), ("", "This portal does not answer")):
        _status, _headers, body = ask(app, scope("/", **{"host": "evil.example", "accept-language": wanted}))
        assert words in json.loads(body)["detail"]


@pytest.mark.parametrize(("language", "words"), [("en", "your text is still there"), ("zh-hans", "内容还在")])
def test_a_browser_is_refused_with_a_page_and_a_way_back(app, language, words):
    asked = {
        "content_length": str(10 * door.MIB),
        "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "cookie": f"django_language={language}",
        "accept_language": "en",
    }
    status, headers, body = ask(app, scope("/incidents/INC-2026-001/compose/", method="POST", **asked), b"x")
    assert status == 413 and headers["content-type"].startswith("text/html")
    assert words in body.decode() and f'lang="{language}"' in body.decode()
    status, headers, _body = ask(app, scope("/incidents/INC-2026-001/compose/", method="POST", **asked, hx_request="true"), b"x")
    assert status == 413 and headers["content-type"] == "application/json"
