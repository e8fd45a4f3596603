"""The public page at the front door: from memory, without a database, with every header, on its own host too."""

import gzip
import json

import pytest
from django.db import OperationalError

from portal import door, front, public
from portal.front import Front
from statuspage import editions, files, rendering
from tests.portal.test_door import ask, behind, scope
from tests.statuspage import world

FRESH = b'{"made_at":"2026-11-21T19:30:00Z","checked_at":"2026-11-21T19:30:00Z","revision":42}'
MADE = {**rendering.render(world.BUSY, made_at=world.NOW), files.FRESH: FRESH}


@pytest.fixture(autouse=True)
def _no_memory(settings, tmp_path):
    settings.STATUS_DIR = tmp_path / "status"
    forget()
    yield
    forget()


def forget() -> None:
    for cached in (door.hosts, door.networks, public.address):
        cached.cache_clear()


@pytest.fixture
def app(monkeypatch):
    """A front door with the page in its folder; no test here has a database."""
    made = Front()
    with made.public.folder.held():
        made.public.folder.write(MADE)
    made.public.load()
    behind(monkeypatch, made)
    yield made
    front.metrics.hubs.remove(made.hub.listeners)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/status/", "index.html"),
        ("/status/en/", "en/index.html"),
        ("/status/zh-hans/history/", "zh-hans/history/index.html"),
        ("/status/incidents/k3v9q0x7a1bz/", "incidents/k3v9q0x7a1bz/index.html"),
        ("/status/index.html", "index.html"),
        ("/status/api/v2/incidents/unresolved.json", "api/v2/incidents/unresolved.json"),
        ("/status/fresh.json", "fresh.json"),
        ("/status/assets/status.css", "assets/status.css"),
    ],
)
def test_files_are_served_from_memory_without_a_database(app, path, file):
    status, headers, body = ask(app, scope(path))
    assert (status, body) == (200, MADE[file])
    assert headers["content-type"] == files.content_type(file)
    assert headers["etag"] == f'"{files.etag(MADE[file])}"' and int(headers["content-length"]) == len(body)
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin" and headers["referrer-policy"] and headers["permissions-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert "set-cookie" not in headers and headers["cache-control"]
    assert (headers.get("access-control-allow-origin") == "*") == file.endswith(".json")


def test_gzip_for_who_takes_it_and_304_for_who_has_it(app):
    _, plain, body = ask(app, scope("/status/"))
    _, headers, packed = ask(app, scope("/status/", accept_encoding="br;q=1.0, gzip;q=0.8"))
    assert headers["content-encoding"] == "gzip" and gzip.decompress(packed) == body and len(packed) < len(body) / 2
    assert headers["vary"] == plain["vary"] == "accept-encoding" and headers["etag"] != plain["etag"]
    assert "content-encoding" not in ask(app, scope("/status/", accept_encoding="gzip;q=0, identity"))[1]
    for tag in (plain["etag"], headers["etag"], f'"x", W/{plain["etag"]}', "*"):
        status, again, nothing = ask(app, scope("/status/", if_none_match=tag))
        assert (status, nothing, again["etag"]) == (304, b"", plain["etag"])
        assert "content-length" not in again and again["x-content-type-options"] == "nosniff"
    assert ask(app, scope("/status/", if_none_match='"something else"'))[0] == 200


def test_head_says_what_get_would(app):
    _, got, body = ask(app, scope("/status/en/"))
    status, headers, nothing = ask(app, scope("/status/en/", method="HEAD"))
    assert (status, nothing) == (200, b"") and headers["content-length"] == str(len(body)) and headers["etag"] == got["etag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_is_only_read(app, method):
    status, headers, _ = ask(app, scope("/status/", method=method))
    assert status == 405 and headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(("path", "where"), [("/status", "/status/"), ("/status/en", "/status/en/"), ("/status/en/history", "/status/en/history/")])
def test_a_folder_without_its_slash_leads_there(app, path, where):
    status, headers, _ = ask(app, scope(path))
    assert (status, headers["location"]) == (301, where)


@pytest.mark.parametrize("path", ["/status/nothing", "/status/../etc/passwd", "/status//en", "/status/en//", "/status/.git/config", "/status/incidents/zzz/"])
def test_what_is_not_there_is_404_in_both_languages(app, path):
    status, headers, body = ask(app, scope(path, accept="text/html"))
    assert status == 404 and body == MADE["404.html"] and "etag" not in headers
    assert b"There is no such page." in body and "没有这个页面。".encode() in body


def test_before_the_first_edition_it_asks_to_come_again(app, tmp_path):
    app.public.assets = {}
    for path in ("/status/", "/status/zh-hans/", "/status/incidents/17/"):
        status, headers, body = ask(app, scope(path, accept="text/html"))
        assert status == 503 and headers["retry-after"] and headers["content-type"] == "text/html; charset=utf-8"
        assert b"The status page is not available at the moment." in body and "状态页暂时无法访问。".encode() in body and b"href" not in body
        assert {"content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options", "permissions-policy"} <= headers.keys()
    status, headers, body = ask(app, scope("/status/api/v1/summary.json", accept="text/html"))
    assert status == 503 and headers["retry-after"] and json.loads(body)["error"] == "away"


def test_on_a_host_of_its_own_it_is_at_the_root_and_nothing_else_is(app, settings):
    settings.STATUS_URL = "https://status.example.com"
    settings.ALLOWED_HOSTS = ["localhost", "status.example.com"]
    settings.SECURE, settings.SECURE_HSTS_SECONDS = True, 31536000
    settings.TRUSTED_PROXIES = ["192.0.2.0/24"]
    forget()
    there = {"host": "status.example.com", "x-forwarded-proto": "https"}
    status, headers, body = ask(app, scope("/", **there))
    assert (status, body) == (200, MADE["index.html"]) and headers["strict-transport-security"].startswith("max-age=31536000")
    assert ask(app, scope("/en", **there))[:2][1]["location"] == "/en/"
    assert ask(app, scope("/incidents/", **there))[0] == 404 and ask(app, scope("//en", **there))[0] == 404
    assert ask(app, scope("/en/", host="status.example.com"))[1]["location"] == "https://status.example.com/en/"
    status, headers, _ = ask(app, scope("/status/en/?x", **{"x-forwarded-proto": "https"}))
    assert (status, headers["location"]) == (302, "https://status.example.com/en/%3Fx")
    assert ask(app, scope("/en/", **{"x-forwarded-proto": "https"}))[0] == 200, "elsewhere this is the console's"


@pytest.mark.django_db
def test_the_folder_follows_the_rows_and_survives_their_loss(app, monkeypatch):
    rows = {**MADE, "index.html": b"<!doctype html>newer"}

    def bring_in_step(folder):
        with folder.held():
            return folder.write(rows) > 0

    monkeypatch.setattr(editions, "bring_in_step", bring_in_step)
    app.public.renew()
    assert ask(app, scope("/status/"))[2] == rows["index.html"]

    def away(_folder):
        raise OperationalError("the database is away")

    monkeypatch.setattr(editions, "bring_in_step", away)
    with app.public.folder.held():
        app.public.folder.write({**rows, "index.html": b"<!doctype html>by another process"})
    app.public.renew()
    assert app.public.is_away
    assert ask(app, scope("/status/"))[2] == b"<!doctype html>by another process"
    assert ask(app, scope("/status/en/"))[2] == MADE["en/index.html"]


def test_a_web_process_that_starts_without_a_database_has_the_page_of_before(app):
    other = Front()
    other.public.load()
    assert ask(other, scope("/status/"))[2] == MADE["index.html"]
    front.metrics.hubs.remove(other.hub.listeners)
