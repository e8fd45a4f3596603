"""How nudges travel: datagrams to the processes on this data folder, or Redis where there is one."""

import errno
import json
import os
import secrets
import select
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 0.25  # seconds, for everything that could wait on somebody else
CHANNEL = "portal:nudge"
LONGEST_ADDRESS = 100  # bytes; the system's limit for a socket's path is 108 (104 on macOS)
DATAGRAM = 8192


class Wire(Protocol):
    """One end for sending."""

    def send(self, names: Iterable[str]) -> None:
        """Send `names`; OSError or RedisError when nobody can be reached."""


class Ear(Protocol):
    """One end for hearing."""

    def hear(self, seconds: float) -> set[str]:
        """The names that arrived, waiting at most `seconds` for the first."""

    def close(self) -> None:
        """Stop hearing."""


def wire() -> Wire:
    """The sending end that these settings ask for."""
    return RedisWire(settings.REDIS_URL) if settings.REDIS_URL else DatagramWire(folder())


def ear() -> Ear:
    """The hearing end that these settings ask for."""
    return RedisEar(settings.REDIS_URL) if settings.REDIS_URL else DatagramEar(folder())


def folder() -> Path:
    """Where the sockets of listening processes lie."""
    return Path(settings.DATA_DIR) / "nudge"


def pack(names: Iterable[str]) -> bytes:
    """Names as one message."""
    return json.dumps(sorted(names)).encode()


def unpack(message: bytes) -> set[str]:
    """The names of one message; none when it is not ours."""
    try:
        names = json.loads(message)
    except ValueError:
        return set()
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


class DatagramWire:
    """Sends one datagram to each listening process. Never waits: a full socket is awake already."""

    def __init__(self, place: Path):
        self.place = place

    def send(self, names: Iterable[str]) -> None:
        message = pack(names)
        if not self.place.is_dir():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, Address(self.place) as address:
            sender.setblocking(False)
            for path in self.place.glob("*.sock"):
                try:
                    sender.sendto(message, address.of(path.name))
                except ConnectionRefusedError:
                    path.unlink(missing_ok=True)  # its process died
                except OSError as error:
                    if error.errno not in (errno.EAGAIN, errno.ENOBUFS, errno.ENOENT):
                        raise


class DatagramEar:
    """A socket of this process's own in the data folder."""

    def __init__(self, place: Path):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = place / f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        with Address(place) as address:
            self.socket.bind(address.of(self.path.name))
        self.path.chmod(0o600)

    def hear(self, seconds: float) -> set[str]:
        names: set[str] = set()
        wait = max(0.0, seconds)
        # All that has piled up is one wake-up.
        while select.select([self.socket], [], [], 0 if names else wait)[0]:
            names |= unpack(self.socket.recv(DATAGRAM)) or {""}
        return names - {""}

    def close(self) -> None:
        self.socket.close()
        self.path.unlink(missing_ok=True)


class Address:
    """Short addresses for sockets in a folder whose path may be longer than the system allows."""

    def __init__(self, place: Path):
        self.place = place
        self.descriptor: int | None = None

    def __enter__(self) -> "Address":
        if len(os.fsencode(self.place)) > LONGEST_ADDRESS - 30:
            if sys.platform != "linux":
                raise OSError(errno.ENAMETOOLONG, "The data folder's path is too long for a socket")
            self.descriptor = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        return self

    def of(self, name: str) -> str:
        """The address of the socket `name`."""
        return str(self.place / name) if self.descriptor is None else f"/proc/self/fd/{self.descriptor}/{name}"

    def __exit__(self, *_: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


def connect(url: str) -> redis.Redis:
    """A client that never waits longer than a quarter of a second and never tries twice."""
    never = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, health_check_interval=10, retry=never)


class RedisWire:
    """Publishes on a Redis channel."""

    def __init__(self, url: str):
        self.client = connect(url)

    def send(self, names: Iterable[str]) -> None:
        self.client.publish(CHANNEL, pack(names))


class RedisEar:
    """Subscribes to the channel, again and again while Redis is away."""

    def __init__(self, url: str):
        self.client = connect(url)
        self.subscription: redis.client.PubSub | None = None

    def hear(self, seconds: float) -> set[str]:
        names: set[str] = set()
        end = time.monotonic() + max(0.0, seconds)
        try:
            if self.subscription is None:
                self.subscription = self.client.pubsub(ignore_subscribe_messages=True)
                self.subscription.subscribe(CHANNEL)
            while True:
                left = end - time.monotonic()
                message = self.subscription.get_message(timeout=0 if names else max(0.0, left))
                if message:
                    names |= unpack(message["data"])
                elif names or left <= 0:
                    return names
        except (redis.RedisError, OSError):
            self._hang_up()
            time.sleep(max(0.0, min(end - time.monotonic(), 1.0)))
            return names

    def _hang_up(self) -> None:
        if self.subscription is not None:
            self.subscription.close()
        self.subscription = None

    def close(self) -> None:
        self._hang_up()
        self.client.close()
