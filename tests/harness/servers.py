"""Private servers from installed binaries on free ports, as an unprivileged user when we are root."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from glob import glob
from pathlib import Path
from typing import Any

import psycopg2
import redis


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged() -> dict[str, Any]:
    """How Popen starts a server that refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise RuntimeError("neither the user postgres nor nobody exists")


def until(condition: Any, seconds: float, what: str, *, every: float = 0.05) -> Any:
    """Wait for `condition()` to be true and return it; TimeoutError names `what` did not come."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)


class Server:
    """A process with a folder of its own, which is gone at the end."""

    name = "server"

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"portal-{self.name}-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.who = unprivileged()
        if self.who:
            os.chown(self.folder, self.who["user"], self.who["group"])

    def command(self) -> list[str]:
        """What is executed."""
        raise AssertionError("a server says its command")

    def answers(self) -> bool:
        """Whether it serves."""
        raise AssertionError("a server says when it serves")

    def start(self) -> "Server":
        """Run it until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True, **self.who
            )
        until(self.answers, 30, f"{self.name} answering on {self.port}")
        return self

    def send(self, number: int) -> None:
        """To the main process."""
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it, by force where it takes too long; its data stays."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(Server):
    """A cluster with the user `portal` and no password."""

    name = "postgres"

    def __init__(self, *, is_durable: bool = False) -> None:
        super().__init__()
        self.is_durable = is_durable
        self.data = self.folder / "data"
        initdb = [str(binary("initdb")), "-D", str(self.data), "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.who)

    def command(self) -> list[str]:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "max_connections": "120", "shared_buffers": "64MB"}
        if not self.is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [
            str(binary("postgres")),
            "-D",
            str(self.data),
            "-p",
            str(self.port),
            *[word for key, value in settings.items() for word in ("-c", f"{key}={value}")],
        ]

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.dsn("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def end(self, number: int = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown: it does not wait for clients."""
        super().end(number)

    def dsn(self, name: str, port: int | None = None) -> str:
        """The address of a database, perhaps through a proxy's port."""
        return f"postgresql://portal@127.0.0.1:{port or self.port}/{name}"

    def create(self, name: str) -> str:
        """A new empty database; returns its address."""
        connection = psycopg2.connect(self.dsn("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        connection.close()
        return self.dsn(name)


class Redis(Server):
    """An instance that keeps nothing on disk."""

    name = "redis"

    def command(self) -> list[str]:
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]

    def answers(self) -> bool:
        try:
            return bool(redis.Redis(port=self.port, socket_timeout=1).ping())
        except redis.RedisError:
            return False

    def url(self, number: int = 0, port: int | None = None) -> str:
        """The address of one of its databases, perhaps through a proxy's port."""
        return f"redis://127.0.0.1:{port or self.port}/{number}"


def binary(name: str) -> Path:
    """One of PostgreSQL's programs, which Debian keeps out of the path."""
    found = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    path = found[-1] if found else shutil.which(name)
    if not path:
        raise RuntimeError(f"{name} is not installed (Debian: apt-get install postgresql)")
    return Path(path)
