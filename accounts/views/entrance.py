"""Coming in: signing in, invitations, forgotten passwords, and the language one reads that in."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.views import LoginView as AllauthLoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, preferences, throttle
from accounts.forms import LoginForm, NewPasswordForm, PasswordChangeForm, ResetForm, WelcomeForm
from accounts.models import Invitation, User
from accounts.people import set_password


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class LoginView(AllauthLoginView):
    """allauth's, with our form."""

    form_class = LoginForm


login = LoginView.as_view()


@require_POST
def choose_preferences(request: HttpRequest) -> HttpResponse:
    """Language, zone, theme: kept on this device, and with the person who is signed in."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response: HttpResponse = redirect(back)
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=204, headers={"HX-Refresh": "true"})
    preferences.choose(request, response, {field: request.POST[field] for field in ("language", "time_zone", "theme") if field in request.POST})
    return response


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the invitation (link scanners follow links), POST accepts it and signs in."""
    return _come_in(request, token, Invitation.Purpose.INVITATION, WelcomeForm, "accounts/invite.html")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks for a new password, POST sets it and signs in."""
    return _come_in(request, token, Invitation.Purpose.RESET, NewPasswordForm, "accounts/reset.html")


def _come_in(request: HttpRequest, token: str, purpose: str, form_class: type[WelcomeForm], template: str) -> HttpResponse:
    invitation = invitations.find(token, purpose)
    if invitation is None:
        return render(request, "accounts/link_gone.html", status=410)
    person = invitation.person
    initial = {"name": person.name, "language": translation.get_language(), "time_zone": _zone(request, person)}
    form = form_class(request.POST if request.method == "POST" else None, person=person, initial=initial)
    if request.method == "POST" and form.is_valid():
        person = invitations.accept(token, purpose, request=request, **form.cleaned_data)
        target = "/me/" if purpose == Invitation.Purpose.INVITATION else "/"
        response = perform_password_login(request, {"username": person.username}, Login(user=person, redirect_url=target))
        preferences.choose(request, response, {field: form.cleaned_data[field] for field in ("language", "time_zone") if field in form.cleaned_data})
        return response
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form, "person": person, "inviter": invitation.invited_by, "expires_at": invitation.expires_at}, status=status)


def _zone(request: HttpRequest, person: User) -> str:
    cookie = request.COOKIES.get(preferences.ZONE_COOKIE, "")
    return preferences.time_zone(request) if cookie else person.time_zone or settings.DEFAULT_TIME_ZONE


@never_cache
@require_http_methods(["GET", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """A link for a new password by mail; the answer is the same for every name."""
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        account, _person = throttle.account_key(form.cleaned_data["login"])
        if throttle.take_link(request, account):
            invitations.ask_reset(form.cleaned_data["login"], request=request)
        return render(request, "account/password_reset.html", {"asked": True})
    return render(request, "account/password_reset.html", {"form": form})


@never_cache
@sensitive_post_parameters("old", "new")
@require_http_methods(["GET", "POST"])
def change_password(request: Any) -> HttpResponse:
    """A new password; every other session and every token of the person ends."""
    form = PasswordChangeForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        set_password(request.user, form.cleaned_data["new"], actor=request.user, keep_session=request.session.session_key or "", request=request)
        update_session_auth_hash(request, request.user)
        messages.success(request, _("Your password is changed. Other sessions and your API tokens have ended."))
        return redirect("accounts:me")
    return render(request, "account/password_change.html", {"form": form}, status=422 if form.is_bound else 200)
