"""`manage.py web`: the web process that `manage.py up` starts; alone, it binds HOST:PORT itself."""

import asyncio
import socket
import sys
from typing import Any

import uvicorn
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import pulse
from portal import watchman
from portal.control import Control
from portal.front import Front, application
from portal.management.commands.up import bind

TURN_SECONDS = 0.0005  # a thread that has its answer from the database waits no longer than this for one that computes; Python's 5 ms add up


class Server(uvicorn.Server):
    """Ends streams the moment it is told to stop, and tells the supervisor that its loop turns."""

    def __init__(self, config: uvicorn.Config, front: Front, control: Control | None):
        super().__init__(config)
        self.front = front
        self.control = control

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Called for SIGTERM and SIGINT."""
        super().handle_exit(sig, frame)
        asyncio.get_event_loop().call_soon_threadsafe(self.front.hub.close)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if self.control is not None and counter % 10 == 0:
            self.control.beat()
        return await super().on_tick(counter)


class Command(BaseCommand):
    help = "Serve pages, API, alerts and live streams."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fd", type=int, default=None, help="a listening socket (set by `manage.py up`)")
        parser.add_argument("--control", type=int, default=None, help="the supervisor's line (set by `manage.py up`)")

    def handle(self, *args: Any, **options: Any) -> None:
        control = Control(options["control"]) if options["control"] is not None else None
        if control is not None:
            control.watch()
        try:
            listener = socket.socket(fileno=options["fd"]) if options["fd"] is not None else bind(settings.HOST, settings.PORT)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        pulse.start()
        watchman.start()
        sys.setswitchinterval(TURN_SECONDS)
        config = uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=65,
            timeout_graceful_shutdown=3,
            ssl_certfile=settings.TLS_CERT or None,
            ssl_keyfile=settings.TLS_KEY or None,
        )
        Server(config, application, control).run(sockets=[listener])
