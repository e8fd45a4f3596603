"""A small TCP proxy that stands before a server and misbehaves on command."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Literal

Mode = Literal["pass", "refuse", "hang", "reset", "slow"]


class Proxy:
    """Listens on :attr:`port` and passes to `target`; :meth:`set` changes what happens, to open connections too.

    `refuse`: the port is closed and open connections end. `hang`: bytes are taken and go nowhere, new connections get no answer.
    `reset`: every connection is reset. `slow`: `latency` seconds are added to each piece, both ways.
    """

    def __init__(self, target: int, *, host: str = "127.0.0.1"):
        self.target = (host, target)
        self.mode: Mode = "pass"
        self.latency = 0.1
        self.writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="proxy", daemon=True)
        self.thread.start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._do(self._open())

    def set(self, mode: Mode, latency: float = 0.1) -> None:
        """Misbehave like this from now on."""
        self.latency = latency
        self._do(self._change(mode))

    def close(self) -> None:
        """End it."""
        self._do(self._shut())
        self._do(self._let_go())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _open(self) -> None:
        if self.server is None:
            self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)

    async def _shut(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        self._drop()

    async def _change(self, mode: Mode) -> None:
        self.mode = mode
        if mode == "refuse":
            await self._shut()
            return
        await self._open()
        if mode == "reset":
            self._drop()

    async def _let_go(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop(self) -> None:
        for writer in list(self.writers):
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            if self.mode == "reset":
                self._drop()
                return
            while self.mode == "hang":
                await asyncio.sleep(0.05)
            there_reader, there_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.close()
            self.writers.discard(writer)
            return
        self.writers.add(there_writer)
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer), return_exceptions=True)
        for one in (writer, there_writer):
            self.writers.discard(one)
            with contextlib.suppress(OSError, RuntimeError):
                one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                while self.mode == "hang":
                    await asyncio.sleep(0.05)
                if self.mode == "slow":
                    await asyncio.sleep(self.latency)
                writer.write(data)
                await writer.drain()
        finally:
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()
