"""Debian's Prometheus and Alertmanager, so that an alert can travel the whole real way."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.harness.servers import Server, free_port

QUICK = {"group_wait: 10s": "group_wait: 0s", "group_interval: 1m": "group_interval: 1s"}
RULES = """
groups:
- name: checkout
  interval: 1s
  rules:
  - alert: CheckoutErrors
    expr: checkout_error_ratio > 0.05
    labels: {severity: critical, service: checkout}
    annotations: {summary: "{{ $value | humanizePercentage }} of checkouts fail"}
"""


class Alertmanager(Server):
    """Sends what it groups to the receivers of `config`, which `amtool` must accept."""

    name = "alertmanager"

    def __init__(self, config: str) -> None:
        super().__init__()
        self.config = self.folder / "alertmanager.yml"
        self.config.write_text(config)

    def command(self) -> list[str]:
        words = ["--config.file", str(self.config), "--storage.path", str(self.folder), "--cluster.listen-address="]
        return [found("prometheus-alertmanager", "alertmanager"), *words, f"--web.listen-address=127.0.0.1:{self.port}"]

    def answers(self) -> bool:
        return is_ready(self.port)


class Prometheus(Server):
    """Looks at one target each second, and tells the Alertmanager on `alertmanager` what its rules say."""

    name = "prometheus"

    def __init__(self, target: int, alertmanager: int) -> None:
        super().__init__()
        (self.folder / "rules.yml").write_text(RULES)
        (self.folder / "prometheus.yml").write_text(
            f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs: [{{job_name: checkout, static_configs: [{{targets: ["127.0.0.1:{target}"]}}]}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
"""
        )

    def command(self) -> list[str]:
        words = ["--config.file", str(self.folder / "prometheus.yml"), "--storage.tsdb.path", str(self.folder / "data")]
        return [found("prometheus"), *words, f"--web.listen-address=127.0.0.1:{self.port}"]

    def answers(self) -> bool:
        return is_ready(self.port)


class Target:
    """A service with one figure, as Prometheus reads it."""

    def __init__(self) -> None:
        self.port, self.errors = free_port(), 0.0
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"checkout_error_ratio {target.errors}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """No more figures."""
        self.server.shutdown()
        self.server.server_close()


def found(*names: str) -> str:
    """The first of these programs that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise RuntimeError(f"{names[0]} is not installed (Debian: apt-get install prometheus prometheus-alertmanager)")


def is_ready(port: int) -> bool:
    """Both programs say it the same way."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def quickened(config: str) -> str:
    """The configuration that the portal offers, with the waiting taken out of it."""
    for slow, quick in QUICK.items():
        assert slow in config, f"the configuration no longer says {slow}"
        config = config.replace(slow, quick)
    return config


def accepts(config: Path) -> str:
    """What `amtool check-config` says about a file; raises AssertionError when it refuses it."""
    done = subprocess.run([found("amtool"), "check-config", str(config)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
