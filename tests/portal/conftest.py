"""A live stream that a test can read, without a server."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connections

from portal import metrics
from portal.front import Front


@dataclass
class Event:
    """One event of a stream."""

    name: str
    data: dict[str, Any]
    id: str = ""


@dataclass
class Stream:
    """What one reader hears; `slow` readers take nothing until released."""

    front: Front
    task: asyncio.Task[None] | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, path: str, query: str = "", **headers: str) -> "Stream":
        """Connect and wait for the first bytes."""
        self.flowing.set()
        given = [(b"host", b"localhost")] + [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "headers": given,
        }

        async def receive() -> dict[str, Any]:
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                await self.flowing.wait()
                self.raw += message.get("body", b"")

        self.task = asyncio.create_task(self.front(scope, receive, send))
        await self.until(lambda: self.raw or self.task.done())
        return self

    @property
    def events(self) -> list[Event]:
        """Everything heard so far."""
        found = []
        for block in self.raw.decode().split("\n\n"):
            parts = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
            if "event" in parts:
                found.append(Event(parts["event"], json.loads(parts["data"]), parts.get("id", "")))
        return found

    def named(self, name: str) -> list[Event]:
        """The events of one name."""
        return [event for event in self.events if event.name == name]

    @property
    def seqs(self) -> list[int]:
        """The sequences of all entries heard, in order."""
        return [event.data["seq"] for event in self.named("entry")]

    async def until(self, condition: Callable[[], Any], seconds: float = 15) -> Any:
        """Wait for it."""
        async with asyncio.timeout(seconds):
            while not (found := condition()):
                await asyncio.sleep(0.005)
            return found

    async def close(self) -> None:
        """The reader goes."""
        self.gone.set()
        if self.task is not None:
            await self.task


async def write(work: Callable[[], Any]) -> Any:
    """Call `work` in a thread with a connection of its own, as another process would."""

    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


@pytest.fixture
def live():
    """Runs a coroutine function with a front door whose hub looks: `live(scenario)`."""

    def run(scenario: Callable[[Front], Any]) -> None:
        async def main() -> None:
            front = Front()
            await front.hub.start()
            try:
                async with asyncio.timeout(60):
                    await scenario(front)
            finally:
                await front.hub.stop()
                metrics.hubs.remove(front.hub.listeners)

        asyncio.run(main())

    return run
