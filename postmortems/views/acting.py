"""What moves a post-mortem on: review, publication inside and outside, waiver; and its action items."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import idempotency
from accounts.abilities import Ability
from incidents import rights
from lib import markup
from lib.errors import NotFound, Refused
from postmortems import actions, lifecycle, outside
from postmortems import forms as shapes
from postmortems.holding import find
from postmortems.models import ActionItem, Postmortem
from postmortems.views.answering import back
from postmortems.views.reading import dress_item


@dataclass(frozen=True)
class Press:
    """An act of this room: its button, its form, what it needs, and what carries it out."""

    label: Any
    run: Callable[..., Any]
    form: type[forms.Form] | None
    ability: Ability = Ability.RESPOND
    hint: Any = ""
    is_danger: bool = False


ACTS: dict[str, Press] = {
    "submit": Press(
        gettext_lazy("Hand in for review"),
        lambda one, said, request: lifecycle.submit(one, reviewers=said["reviewers"], actor=request.user, source="web"),
        shapes.SubmitForm,
    ),
    "approve": Press(
        gettext_lazy("Approve"),
        lambda one, said, request: lifecycle.approve(one, actor=request.user, comment=said["comment"], source="web"),
        shapes.CommentForm,
    ),
    "return": Press(
        gettext_lazy("Return to its author"),
        lambda one, said, request: lifecycle.give_back(one, actor=request.user, comment=said["comment"], source="web"),
        shapes.ReturnForm,
    ),
    "publish": Press(
        gettext_lazy("Publish inside"),
        lambda one, said, request: lifecycle.publish(one, actor=request.user, next_review_on=said["next_review_on"], request=request, source="web"),
        shapes.PublishForm,
        Ability.PUBLISH,
        gettext_lazy("Everybody who may see the incident reads it. After that each change is a new edition with a note."),
    ),
    "waive": Press(
        gettext_lazy("Do without a post-mortem"),
        lambda one, said, request: lifecycle.waive(one.incident, actor=request.user, reason=said["reason"], request=request, source="web"),
        shapes.WaiveForm,
        Ability.COMMAND,
        is_danger=True,
    ),
    "resume": Press(
        gettext_lazy("Take it up again"),
        lambda one, said, request: lifecycle.resume(one, actor=request.user, source="web"),
        None,
        Ability.COMMAND,
    ),
    "author": Press(
        gettext_lazy("Name the author"), lambda one, said, request: lifecycle.set_author(one, said["author"], actor=request.user), shapes.AuthorForm
    ),
}


def _sent(request: HttpRequest) -> Any:
    """What a form was sent with: an empty one is sent, too."""
    return request.POST if request.method == "POST" else None


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """An act's form, or with POST the act itself."""
    found, press = find(request.user, reference), ACTS.get(name)
    if press is None:
        raise NotFound(_("There is no such act."))
    rights.require(request.user, press.ability, found.incident)
    form: Any = press.form(found, _sent(request)) if press.form else None  # type: ignore[arg-type]
    if request.method == "GET" or (form is not None and not form.is_valid()):
        return _act_form(request, found, name, press, form, 200 if request.method == "GET" else 422)

    def run() -> str:
        press.run(found, form.cleaned_data if form else {}, request)
        return str(_("Done: %(act)s") % {"act": press.label})

    try:
        said = idempotency.once(request, run)
    except Refused as refused:
        if form is None:
            return back(request, found, refused=refused)
        form.add_error(None, str(refused))
        return _act_form(request, found, name, press, form, refused.status)
    return back(request, found, said)


def _act_form(request: HttpRequest, found: Postmortem, name: str, press: Press, form: Any, status: int) -> HttpResponse:
    return render(request, "postmortems/act.html", {"postmortem": found, "name": name, "act": press, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
def public(request: HttpRequest, reference: str) -> HttpResponse:
    """The redacted version: drafted, edited, previewed, checked and published."""
    found = find(request.user, reference)
    rights.require(request.user, Ability.PUBLISH, found.incident)
    if request.method == "GET":
        texts = outside.draft(found)
        form = shapes.PublicForm(found, initial={"en": texts["en"], "zh_hans": texts["zh-hans"]})
        return _public_form(request, found, form, texts)
    form = shapes.PublicForm(found, request.POST)
    if not form.is_valid():
        return _public_form(request, found, form, {}, status=422)
    texts, said = form.document(), form.cleaned_data
    if request.POST.get("act") == "preview":
        return _public_form(request, found, form, texts)

    def run() -> str:
        checks = {"is_confirmed": said["is_confirmed"], "is_insisted": said["is_insisted"]}
        outside.publish(found, texts, actor=request.user, request=request, source="web", **checks)
        where = _("The public page shows it once its incident reads as resolved there; one that was never public has no place for it.")
        return f"{_('The public version is published.')} {where}"

    try:
        done = idempotency.once(request, run)
    except Refused as refused:
        form.add_error("is_confirmed" if refused.extra.get("missing") else None, str(refused))
        return _public_form(request, found, form, texts, status=refused.status)
    return back(request, found, done)


def _public_form(request: HttpRequest, found: Postmortem, form: Any, texts: dict[str, str], *, status: int = 200) -> HttpResponse:
    context = {
        "postmortem": found,
        "form": form,
        "hits": outside.hits(found, texts) if texts else [],
        "previews": [(language, markup.render(text)) for language, text in texts.items() if text],
    }
    return render(request, "postmortems/public.html", context, status=status)


@require_http_methods(["GET", "POST"])
def action_new(request: HttpRequest, reference: str) -> HttpResponse:
    """Add an action item."""
    found = find(request.user, reference)
    rights.require(request.user, Ability.RESPOND, found.incident)
    form = shapes.ActionForm(found, _sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            idempotency.once(request, lambda: str(actions.add(found, actor=request.user, **form.told()).pk))
            return redirect(f"{found.get_absolute_url()}#actions")
        except Refused as refused:
            form.add_error(None, str(refused))
    return _item_form(request, found, None, form)


@require_http_methods(["GET", "POST"])
def action(request: HttpRequest, pk: int) -> HttpResponse:
    """One action item: its form in place of its row, or with POST the change."""
    item = actions.find(request.user, pk)
    found = item.postmortem
    if request.method == "GET" and request.GET.get("read"):
        return _item_row(request, item)
    rights.require(request.user, Ability.RESPOND, found.incident)
    form = shapes.ActionForm(found, _sent(request), item=item)
    if request.method == "POST" and form.is_valid():
        try:
            item = actions.change(item, actor=request.user, number=form.cleaned_data["number"], **form.told())
            return _item_row(request, item) if request.htmx else redirect(f"{found.get_absolute_url()}#actions")  # type: ignore[attr-defined]
        except Refused as refused:
            form.add_error(None, str(refused))
    return _item_form(request, found, item, form)


@require_POST
def action_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Done, dropped or open again."""
    item, form = actions.find(request.user, pk), shapes.SettleForm(request.POST)
    to = f"{item.postmortem.get_absolute_url()}#actions"
    try:
        if not form.is_valid():
            raise Refused(_("Something in the form is missing or wrong."), status=422)
        said = form.cleaned_data
        actions.settle(item, said["state"], actor=request.user, reason=said["reason"], number=said["number"], source="web")
    except Refused as refused:
        return back(request, to, refused=refused)
    return back(request, to, _("Noted"))


def _item_form(request: HttpRequest, found: Postmortem, item: ActionItem | None, form: Any) -> HttpResponse:
    template = "postmortems/action.html#row" if request.htmx and item is not None else "postmortems/action.html"  # type: ignore[attr-defined]
    return render(request, template, {"postmortem": found, "item": item, "form": form}, status=422 if form.errors else 200)


def _item_row(request: HttpRequest, item: ActionItem) -> HttpResponse:
    context = {"item": dress_item(item, request.user), "may_respond": rights.may(request.user, Ability.RESPOND, item.postmortem.incident)}
    return render(request, "postmortems/_action.html", context)
