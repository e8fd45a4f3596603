"""The page of the audit trail."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import trail
from accounts.models import AuditEntry
from lib import keyset
from lib.errors import Refused

PER_PAGE = 50


@never_cache
@require_safe
def trail_page(request: HttpRequest) -> HttpResponse:
    """Who did what, on what, from where, before and after; newest first."""
    wanted = {name: request.GET.get(name, "").strip()[:200] for name in trail.FILTERS}
    mistake = ""
    try:
        rows = trail.entries(wanted, timezone.get_current_timezone_name())
    except Refused as refusal:
        rows, mistake = AuditEntry.objects.none(), str(refusal)
    page = keyset.page(rows.select_related("actor"), order=("-seq",), cursor=request.GET.get("cursor") or None, limit=PER_PAGE)
    entries = [{"entry": entry, "changes": changes(entry)} for entry in page.rows]
    context = {"page": page, "entries": entries, "wanted": wanted, "actions": trail.actions(), "mistake": mistake, "filtered": any(wanted.values())}
    return render(request, "accounts/audit.html", context, status=400 if mistake else 200)


def changes(entry: AuditEntry) -> list[dict[str, Any]]:
    """What an entry changed, field by field."""
    before, after = entry.before or {}, entry.after or {}
    return [{"field": field, "before": _shown(before.get(field)), "after": _shown(after.get(field))} for field in sorted({*before, *after})]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else text[:399] + "…"
