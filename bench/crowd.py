"""Many listeners in one process: raw sockets on one loop, each noting when an entry arrived."""

import asyncio
import re
import time
from urllib.parse import quote

SEQ = re.compile(rb"event: entry\ndata: \{\"ref\":\"[^\"]+\",\"seq\":(\d+)")


class Crowd:
    """`count` streams on one incident; :meth:`arrivals` says when each heard an entry."""

    def __init__(self, port: int, tickets: list[str], reference: str, at: int):
        self.port, self.tickets, self.reference, self.at = port, tickets, reference, at
        self.heard: dict[int, list[float]] = {}
        self.open = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def join(self, count: int) -> None:
        """Open all streams, a few at a time, and wait until each has said hello."""
        gate = asyncio.Semaphore(50)
        self.tasks = [asyncio.create_task(self._listen(gate, self.tickets[number % len(self.tickets)])) for number in range(count)]
        while self.open < count:
            await asyncio.sleep(0.02)
            for task in self.tasks:
                if task.done():
                    task.result()

    async def _listen(self, gate: asyncio.Semaphore, ticket: str) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            path = f"/live/?ticket={quote(ticket)}&at={self.reference}:{self.at}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head.split(b"\r\n")[0], head
            await reader.readuntil(b"event: hello")
            self.open += 1
        buffer = b""
        while data := await reader.read(65536):
            now = time.perf_counter()
            buffer += data
            for found in SEQ.finditer(buffer):
                self.heard.setdefault(int(found[1]), []).append(now)
            buffer = buffer[buffer.rfind(b"\n\n") + 2 :] if b"\n\n" in buffer else buffer

    async def all_heard(self, seq: int, count: int, seconds: float = 60) -> list[float]:
        """When each of them heard the entry."""
        async with asyncio.timeout(seconds):
            while len(self.heard.get(seq, [])) < count:
                await asyncio.sleep(0.005)
        return self.heard[seq]

    async def leave(self) -> None:
        """Close all."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
