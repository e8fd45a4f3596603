"""Real servers for the long runs."""

from tests.harness.fixtures import make_portal, postgres, redis, smtp

__all__ = ["make_portal", "postgres", "redis", "smtp"]
