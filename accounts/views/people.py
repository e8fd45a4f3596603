"""Settings pages about people: who there is, what they may do, inviting and deactivating them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, people, sessions, tokens
from accounts.abilities import ABILITY_NAMES, ROLE_NAMES, ROLES
from accounts.forms import InviteForm, RightsForm
from accounts.models import User
from lib import keyset
from lib.errors import Refused

PER_PAGE = 50


@never_cache
@require_http_methods(["GET", "POST"])
def person_list(request: Any) -> HttpResponse:
    """Everybody; POST invites."""
    form = InviteForm(request.POST or None, initial={"roles": ["responder"]})
    if request.method == "POST" and form.is_valid():
        try:
            invitation, link, sent = invitations.invite(actor=request.user, request=request, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return render(request, "accounts/invited.html", {"person": invitation.person, "link": link, "sent": sent, "expires_at": invitation.expires_at})
    return _list_page(request, form)


def _list_page(request: HttpRequest, form: InviteForm) -> HttpResponse:
    rows = User.objects.all()
    query, role, shown = request.GET.get("q", "").strip()[:100], request.GET.get("role", ""), request.GET.get("status", "active")
    if query:
        rows = rows.filter(username__icontains=query) | rows.filter(name__icontains=query) | rows.filter(email__icontains=query)
    if role in ROLES:
        rows = rows.with_role(role)
    if shown in {"active", "inactive"}:
        rows = rows.filter(is_active=shown == "active")
    page = keyset.page(rows, order=("username", "pk"), cursor=request.GET.get("cursor") or None, limit=PER_PAGE)
    open_invitations = invitations.open_ones(list(page.rows))
    people_rows = [{"person": person, "roles": role_labels(person), "invitation": open_invitations.get(person.pk)} for person in page.rows]
    context = {"form": form, "page": page, "people": people_rows, "query": query, "role": role, "status": shown, "roles": ROLE_NAMES}
    return render(request, "accounts/people.html", context, status=422 if form.is_bound else 200)


def role_labels(person: User) -> list[str]:
    """The names of a person's roles and extra abilities."""
    return [str(ROLE_NAMES[role]) for role in ROLE_NAMES if role in person.roles] + [
        str(ABILITY_NAMES[word]) for word in person.extra_abilities if word in ABILITY_NAMES
    ]


@never_cache
@require_http_methods(["GET", "POST"])
def person(request: Any, username: str) -> HttpResponse:
    """One person; POST changes roles and extra abilities."""
    row = get_object_or_404(User, username=username)
    form = RightsForm(request.POST or None, initial={"roles": row.roles, "extra_abilities": row.extra_abilities})
    if request.method == "POST" and form.is_valid():
        try:
            people.change(row, actor=request.user, request=request, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved. It holds from now on."))
            return redirect("accounts:person", username=row.username)
    context = {
        "person": row,
        "form": form,
        "invitation": invitations.open_ones([row]).get(row.pk),
        "sessions": len(sessions.of(row)),
        "second_factor": people.has_second_factor(row),
        "tokens": row.api_tokens.filter(revoked_at=None).count(),
        "abilities": [ABILITY_NAMES[ability.value] for ability in sorted(row.abilities)],
    }
    return render(request, "accounts/person.html", context, status=422 if form.is_bound else 200)


@require_POST
def person_act(request: Any, username: str, act: str) -> HttpResponse:
    """Deactivate, activate, invite again, end sessions or tokens."""
    row = get_object_or_404(User, username=username)
    if act == "invite":
        invitation, link, sent = invitations.invite_again(row, actor=request.user, request=request)
        return render(request, "accounts/invited.html", {"person": row, "link": link, "sent": sent, "expires_at": invitation.expires_at, "again": True})
    if act not in ACTS:
        raise Http404
    messages.success(request, ACTS[act](request, row))
    return redirect("accounts:person", username=row.username)


def _deactivate(request: Any, row: User) -> str:
    people.deactivate(row, actor=request.user, request=request)
    return _("%(person)s is deactivated. Sessions and tokens have ended.") % {"person": row}


def _activate(request: Any, row: User) -> str:
    people.change(row, actor=request.user, request=request, is_active=True)
    return _("%(person)s can sign in again.") % {"person": row}


def _end_sessions(request: Any, row: User) -> str:
    keep = request.session.session_key if row == request.user else ""
    sessions.end_others(row, keep, actor=request.user, request=request)
    return _("The sessions of %(person)s have ended.") % {"person": row}


def _end_tokens(request: Any, row: User) -> str:
    tokens.revoke_all(row, actor=request.user, request=request)
    return _("The tokens of %(person)s have ended.") % {"person": row}


def _remove_second_factor(request: Any, row: User) -> str:
    people.remove_second_factor(row, actor=request.user, request=request)
    return _("%(person)s signs in with the password alone until a new second factor is set up.") % {"person": row}


ACTS: dict[str, Callable[[Any, User], str]] = {
    "deactivate": _deactivate,
    "activate": _activate,
    "end-sessions": _end_sessions,
    "end-tokens": _end_tokens,
    "remove-second-factor": _remove_second_factor,
}
