"""The supervisor with small children of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from portal import datadir, supervisor
from portal.supervisor import Child, Supervisor

BEATING = """
import socket, sys, time
line = socket.socket(fileno=int(sys.argv[sys.argv.index("--control") + 1]))
while True:
    line.send(b".")
    time.sleep(0.05)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def child(name: str, code: str, **values) -> Child:
    return Child(name=name, command=[sys.executable, "-c", code], **values)


def until(condition, seconds: float = 20):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


class Running:
    """A supervisor whose loop runs here, without the process's signal handlers."""

    def __init__(self, monkeypatch, *children: Child, alarm: list[str] | None = None):
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        monkeypatch.setattr(signal, "set_wakeup_fd", lambda *_, **__: -1)
        self.supervisor = Supervisor(list(children), alarm=alarm)
        self.thread = threading.Thread(target=self.supervisor.run)
        self.thread.start()

    def stop(self) -> None:
        self.supervisor.stopping = True
        self.thread.join(20)
        assert not self.thread.is_alive()


def test_a_dead_child_comes_back(monkeypatch):
    one = child("web", BEATING)
    running = Running(monkeypatch, one)
    first = until(lambda: one.is_up and one.process).pid
    os.kill(first, signal.SIGKILL)
    second = until(lambda: one.process and one.process.pid != first and one.process).pid
    assert alive(second)
    running.stop()
    assert not alive(second)


def test_a_silent_child_is_ended_and_started_anew(monkeypatch):
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 0.5)
    one = child("engine", BEATING)
    running = Running(monkeypatch, one)
    first = until(lambda: one.is_up and one.process).pid
    os.kill(first, signal.SIGSTOP)
    until(lambda: one.process and one.process.pid != first)
    running.stop()
    assert not alive(first)


def test_a_deaf_child_is_killed_in_the_end(monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    one = child("engine", DEAF, beats=False)
    running = Running(monkeypatch, one)
    pid = until(lambda: one.process).pid
    running.stop()
    assert not alive(pid)


def test_one_that_keeps_dying_is_tried_for_ever_and_alarmed_once(monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "SLOWEST_RESTART", 0.05)
    told = tmp_path / "told"
    one = child("web", "raise SystemExit(3)")
    alarm = [sys.executable, "-c", f"import sys; open({str(told)!r}, 'a').write(sys.argv[1] + chr(10))"]
    running = Running(monkeypatch, one, alarm=alarm)
    until(told.exists)
    until(lambda: len(one.deaths) == supervisor.QUICK_DEATHS)
    running.stop()
    time.sleep(0.05)
    assert told.read_text().count("exit code 3") == 1


def test_children_end_when_the_supervisor_is_gone():
    code = """
import socket, sys, time
sys.path.insert(0, {root!r})
from portal.control import Control
control = Control(int(sys.argv[1]))
control.watch()
print("up", flush=True)
time.sleep(60)
"""
    ours, theirs = supervisor.socket.socketpair()
    root = str(Path(supervisor.__file__).resolve().parents[1])
    process = subprocess.Popen([sys.executable, "-c", code.format(root=root), str(theirs.fileno())], pass_fds=[theirs.fileno()], stdout=subprocess.PIPE)
    theirs.close()
    assert process.stdout and process.stdout.readline() == b"up\n"
    ours.close()
    assert process.wait(10) == -signal.SIGTERM


def test_exit_codes_are_told_in_words():
    assert supervisor.describe(3) == "exit code 3"
    assert supervisor.describe(-9) == "killed by SIGKILL"


def test_a_folder_is_held_by_one_portal(tmp_path):
    held = datadir.lock(tmp_path)
    with pytest.raises(datadir.ImproperlyConfigured, match=f"already running on .* \\(process {os.getpid()}\\)"):
        datadir.lock(tmp_path)
    os.close(held)
    os.close(datadir.lock(tmp_path))


MOUNTS = """22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/with\\040blank rw - nfs4 server:/x rw
31 30 0:41 / /mnt/with\\040blank/local rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/lib", "ext4"), ("/mnt/with blank/data", "nfs4"), ("/mnt/with blank/local/data", "xfs"), ("/mnt", "ext4")],
)
def test_the_file_system_is_the_nearest_mount(path, kind):
    assert datadir.file_system(Path(path), MOUNTS) == kind


def test_sqlite_on_a_network_file_system_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(datadir, "file_system", lambda path: "nfs4")
    with pytest.raises(datadir.ImproperlyConfigured, match="network file system"):
        datadir.make(tmp_path, holds_database=True)
    datadir.make(tmp_path, holds_database=False)
