"""The counts behind `/metrics`, read from the rows at each scrape; no title, name or text is a label."""

from collections.abc import Iterator, Sized
from functools import cache

from django.db import models
from django.db.models import Count, Min
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from comms.models import Delivery
from detection.models import Alert
from incidents.models import Incident, Reaction
from lib import clock, heartbeats
from lib.models import Heartbeat
from portal.version import version


class Rows(Collector):
    """Gauges over the rows."""

    def collect(self) -> Iterator[Metric]:
        """All of them, in a constant number of queries."""
        yield self.incidents()
        yield counted("portal_alerts_firing", "Alerts firing by severity.", Alert.objects.filter(status="firing"), "severity")
        yield counted(
            "portal_deliveries", "Deliveries that wait or died, by channel and state.", Delivery.objects.filter(state__in=["due", "dead"]), "channel", "state"
        )
        yield self.oldest_delivery()
        yield counted("portal_reactions", "Reactions that failed or died.", Reaction.objects.exclude(status="done"), "status")
        yield self.heartbeats()
        yield from self.sweeps()
        yield self.streams()
        info = GaugeMetricFamily("portal_info", "Which code runs.", labels=["version"])
        info.add_metric([version()], 1)
        yield info

    def incidents(self) -> Metric:
        """Open real incidents by severity and state; private ones count too, unnamed."""
        return counted("portal_incidents_open", "Open incidents by severity and state.", Incident.objects.open().real(), "severity", "state")

    def oldest_delivery(self) -> Metric:
        """How long the oldest due delivery has waited."""
        now = clock.now()
        oldest = Delivery.objects.filter(state="due", not_before__lte=now).aggregate(oldest=Min("not_before"))["oldest"]
        family = GaugeMetricFamily("portal_delivery_oldest_due_seconds", "Age of the oldest delivery that is due.")
        family.add_metric([], (now - oldest).total_seconds() if oldest else 0.0)
        return family

    def heartbeats(self) -> Metric:
        """Seconds since each part said that it lives."""
        family = GaugeMetricFamily("portal_heartbeat_age_seconds", "Seconds since a part's last sign of life.", labels=["part"])
        for name, age in heartbeats.ages().items():
            family.add_metric([name], age)
        return family

    def sweeps(self) -> Iterator[Metric]:
        """How long each sweep took last, and how often it failed in a row."""
        row = Heartbeat.objects.filter(name="engine").first()
        seconds = GaugeMetricFamily("portal_sweep_seconds", "Duration of a sweep's last run in the engine.", labels=["sweep"])
        failures = GaugeMetricFamily("portal_sweep_failures", "Failures of a sweep in a row.", labels=["sweep"])
        for name, run in (row.detail.get("sweeps", {}) if row else {}).items():
            seconds.add_metric([name], run["ms"] / 1000)
            failures.add_metric([name], run["failures"])
        yield seconds
        yield failures

    def streams(self) -> Metric:
        """Live streams of the process that answers."""
        family = GaugeMetricFamily("portal_live_streams", "Open live streams of this process.")
        family.add_metric([], listeners())
        return family


def counted(name: str, words: str, rows: "models.QuerySet", *labels: str) -> Metric:
    """A gauge of row counts by these columns."""
    family = GaugeMetricFamily(name, words, labels=list(labels))
    for *values, count in rows.order_by().values_list(*labels).annotate(count=Count("pk")):
        family.add_metric([str(value) for value in values], count)
    return family


hubs: list[Sized] = []  # the listeners of this process, given by its front door


def listeners() -> int:
    """How many streams this process holds; 0 in a process without a front door."""
    return sum(len(hub) for hub in hubs)


@cache
def registry() -> CollectorRegistry:
    """Rows and this process."""
    found = CollectorRegistry()
    found.register(Rows())
    ProcessCollector(registry=found)
    PlatformCollector(registry=found)
    return found
