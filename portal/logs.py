"""Logging: JSON lines in production, readable ones elsewhere; keys, tokens and tickets never get out."""

import os
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

MASK = "•••"
# What must not stand in a log, by the text around it: keys in paths, bearer tokens, tickets, passwords in addresses.
SECRETS = (
    (re.compile(r"(/ingest/[a-z]+/)[^/\s\"'?&]{16,}"), rf"\g<1>{MASK}"),
    (re.compile(r"(/(?:heartbeat|a|hooks/jira|hooks/flagger|on-call|invite|reset|pictures)/)[^/\s\"'?&]{16,}"), rf"\g<1>{MASK}"),
    (re.compile(r"(?i)\b((?:Bearer|GenieKey|Basic|Token)\s+)[^\s\"',;]{8,}"), rf"\g<1>{MASK}"),
    (re.compile(r"\b(portal_[0-9a-f]{8})_[A-Za-z0-9_-]{20,}"), rf"\g<1>_{MASK}"),
    (re.compile(r"(?i)\b((?:ticket|token|key|password|secret|routing_key|code)=)[^&\s\"']+"), rf"\g<1>{MASK}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://[^:/@\s]*:)[^@/\s]+(@)"), rf"\g<1>{MASK}\g<2>"),
)
SECRET_NAMES = re.compile(r"(?i)(password|secret|token|authorization|cookie|api_?key|vault|ticket)")


def mask(text: str) -> str:
    """`text` without what proves anybody's identity."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def masked(value: Any, name: str = "") -> Any:
    """A log value at any depth, masked by its name or by how it looks."""
    if name and value and not isinstance(value, dict | list | tuple | bool | int) and SECRET_NAMES.search(name):
        return MASK
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: masked(part, str(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part) for part in value]
    return value


def mask_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step before a line is written."""
    return {key: masked(value, key) for key, value in event.items()}


def say_plainly(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """A readable line: time, level where it matters, what, then the facts."""
    level, stamp = event.pop("level", "info"), str(event.pop("timestamp", ""))[11:19]
    text, trace = event.pop("event", ""), event.pop("exception", "")
    for name in ("logger", "request_id", "ip", "user_id", "user_agent", "correlation_id"):
        event.pop(name, None)
    facts = " ".join(f"{key}={value}" for key, value in event.items())
    line = f"{stamp} {'' if level == 'info' else level + ': '}{text}{'  ' + facts if facts else ''}"
    return f"{line}\n{trace}" if trace else line


AS_JSON = os.environ.get("LOG_FORMAT", "").strip() == "json"
COMMON: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]
LAST: list[Any] = [structlog.processors.JSONRenderer(ensure_ascii=False, default=str)] if AS_JSON else [say_plainly]

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *COMMON, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": COMMON,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_event, *LAST],
        }
    },
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["lines"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Every request as a line is for machines; on a terminal the warnings of django.request suffice.
        "django_structlog": {"level": "INFO" if AS_JSON else "ERROR"},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "celery": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
    },
}
