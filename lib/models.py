"""Tables of the ground floor: named leases, heartbeats and the test clock."""

from django.db import models


class NamedLease(models.Model):
    """Who does a job that only one process at a time may do (an elected sweep, the auditor)."""

    name = models.CharField(max_length=80, primary_key=True)
    holder = models.CharField(max_length=80, blank=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"


class Heartbeat(models.Model):
    """The last sign of life of a part, and what it said."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"


class ClockOffset(models.Model):
    """How far a test has moved time; honoured under PORTAL_TESTING=1 only. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seconds = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.seconds} s"
