"""Fifty readers of the public page while it is made anew a thousand times: none ever sees half a file."""

import http.client
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.harness.public import text
from tests.harness.servers import until
from tests.real.test_public import plain_server

pytestmark = pytest.mark.soak
READERS, REWRITES = 50, 1000
PAUSE = 0.1  # seconds between two looks of a reader: what is asked is whether files are whole, not how many a second
REWRITE = """
from lib import clock
from statuspage import changes, editions
from statuspage.models import PublicPage
for number in range(1, {count} + 1):
    PublicPage.objects.update_or_create(pk=1, defaults={{"name": f"Edition {{number}}", "updated_at": clock.now()}})
    changes.touch()
    while editions.of(editions.current()) != editions.wanted(clock.now()):  # the engine makes some of them
        editions.publish()
"""
NAMES = re.compile(rb"Edition (\d+)")


class Reader(threading.Thread):
    """Asks for the pages in turn over one kept connection, and looks whether each is whole and of one edition."""

    def __init__(self, base: str, done: threading.Event):
        super().__init__(daemon=True)
        self.address, self.done = urlsplit(base), done
        self.read, self.editions, self.torn = 0, Counter[int](), list[str]()

    def run(self) -> None:
        paths = ("", "en/", "zh-hans/history/")
        while not self.done.is_set():
            connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=60)
            for path in paths * 10:
                connection.request("GET", f"{self.address.path}/{path}")
                answer = connection.getresponse()
                self.look(path, answer.status, answer.read())
                self.done.wait(PAUSE)
            connection.close()

    def look(self, path: str, status: int, body: bytes) -> None:
        found = set(NAMES.findall(body))
        self.read += 1
        self.editions.update(map(int, found))
        if status != 200 or not body.startswith(b"<!doctype html>") or not body.endswith(b"</html>\n") or len(found) > 1:
            self.torn.append(f"{path}: {status}, {len(body)} bytes, editions {sorted(found)}")


def test_fifty_readers_during_a_thousand_rewrites_see_whole_files_only(make_portal):
    portal = make_portal().start()
    until(lambda: text(f"{portal.url}/status/"), 60, "the first edition")
    done, began = threading.Event(), time.monotonic()
    with plain_server(portal.folder / "status") as address:
        readers = [Reader(base, done) for base in (f"{portal.url}/status", address) for _ in range(READERS // 2)]
        for reader in readers:
            reader.start()
        command = [sys.executable, "manage.py", "shell", "-c", REWRITE.format(count=REWRITES)]
        made = subprocess.run(command, env=portal.env, capture_output=True, text=True, timeout=1500)
        until(lambda: f"Edition {REWRITES}<" in text(f"{portal.url}/status/en/"), 60, "the last edition at the front door")
        done.set()
        for reader in readers:
            reader.join(120)
    assert made.returncode == 0, made.stderr
    assert [line for reader in readers for line in reader.torn] == []
    seen = sum((reader.editions for reader in readers), Counter())
    read = sum(reader.read for reader in readers)
    print(f"\n{READERS} readers, {REWRITES:,} rewrites in {time.monotonic() - began:.0f} s: {read:,} pages of {len(seen):,} editions, all whole")
