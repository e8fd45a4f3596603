"""`make bench`: pages, alerts, the public page, live entries and memory, each against its yardstick in the same run; a table at the end."""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import ingest, mail, public
from bench.crowd import Crowd
from tests.harness.portal import ROOT, Portal
from tests.harness.servers import Postgres

Line = tuple[str, str, str, str]
LISTENERS = (200, 2000)
ENTRIES = 12


def pages(title: str, **environment: str) -> list[Line]:
    """Pages with 10 and 10,000 incidents against a view of one SELECT."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        known = {
            **os.environ,
            "PORTAL_TESTING": "1",
            "DATA_DIR": folder,
            "SECRET_KEY": "a-secret-for-benchmarks-only-that-is-long-enough-to-be-accepted-0123456789",
            "VAULT_KEYS": "bench:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            **environment,
        }
        done = subprocess.run([sys.executable, "-W", "ignore", "-m", "bench.pages"], env=known, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    return [(f"{name} ({title})", f"{ms:.1f} ms", f"one SELECT {yard:.1f} ms", f"{ms / yard:.1f}") for name, (ms, yard) in found.items()]


async def live(portal: Portal, count: int) -> Line:
    """From a note's commit to the last of `count` listeners, against the note's own round trip without any."""
    token = portal.token("admin")
    client = portal.client("admin")
    with portal.api(token) as api:
        made = api.post("/incidents/", json={"title": f"{count} listen", "severity": "P4", "services": []}).json()

        def note() -> tuple[int, float, float]:
            began = time.perf_counter()
            seq = api.post(f"/incidents/{made['reference']}/timeline/", json={"text": "a note"}).json()["seq"]
            return seq, began, time.perf_counter()

        alone = statistics.median(after - before for _, before, after in [await asyncio.to_thread(note) for _ in range(ENTRIES)])
        headers = {"X-CSRFToken": client.cookies["csrftoken"], "Referer": f"{portal.url}/"}
        ticket = client.post("/live/ticket/", headers=headers).json()["ticket"]
        at = api.get(f"/incidents/{made['reference']}/timeline/", params={"limit": 200}).json()["results"][-1]["seq"]
        crowd = Crowd(portal.port, [ticket], made["reference"], at)
        began = time.perf_counter()
        await crowd.join(count)
        joined = time.perf_counter() - began
        last, each = [], []
        for _ in range(ENTRIES):
            seq, before, _ = await asyncio.to_thread(note)
            arrived = await crowd.all_heard(seq, count)
            last.append(max(arrived) - before)
            each += [moment - before for moment in arrived]
            await asyncio.sleep(0.2)
        await crowd.leave()
    each.sort()
    p50, p99 = each[len(each) // 2], each[int(len(each) * 0.99)]
    measured = f"p50 {1000 * p50:.0f} ms, p99 {1000 * p99:.0f} ms, last {1000 * statistics.median(last):.0f} ms; all in after {joined:.1f} s"
    return (f"entry to browser, {count:,} listeners", measured, f"the POST alone {1000 * alone:.0f} ms", f"{p99 / alone:.1f}")


def memory(portal: Portal) -> Line:
    """Proportional memory of all processes of the embedded set, against one bare Python with Django."""
    assert portal.process is not None
    ours = {"supervisor": pss(portal.process.pid), **{name: pss(pid) for name, pid in portal.children().items()}}
    code = "import django.db.models, django.template, django.http, sys; print('up', flush=True); sys.stdin.read()"
    bare = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert bare.stdout is not None
    bare.stdout.readline()
    yard = pss(bare.pid)
    bare.communicate()
    total = sum(ours.values())
    parts = ", ".join(f"{name} {size:.0f}" for name, size in ours.items())
    return ("memory of the embedded set", f"{total:.0f} MiB ({parts})", f"Python with Django {yard:.0f} MiB", f"{total / yard:.1f}")


def pss(pid: int) -> float:
    """MiB, with shared pages shared out."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def main() -> None:
    """Measure and print."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    table: list[Line] = pages("SQLite")
    postgres = Postgres().start()
    assert isinstance(postgres, Postgres)
    table += pages("PostgreSQL", DATABASE_URL=postgres.create("bench"))
    postgres.close()
    table += ingest.lines()
    table += public.lines()
    portal = Portal().start()
    try:
        table.append(memory(portal))
        table += [asyncio.run(live(portal, count)) for count in LISTENERS]
    finally:
        portal.close()
    table.append(mail.line())
    head: Line = ("what", "measured", "yardstick", "ratio")
    widths = [max(len(row[column]) for row in [head, *table]) for column in range(4)]
    print()
    for row in [head, *table]:
        print("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)))


if __name__ == "__main__":
    main()
