"""The public page's requests a second, against a bare ASGI application and nginx with the same bytes, by wrk in the same run."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.harness.portal import ROOT, Portal
from tests.harness.public import text
from tests.harness.servers import free_port, until

TOOLS = {"nginx": "nginx-light", "wrk": "wrk"}  # program → Debian's package
CONNECTIONS, SECONDS, ROUNDS = 32, 4, 3
NGINX = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type text/html; keepalive_requests 1000000; sendfile on; tcp_nopush on; open_file_cache max=100;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{ listen 127.0.0.1:{port}; root {folder}/html; index index.html; }}
}}
"""


def provide() -> str:
    """Install what is missing where that is allowed; what is still missing, or ""."""
    os.environ["PATH"] += ":/usr/sbin"
    if absent() and os.geteuid() == 0 and shutil.which("apt-get"):
        install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {absent()}"
        subprocess.run(["sh", "-c", install], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True)
    return absent()


def absent() -> str:
    """The packages of programs that are not there."""
    return " ".join(package for program, package in TOOLS.items() if not shutil.which(program))


def rate(url: str) -> float:
    """Requests a second."""
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"{url} does not answer as it should:\n{done.stdout}")
    return float(found[1])


def served(command: list[str], url: str) -> Callable[[], None]:
    """Start a server and wait for it; returns how to end it."""
    process = subprocess.Popen(command, cwd=ROOT)

    def end() -> None:
        process.terminate()
        process.wait(20)

    until(lambda: text(url), 30, f"{command[0]} answering")
    return end


def lines() -> list[tuple[str, str, str, str]]:
    """The lines of the table."""
    if missing := provide():
        return [("public page, requests/s", "not measured", f"missing: {missing} (Debian: apt-get install {missing})", "–")]
    portal = Portal().start()
    folder = Path(tempfile.mkdtemp(prefix="bench-public-"))
    ends = []
    try:
        body = until(lambda: text(f"{portal.url}/status/"), 60, "the page")
        (folder / "html").mkdir()
        (folder / "html" / "index.html").write_text(body, encoding="utf-8", newline="")
        bare, nginx = free_port(), free_port()
        urls = {"ours": f"{portal.url}/status/", "bare ASGI": f"http://127.0.0.1:{bare}/", "nginx": f"http://127.0.0.1:{nginx}/"}
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=nginx, user=user))
        ends.append(served([sys.executable, "-m", "bench.bare", str(bare), str(folder / "html" / "index.html")], urls["bare ASGI"]))
        ends.append(served([str(shutil.which("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf")], urls["nginx"]))
        found: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(ROUNDS):
            for name, url in urls.items():
                found[name].append(rate(url))
        ours, *yards = [(name, statistics.median(rates)) for name, rates in found.items()]
        title = f"public page ({len(body.encode()):,} bytes), requests/s"
        return [(title, f"{ours[1]:,.0f}/s", f"{name} {yard:,.0f}/s", f"{ours[1] / yard:.2f}") for name, yard in yards]
    finally:
        for end in ends:
            end()
        shutil.rmtree(folder, ignore_errors=True)
        portal.close()


if __name__ == "__main__":
    for line in lines():
        print("  ".join(line))
