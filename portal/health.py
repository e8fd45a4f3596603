"""What monitors ask: is it ready, what does it count, which version is it. (`/healthz` is answered by the front door.)

Details stay English: only monitors read them.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from accounts import tokens
from accounts.abilities import Ability
from accounts.problems import plain_problem
from incidents import word_index
from lib import heartbeats
from lib.pdf.libraries import missing, missing_font
from portal import metrics as figures
from portal.version import version as current
from statuspage import editions

Part = dict[str, Any]


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this process can serve; JSON by part either way."""
    parts = {name: look() for name, look in PARTS.items()}
    is_ready = all(part["ok"] or part.get("optional") for part in parts.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "failing", "parts": parts}, status=200 if is_ready else 503, headers={} if is_ready else {"Retry-After": "5"}
    )


def database() -> Part:
    """Answers a query."""
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True, "kind": connection.vendor, "ms": round((time.monotonic() - began) * 1000, 1)}


def migrations() -> Part:
    """The schema is this code's."""
    try:
        executor = MigrationExecutor(connection)
        missing = [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    except Error as error:
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": not missing, "missing": missing} if missing else {"ok": True}


def engine() -> Part:
    """The sweeps run."""
    try:
        age = heartbeats.age("engine")
    except Error as error:
        return {"ok": False, "detail": type(error).__name__}
    is_alive = age is not None and age <= heartbeats.SILENT_SECONDS
    return {"ok": is_alive, "seconds_since_heartbeat": None if age is None else round(age, 1)}


def broker() -> Part:
    """Redis answers. Losing it costs seconds, not work: the engine stands in, so it never makes the portal unready."""
    if not settings.REDIS_URL:
        return {"ok": True, "detail": "none; embedded", "optional": True}
    began = time.monotonic()
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5).ping()
    except redis.RedisError as error:
        return {"ok": False, "optional": True, "detail": type(error).__name__}
    return {"ok": True, "optional": True, "ms": round((time.monotonic() - began) * 1000, 1)}


def search_index() -> Part:
    """Words are found by an index; without it a search reads every row and finds the same."""
    try:
        is_there = word_index.is_there()
    except Error as error:
        connection.close()
        return {"ok": False, "optional": True, "detail": type(error).__name__}
    return {"ok": True, "optional": True} if is_there else {"ok": False, "optional": True, "detail": word_index.HELP}


def public_files() -> Part:
    """The folder of public files can be written, and what lies in it is young and what the rows say. An old page is better than none: that never unreadies."""
    folder = Path(settings.STATUS_DIR)
    place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not os.access(place, os.W_OK):
        return {"ok": False, "detail": "the folder cannot be written"}
    try:
        return {"optional": True, **editions.state()}
    except Error as error:
        return {"ok": False, "optional": True, "detail": type(error).__name__}


def pdf() -> Part:
    """PDFs can be drawn; without the library there is the print view."""
    lacking = missing() or missing_font()
    return {"ok": False, "optional": True, "detail": lacking} if lacking else {"ok": True, "optional": True}


PARTS: dict[str, Callable[[], Part]] = {
    "database": database,
    "migrations": migrations,
    "engine": engine,
    "broker": broker,
    "search_index": search_index,
    "public_files": public_files,
    "pdf": pdf,
}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts for Prometheus, for a token with the scope *read*; no session opens it."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        return plain_problem(request, 401, "A token with the scope read is needed.", headers={"WWW-Authenticate": 'Bearer realm="portal"'})
    if token.services or not tokens.allows(token, "read") or not token.user.can(Ability.SEE):
        return plain_problem(request, 403, "This token may not read the metrics.")
    return HttpResponse(generate_latest(figures.registry()), content_type=CONTENT_TYPE_LATEST)


@require_safe
@never_cache
def version(request: HttpRequest) -> JsonResponse:
    """Which code runs."""
    return JsonResponse({"version": current()})
