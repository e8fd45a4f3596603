"""Pages about oneself: profile, sessions, tokens."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import me, people, preferences, recent, sessions, tokens
from accounts.forms import ProfileForm, TokenForm
from accounts.models import ApiToken
from lib import clock


@never_cache
@require_http_methods(["GET", "POST"])
def profile(request: Any) -> HttpResponse:
    """The page about oneself; POST keeps the profile."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        if "email" in form.changed_data:
            # Who holds the e-mail can ask for a new password.
            return _change_email(request, form)
        return _keep_profile(request, form)
    request.user.refresh_from_db()  # the form has written into it
    return render(request, "accounts/me.html", {"form": form, "parts": me.parts(request)}, status=422 if form.is_bound else 200)


@recent.proof_required
def _change_email(request: Any, form: ProfileForm) -> HttpResponse:
    return _keep_profile(request, form)


def _keep_profile(request: Any, form: ProfileForm) -> HttpResponse:
    person = people.change(request.user, actor=request.user, request=request, **form.cleaned_data)
    response = redirect("accounts:me")
    preferences.choose(request, response, {"language": person.language, "theme": person.theme})
    messages.success(request, _("Saved."))
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def session_list(request: Any) -> HttpResponse:
    """Where one is signed in; POST ends one (`session`) or all others."""
    if request.method == "POST":
        word = request.POST.get("session", "")
        if word.isdecimal():
            ended = sessions.end(request.user, [int(word[:18])], actor=request.user, request=request)
        else:
            ended = sessions.end_others(request.user, request.session.session_key, actor=request.user, request=request)
        messages.success(request, ngettext("One session ended.", "%(count)d sessions ended.", ended) % {"count": ended})
        return redirect("accounts:sessions")
    rows = sessions.of(request.user)
    return render(
        request,
        "accounts/sessions.html",
        {"sessions": rows, "here": request.session.session_key, "others": any(row.session_key != request.session.session_key for row in rows)},
    )


@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: Any) -> HttpResponse:
    """One's own API tokens; POST makes one and shows it once."""
    if request.method == "POST":
        return _new_token(request)
    return _token_page(request, TokenForm())


@recent.proof_required
def _new_token(request: Any) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _token_page(request, form, status=422)
    data = form.cleaned_data
    token, secret = tokens.issue(data["name"], request.user, data["scopes"], days=data["days"], services=data["services"], actor=request.user, request=request)
    return _token_page(request, TokenForm(), made=token, secret=secret)


def _token_page(request: Any, form: TokenForm, status: int = 200, **more: Any) -> HttpResponse:
    now = clock.now()
    rows = ApiToken.objects.filter(user=request.user, revoked_at=None)
    context = {"form": form, "tokens": [row for row in rows if row.expires_at > now], "ended": [row for row in rows if row.expires_at <= now], **more}
    return render(request, "accounts/tokens.html", context, status=status)


@require_POST
def token_revoke(request: Any, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    token = ApiToken.objects.select_related("user").filter(pk=pk, user=request.user).first()
    if token is None:
        raise Http404
    if tokens.revoke(token, actor=request.user, request=request):
        messages.success(request, _("“%(name)s” has ended.") % {"name": token.name})
    return redirect("accounts:tokens")
