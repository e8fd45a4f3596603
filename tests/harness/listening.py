"""A reader of live streams as the page's script is one: tickets, positions, loss and replay."""

import json
import socket
import threading
from typing import Any

import httpx

from tests.harness.portal import Portal
from tests.harness.servers import until


class Listener:
    """Keeps a stream open over losses; :attr:`seqs` is what it has heard of one incident, in order."""

    def __init__(self, portal: Portal, client: httpx.Client, reference: str, *, at: int = 0):
        self.portal = portal
        self.client = client
        self.reference = reference
        self.at = at
        self.entries: list[dict[str, Any]] = []
        self.others: list[tuple[str, dict[str, Any]]] = []
        self.is_open = threading.Event()
        self.is_done = False
        self.socket: socket.socket | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def seqs(self) -> list[int]:
        """The sequences heard."""
        return [entry["seq"] for entry in self.entries]

    def ticket(self) -> str:
        """A fresh one."""
        headers = {"X-CSRFToken": self.client.cookies.get("csrftoken") or "", "Referer": f"{self.portal.url}/"}
        answer = self.client.post("/live/ticket/", headers=headers)
        answer.raise_for_status()
        return str(answer.json()["ticket"])

    def cut(self) -> None:
        """Lose the connection, as a phone in a tunnel does."""
        self.is_open.clear()
        if self.socket is not None:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def close(self) -> None:
        """Go."""
        self.is_done = True
        self.cut()
        self.thread.join(10)

    def wait_for(self, seq: int, seconds: float = 30) -> None:
        """Until this entry was heard."""
        until(lambda: self.seqs and self.seqs[-1] >= seq, seconds, f"entry {seq} of {self.reference}")

    def _run(self) -> None:
        while not self.is_done:
            try:
                self._listen()
            except (httpx.HTTPError, OSError):
                self.is_open.clear()
            threading.Event().wait(0.1)

    def _listen(self) -> None:
        query = {"ticket": self.ticket(), "at": f"{self.reference}:{self.at}"}
        with httpx.stream("GET", f"{self.portal.url}/live/", params=query, timeout=httpx.Timeout(10, read=40)) as answer:
            if answer.status_code != 200:
                return
            self.socket = answer.extensions["network_stream"].get_extra_info("socket")
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    self._hear(name, json.loads(line[6:]))

    def _hear(self, name: str, data: dict[str, Any]) -> None:
        if name == "entry":
            self.entries.append(data)
            self.at = data["seq"]
        else:
            self.others.append((name, data))
            self.is_open.set()
