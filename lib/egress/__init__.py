"""The way out: which hosts each kind of destination may reach, and an HTTP client that keeps to it (`trust.md`, Outbound)."""

from lib.egress.client import client
from lib.egress.names import addresses, check_url, connect
from lib.egress.table import EgressRefused, Kind

__all__ = ["EgressRefused", "Kind", "addresses", "check_url", "client", "connect"]
