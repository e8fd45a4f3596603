"""Logging: JSON lines in production, readable ones elsewhere."""

from typing import Any

LOGGING: dict[str, Any] = {"version": 1, "disable_existing_loggers": False}
