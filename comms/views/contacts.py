"""One's own contact methods: add, prove by code, put first, remove."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from comms import channels, methods
from comms.models import ContactMethod
from lib.errors import NotFound, Refused


class AddForm(forms.Form):
    """A new address."""

    address = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)


@never_cache
@require_http_methods(["GET", "POST"])
def contact_list(request: Any) -> HttpResponse:
    """`/me/contact-methods/`; POST adds an address and mails a code to it."""
    form = AddForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            method = methods.add(request.user, channels.EMAIL, form.cleaned_data["address"], request=request)
        except Refused as refused:
            form.add_error("address", str(refused))
        else:
            messages.success(request, _("A code is on its way to %(address)s.") % {"address": method.address})
            return redirect("comms:contact-methods")
    context = {"form": form, "methods": ContactMethod.objects.filter(person=request.user), "account_email": request.user.email}
    return render(request, "comms/contact_methods.html", context, status=422 if form.errors else 200)


@require_POST
def contact_act(request: Any, pk: int, act: str) -> HttpResponse:
    """verify (with `code`), code, first, remove."""
    method = methods.own(request.user, pk)
    said = {
        "verify": _("%(address)s is confirmed. Messages go there from now on."),
        "code": _("A new code is on its way to %(address)s."),
        "first": _("%(address)s comes first now."),
        "remove": _("%(address)s is removed."),
    }
    if act not in said:
        raise NotFound()
    try:
        _act(request, method, act)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said[act] % {"address": method.address})
    return redirect("comms:contact-methods")


def _act(request: Any, method: ContactMethod, act: str) -> None:
    if act == "verify":
        methods.verify(method, request.POST.get("code", ""), request=request)
    elif act == "code":
        methods.send_code(method)
    elif act == "first":
        methods.put_first(method)
    else:
        methods.remove(method, actor=request.user, request=request)
