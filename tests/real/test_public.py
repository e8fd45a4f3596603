"""The public page when the rest is gone: right, whole, and read by a program that was written for Statuspage."""

import json
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.harness.portal import Portal
from tests.harness.public import RENAME, TELL, text
from tests.harness.servers import Postgres, Redis, free_port, until

pytestmark = pytest.mark.real


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """Python's own file server; its address."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: text(f"http://127.0.0.1:{port}/"), 20, "the file server")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def follow(base: str, start: str) -> set[str]:
    """Every page and file that can be reached from `start` below `base`; AssertionError for a link that leads nowhere."""
    seen, waiting = set(), {start}
    with httpx.Client(base_url=base, timeout=10) as client:
        while waiting:
            path = waiting.pop()
            seen.add(path)
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
            if answer.headers["content-type"].startswith("text/html"):
                links = re.findall(r'(?:href|src|data-url)="([^"#:]+)', answer.text)
                found = {posixpath.normpath(posixpath.join(posixpath.dirname(path), link.partition("?")[0])) for link in links}
                found = {one if "." in one.rpartition("/")[2] else f"{one.rstrip('/')}/" for one in found}
                waiting |= found - seen
    return seen


def says_it(page: str, language: str) -> bool:
    """Whether a page tells of the incident."""
    return ("We are investigating." if language == "en" else "正在排查。") in page and 'data-indicator="critical"' in page


def read_by_others(address: str, folder: Path) -> str:
    """What statuspage-prometheus-exporter, a reader of Statuspage pages, makes of ours: its metrics."""
    folder.mkdir()
    (folder / "services.json").write_text(json.dumps({"ours": {"url": f"{address}/api/v2/summary.json", "name": "Ours"}}))
    command = [sys.executable, "-m", "statuspage_prometheus_exporter.status_monitoring"]
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(command, cwd=folder, env={**kept, "RUN_MODE": "once"}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return (folder / "metrics" / "statuspage.prom").read_text(encoding="utf-8")


def test_a_reader_of_statuspage_pages_reads_ours_with_only_the_address_changed(make_portal, tmp_path):
    portal = make_portal().start()
    assert 'statuspage_service_status{service_name="Ours"} 1.0' in read_by_others(f"{portal.url}/status", tmp_path / "quiet")
    code = portal.manage("shell", "-c", TELL).split()[-1]
    until(lambda: says_it(text(f"{portal.url}/status/en/"), "en"), 60, "the page saying so")
    metrics = read_by_others(f"{portal.url}/status", tmp_path / "busy")
    assert 'statuspage_service_status{service_name="Ours"} 0.0' in metrics
    assert 'statuspage_probe_check{service_name="Ours"} 1.0' in metrics
    found = re.search(r"statuspage_incident_info\{(.*)\} 1\.0", metrics)
    assert found and all(word in found[1] for word in (f'incident_id="{code}"', 'impact="critical"', 'incident_name="Sign-in fails"'))
    assert re.search(r'statuspage_component_status\{component_name="[^"]+",service_name="Ours"\} 0\.0', metrics)
    with plain_server(portal.folder / "status") as address:
        assert f'incident_id="{code}"' in read_by_others(address, tmp_path / "files")


def test_the_page_is_right_without_the_database_and_then_without_anything_of_ours(make_portal, tmp_path):
    postgres, redis = Postgres().start(), Redis().start()
    assert isinstance(postgres, Postgres) and isinstance(redis, Redis)
    try:
        portal: Portal = make_portal(database=postgres.create("public"), redis=redis.url()).start()
        code = portal.manage("shell", "-c", TELL).split()[-1]
        page = f"{portal.url}/status/en/"
        until(lambda: says_it(text(page), "en"), 60, "the page saying so")
        until(lambda: '"mirrored": true' in text(f"{portal.url}/readyz"), 30, "all files being young")

        postgres.end()
        until(lambda: not text(f"{portal.url}/readyz"), 60, "the database's absence being noticed")
        check_the_front_door(portal, code)
        before = portal.kill("web")
        until(lambda: portal.children().get("web", before) != before and text(page), 60, "another web process serving the page")
        check_the_front_door(portal, code)

        portal.stop()
        redis.end()
        with plain_server(portal.folder) as address:
            reached = follow(f"{address}/status", "/")
            assert {"/", "/en/", "/zh-hans/history/", f"/zh-hans/incidents/{code}/", "/api/v2/summary.json", "/assets/status.css"} <= reached
            assert says_it(httpx.get(f"{address}/status/zh-hans/").text, "zh-hans")
            assert json.loads(httpx.get(f"{address}/status/api/v2/status.json").text)["status"]["indicator"] == "critical"
    finally:
        postgres.close()
        redis.close()


def check_the_front_door(portal: Portal, code: str) -> None:
    """Pages and JSON, with all their headers."""
    with httpx.Client(base_url=portal.url, timeout=5) as client:
        for language in ("en", "zh-hans"):
            answer = client.get(f"/status/{language}/")
            assert answer.status_code == 200 and says_it(answer.text, language)
            assert answer.headers["content-encoding"] == "gzip" and not answer.cookies
            assert client.get(f"/status/{language}/", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        unresolved = client.get("/status/api/v2/incidents/unresolved.json")
        assert [one["id"] for one in unresolved.json()["incidents"]] == [code] and unresolved.headers["access-control-allow-origin"] == "*"
        assert {"/", "/en/", "/history/"} <= follow(f"{portal.url}/status", "/")


@pytest.mark.parametrize("point", ["statuspage.after_rows=kill@2", "statuspage.before_rename=kill@4", "statuspage.between_files=kill@30"])
def test_killed_while_it_writes_it_leaves_whole_files_and_is_finished_by_the_next(make_portal, point):
    portal = make_portal(PORTAL_FAILPOINTS=point).start()
    until(lambda: text(f"{portal.url}/status/"), 60, "the first edition")
    portal.manage("shell", "-c", RENAME)
    folder = portal.folder / "status"

    def is_whole_and_new() -> bool:
        pages = [path.read_bytes() for path in folder.rglob("*.html")]
        assert all(page.startswith(b"<!doctype html>") and page.endswith(b"</html>\n") for page in pages)
        return all(b"Renamed" in page for page in pages) and not list(folder.rglob("*.new"))

    until(is_whole_and_new, 60, "the new edition")
    until(lambda: "killed by SIGKILL" in portal.output(), 30, "the kill")
    until(lambda: "Renamed" in text(f"{portal.url}/status/"), 30, "the front door serving it")
