"""Keeps the portal's processes alive: a small program of its own, without Django, that `manage.py up` turns into.

It holds the lock on the data folder and the listening socket, starts each child in a session of its own, brings a dead
one back at once, ends a silent one, and takes all of them down together.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

STOP_SECONDS = 4.0  # SIGTERM, then this long, then SIGKILL
SILENT_SECONDS = 15.0  # a child whose main loop says nothing for this long is stuck
STARTING_SECONDS = 60.0
QUICK_DEATHS, QUICK_WINDOW = 5, 60.0  # this many deaths in this many seconds is flapping
SLOWEST_RESTART = 2.0
ALARM_EVERY = 600.0


@dataclass
class Child:
    """One process to keep alive."""

    name: str
    command: list[str]
    takes_socket: bool = False
    beats: bool = True
    process: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None
    started: float = 0.0
    heard: float = 0.0
    is_up: bool = False
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=QUICK_DEATHS))
    alarmed: float = -ALARM_EVERY


class Supervisor:
    """Runs until told to stop; `alarm` is the command that carries a line of text outside."""

    def __init__(self, children: list[Child], *, listener: int | None = None, alarm: list[str] | None = None):
        self.children = children
        self.listener = listener
        self.alarm = alarm or []
        self.stopping = False
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_write, False)
        os.set_blocking(self.wake_read, False)

    def run(self) -> int:
        """Start all, keep them, and return when all have ended."""
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)
        for child in self.children:
            self._start(child)
        while not self.stopping:
            self._listen(0.25)
            for child in self.children:
                self._look_after(child)
        self._stop_all()
        return 0

    def _told_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _start(self, child: Child) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        handed = [theirs.fileno()]
        command = [*child.command, "--control", str(theirs.fileno())]
        if child.takes_socket and self.listener is not None:
            handed.append(self.listener)
            command += ["--fd", str(self.listener)]
        try:
            child.process = subprocess.Popen(command, pass_fds=handed, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own commands
        except OSError as error:
            ours.close()
            say(f"{child.name} cannot be started: {error.strerror}", level="error")
            child.process, child.start_at = None, time.monotonic() + SLOWEST_RESTART
            return
        finally:
            theirs.close()
        child.line, child.is_up = ours, False
        child.started = child.heard = time.monotonic()

    def _listen(self, seconds: float) -> None:
        lines: dict[Any, Child] = {child.line: child for child in self.children if child.line is not None}
        due = [child.start_at - time.monotonic() for child in self.children if child.process is None]
        wait = max(0.0, min([seconds, *due]))
        ready, _, _ = select.select([self.wake_read, *lines], [], [], wait)
        for source in ready:
            if source == self.wake_read:
                os.read(self.wake_read, 512)
            else:
                self._hear(lines[source])

    def _hear(self, child: Child) -> None:
        assert child.line is not None
        try:
            heard = child.line.recv(512)
        except OSError:
            heard = b""
        if heard:
            child.heard, child.is_up = time.monotonic(), True
        else:
            child.line.close()
            child.line = None

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at and not self.stopping:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            patience = SILENT_SECONDS if child.is_up else STARTING_SECONDS
            if child.beats and now - child.heard > patience:
                say(f"{child.name} has said nothing for {patience:.0f} s; it is ended and started anew", level="error")
                kill(child, signal.SIGKILL)
                child.heard = now
            return
        self._buried(child, code, now)

    def _buried(self, child: Child, code: int, now: float) -> None:
        kill(child, signal.SIGKILL)  # what it left behind in its session
        if child.line is not None:
            child.line.close()
            child.line = None
        child.process = None
        child.deaths.append(now)
        recent = sum(1 for death in child.deaths if now - death < QUICK_WINDOW)
        # The first deaths are answered at once; one that keeps dying is tried every two seconds, for ever.
        child.start_at = now + (0.0 if recent < 3 else SLOWEST_RESTART)
        if self.stopping:
            return
        say(f"{child.name} ended ({describe(code)}); starting it again", level="warning")
        if recent >= QUICK_DEATHS and now - child.alarmed > ALARM_EVERY:
            child.alarmed = now
            self._ring(f"{child.name} keeps ending: {recent} times within a minute, last {describe(code)}")

    def _ring(self, text: str) -> None:
        say(text, level="error")
        if self.alarm:
            with contextlib.suppress(OSError):
                subprocess.Popen([*self.alarm, text], stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own command

    def _stop_all(self) -> None:
        """SIGTERM to all at once, SIGKILL to whoever is left after four seconds."""
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end and any(child.process is not None and child.process.poll() is None for child in self.children):
            self._listen(0.05)
        for child in self.children:
            kill(child, signal.SIGKILL)
            if child.process is not None:
                child.process.wait()


def kill(child: Child, number: int) -> None:
    """Signal the child's whole session; gone already is fine."""
    if child.process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)


def describe(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def say(text: str, *, level: str = "info") -> None:
    """One line on standard error, in the log format of the rest."""
    if os.environ.get("LOG_FORMAT") == "json":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + "Z"
        line = json.dumps({"event": text, "level": level, "logger": "portal.supervisor", "timestamp": stamp})
    else:
        line = f"portal: {text}"
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - a log line


def become(plan: dict[str, object]) -> None:
    """Turn this process into the supervisor of `plan`; does not return. Descriptors named in it stay open."""
    for name in ("lock", "listener"):
        if isinstance(plan.get(name), int):
            os.set_inheritable(int(str(plan[name])), True)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-P", os.path.abspath(__file__), json.dumps(plan)])  # noqa: S606 - ourselves


def main() -> int:
    """Read the plan from the command line and keep it running."""
    plan = json.loads(sys.argv[1])
    for name in ("lock", "listener"):
        if plan.get(name) is not None:
            os.set_inheritable(plan[name], False)
    children = [Child(**child) for child in plan["children"]]
    return Supervisor(children, listener=plan.get("listener"), alarm=plan.get("alarm")).run()


if __name__ == "__main__":
    sys.exit(main())
