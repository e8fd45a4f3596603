"""In the web process: notices when engine or auditor are silent or the database is gone, and does the auditor's work then."""

import logging
import threading
import time

from django.db import Error, connection

from lib import heartbeats, leases
from portal import alarm, auditor

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
AUDIT_SECONDS = 75.0
AWAY_SECONDS = 60.0


class Watchman:
    """One thread; what it needs to remember."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.away_since: float | None = None

    def run(self) -> None:
        """Look every ten seconds, for ever."""
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
                self.back()
            except Error:
                connection.close()
                self.away()
            except Exception:  # the thread's outer edge: a watchman that dies watches nothing
                log.exception("the watchman stumbled")
                connection.close()

    def look(self) -> None:
        """Take over when the others are silent."""
        ages = heartbeats.ages()
        running = time.monotonic() - self.began
        findings = [
            f"the {name} has said nothing for {age:.0f} s"
            for name, age in [("engine", ages.get("engine", running))]
            if age > heartbeats.SILENT_SECONDS and running > heartbeats.SILENT_SECONDS
        ]
        is_unwatched = ages.get(auditor.NAME, running) > AUDIT_SECONDS and running > AUDIT_SECONDS
        if (findings or is_unwatched) and leases.elect("portal.auditor", LOOK_SECONDS * 3):
            auditor.run(also=findings)

    def away(self) -> None:
        """The database cannot be asked."""
        self.away_since = self.away_since or time.monotonic()
        if time.monotonic() - self.away_since > AWAY_SECONDS:
            alarm.ring("database", f"The portal's database has been away for {time.monotonic() - self.away_since:.0f} s")

    def back(self) -> None:
        """It answers again."""
        if self.away_since is not None:
            self.away_since = None
            alarm.quiet("database")


def start() -> None:
    """Begin to watch, in a thread of its own."""
    threading.Thread(target=Watchman().run, name="watchman", daemon=True).start()
