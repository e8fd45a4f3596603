"""The portal as an operator starts it: `manage.py up` in a process of its own, spoken to over HTTP."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.harness.certificate import make_certificate
from tests.harness.servers import free_port, until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-long-password-of-the-first-admin"


class Portal:
    """One portal in a folder of its own; with `database` and `redis` it runs on PostgreSQL and Celery, with `tls` on https."""

    def __init__(self, *, database: str = "", redis: str = "", smtp: str = "", tls: bool = False, folder: Path | None = None, **extra: str):
        self.folder = folder or Path(tempfile.mkdtemp(prefix="portal-up-"))
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self.trust: ssl.SSLContext | bool = True
        if tls:
            certificate, key = make_certificate(self.folder)
            self.trust = ssl.create_default_context(cafile=certificate)
            extra |= {"TLS_CERT": certificate, "TLS_KEY": key, "SITE_URL": self.url}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        self.env = {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "PORTAL_TESTING": "1",
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "ADMIN_PASSWORD": PASSWORD,
            "SECRET_KEY": "a-secret-for-tests-only-that-is-long-enough-to-be-accepted-0123456789",
            "VAULT_KEYS": "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "EMAIL_URL": smtp,
            "PYTHONWARNINGS": "ignore",
            **extra,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = self.folder / "up.log"

    def start(self, *, wait: float = 90) -> "Portal":
        """Run it until it is ready, with its output in :attr:`log`."""
        with self.log.open("ab") as log:
            command = [sys.executable, str(ROOT / "manage.py"), "up"]
            self.process = subprocess.Popen(
                command, env=self.env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        try:
            until(self.is_ready, wait, "the portal being ready", every=0.1)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.output()[-4000:]}") from None
        return self

    def is_ready(self) -> bool:
        """Whether /readyz says so; AssertionError when the process has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"manage.py up ended with {self.process.returncode}\n{self.output()[-4000:]}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=self.trust).status_code == 200
        except httpx.HTTPError:
            return False

    def output(self) -> str:
        """All it has said."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def children(self) -> dict[str, int]:
        """The supervised processes by name: web, engine, worker-page, worker, scheduler."""
        assert self.process is not None
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int(path.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                words = path.joinpath("cmdline").read_bytes().decode().split("\0")
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.process.pid and any(word.endswith("manage.py") for word in words):
                at = next(number for number, word in enumerate(words) if word.endswith("manage.py"))
                name = words[at + 1]
                found["worker-page" if name == "worker" and words[at + 2] == "page" else name] = int(path.name)
        return found

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Signal one child; returns its process number."""
        pid = self.children()[name]
        os.kill(pid, number)
        return pid

    def manage(self, *words: str, check: bool = True, given: str = "") -> str:
        """Run a command beside it and return what it prints."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, env=self.env, cwd=ROOT, input=given, capture_output=True, text=True, timeout=120)
        if check and done.returncode:
            raise AssertionError(f"manage.py {' '.join(words)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout if check else f"{done.returncode}\n{done.stdout}{done.stderr}"

    def stop(self, number: int = signal.SIGINT, seconds: float = 20) -> int:
        """Ctrl-C; returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in [*self.children().values(), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError("manage.py up did not stop") from None
        finally:
            self.process = None

    def close(self) -> None:
        """Stop it and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- speaking to it -------------------------------------------------------------------------

    def client(self, username: str = "", password: str = PASSWORD, **headers: str) -> httpx.Client:
        """A browser without script: keeps cookies, follows redirects; signed in when a name is given."""
        client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=30, headers=headers, verify=self.trust)
        if username:
            answer = self.post(client, "/accounts/login/", {"login": username, "password": password})
            assert answer.status_code == 200 and "sessionid" in client.cookies, f"{username} cannot sign in: {answer.status_code}"
        return client

    def post(self, client: httpx.Client, path: str, data: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as a browser would: with the token of the page."""
        if "csrftoken" not in client.cookies:
            page = client.get(path if path.startswith("/accounts/") else "/")
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
            assert token is not None or "csrftoken" in client.cookies, f"{path} gives no form: {page.status_code}"
        token_value = client.cookies.get("csrftoken") or ""
        return client.post(path, data=data, headers={"X-CSRFToken": token_value, "Referer": f"{self.url}{path}", **headers})

    def api(self, token: str) -> httpx.Client:
        """A machine with a token."""
        return httpx.Client(base_url=f"{self.url}/api/v1", timeout=30, headers={"Authorization": f"Bearer {token}"}, verify=self.trust)

    def token(self, *scopes: str, user: str = "admin") -> str:
        """A new token's secret."""
        words = [word for scope in scopes or ("admin",) for word in ("--scope", scope)]
        return self.manage("token", "test", "--user", user, *words).strip().splitlines()[-1]

    def move(self, shift: str) -> None:
        """Move its clock."""
        self.manage("clock", shift)
