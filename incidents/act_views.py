"""What people do on the incident page: acts, the composer, steps, declaring, breaking the glass."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import idempotency
from incidents import acts, lifecycle, page, pictures, playbook, rights, search, steps
from incidents.models import Incident, Service, Severity, Step
from lib.errors import NotFound, Refused
from lib.i18n import pick
from lib.times import offset_name

REFERENCE = r"(?i:INC|DRILL)-\d{4}-\d{3,}"


def done(request: HttpRequest, incident: Incident, said: str) -> HttpResponse:
    """The answer to an act that was carried out: the page's script refreshes what changed; without it, back to the page."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"acted": {"said": said}})})
    messages.success(request, said)
    return redirect(incident)


def refuse(request: HttpRequest, incident: Incident, refused: Refused) -> HttpResponse:
    """The answer to a press that the rules refuse."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"refused": {"said": str(refused)}})})
    messages.error(request, str(refused))
    return redirect(incident)


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """An act on an incident: its form, or with POST the act itself."""
    incident = page.find(request.user, reference)
    found = acts.ACTS.get(name)
    if found is None:
        raise NotFound(_("There is no such act."))
    if request.method == "POST":
        return run(request, incident, found)
    rights.require(request.user, found.ability, incident)
    if found.page:
        return lead_to(request, reverse(found.page, args=[incident.reference]))
    form = acts.bind(found, incident, request.user) if found.form else None
    if form:
        form.initial = {**form.initial, **{key: asked(request, key, field) for key, field in form.fields.items() if key in request.GET}}
        prefill_moment(incident, form)
    return render_act(request, incident, found, form, possible=found.available(incident, request.user))


def lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """To the act's own page, as a page even when a script asked for a form."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def asked(request: HttpRequest, key: str, field: forms.Field) -> Any:
    """What the address says for a field: all its values where several may be chosen."""
    return request.GET.getlist(key) if getattr(field.widget, "allow_multiple_selected", False) else request.GET[key]


def prefill_moment(incident: Incident, form: forms.Form) -> None:
    """A milestone's form begins at the milestone's present time, in the reader's zone."""
    moment = getattr(incident, f"{form.initial.get('name', '')}_at", None) if "name" in form.fields else None
    if moment and "at" in form.fields:
        form.initial["at"] = timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M:%S")


def run(request: HttpRequest, incident: Incident, found: acts.Act) -> HttpResponse:
    """Carry out an act with what was sent; a form with mistakes comes back as it was filled in."""
    try:
        said = idempotency.once(request, lambda: performed(request, incident, found))
    except Refused as refused:
        if found.form is None or ("note" in found.form.base_fields and not request.POST.get("from_form")):
            return refuse(request, incident, refused)
        form = acts.bind(found, incident, request.user, request.POST)
        if form.is_valid():
            form.add_error(None, str(refused))
        return render_act(request, incident, found, form, status=422)
    return done(request, incident, said)


def performed(request: HttpRequest, incident: Incident, found: acts.Act) -> str:
    """Carry out an act; says what was done."""
    besides = found.besides(incident, rights.commander_id(incident) is None)
    acts.perform(found, incident, actor=request.user, data=request.POST)
    return str(besides.told if besides else _("Done: %(act)s") % {"act": found.label})


def render_act(request: HttpRequest, incident: Incident, found: acts.Act, form: forms.Form | None, *, status: int = 200, possible: bool = True) -> HttpResponse:
    """The act's form, alone for the page's script or as a page."""
    template = "incidents/act.html#form" if request.htmx else "incidents/act.html"  # type: ignore[attr-defined]
    context = {"incident": incident, "act": found, "form": form, "possible": possible, "zone": offset_name(timezone.localtime())}
    return render(request, template, context, status=status)


@require_POST
def compose(request: HttpRequest, reference: str) -> HttpResponse:
    """The composer: a note in Markdown, or a command that begins with a slash."""
    incident = page.find(request.user, reference)
    text = request.POST.get("text", "")
    # Read before the transaction: it may be repeated, a file is read once.
    shown = [file.read(pictures.LARGEST + 1) for file in request.FILES.getlist("picture")[: pictures.MOST_AT_ONCE + 1]]
    for file in request.FILES.getlist("picture"):
        file.seek(0)
    try:
        if form := form_first(request, incident, text.strip()):
            return form
        said = idempotency.once(request, lambda: composed(request, incident, text, shown))
    except Refused as refused:
        context = {"incident": incident, "text": text, "problem": explained(refused), "may_respond": True}
        template = "incidents/_composer.html" if request.htmx else "incidents/compose.html"  # type: ignore[attr-defined]
        return render(request, template, context, status=422)
    if request.htmx:  # type: ignore[attr-defined]
        answer = render(request, "incidents/_composer.html", {"incident": incident, "may_respond": True})
        answer.headers["HX-Trigger"] = json.dumps({"acted": {"said": said}})
        return answer
    return redirect(incident)


def form_first(request: HttpRequest, incident: Incident, text: str) -> HttpResponse | None:
    """The filled form of a command that must show what goes before it is done; None for every other text. Raises Refused."""
    name, _blank, rest = text[1:].partition(" ")
    found = acts.find(name.lower()) if text.startswith("/") else None
    if found is None or not found.is_shown_first or found.parse is None:
        return None
    rights.require(request.user, found.ability, incident)
    form = acts.bind(found, incident, request.user)
    form.initial = found.parse(rest)
    answer = render_act(request, incident, found, form)
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#act-slot", "innerHTML"
    return answer


def composed(request: HttpRequest, incident: Incident, text: str, shown: list[bytes]) -> str:
    """Do what the composer says. Raises Refused."""
    if text.lstrip().startswith("/") and not text.lstrip().startswith("//"):
        if shown:
            raise Refused(_("A command takes no picture. Send the command first, then the picture."), status=422)
        return command(incident, request.user, text.strip())
    lifecycle.note(incident, text.replace("//", "/", 1) if text.startswith("//") else text, actor=request.user, source="web", shown=shown)
    return _("Noted")


def command(incident: Incident, user: Any, text: str) -> str:
    """Carry out "/severity P1 because…". Raises Refused."""
    first, _blank, rest = text[1:].partition(" ")
    name, line_break, more = first.partition("\n")
    rest = (more + " " + rest).strip() if line_break else rest
    found = acts.find(name.lower().replace("-", "_"))
    if found is None:
        raise Refused(_("There is no command “/%(name)s”. Type / to see them all, or // to begin a note with a slash.") % {"name": name[:40]}, status=422)
    if found.form and not found.parse:
        raise Refused(_("“/%(name)s” needs its form; find it under “More”.") % {"name": found.name}, status=422)
    data = found.parse(rest) if found.form and found.parse else {}
    acts.perform(found, incident, actor=user, data=data)
    return str(_("Done: %(act)s") % {"act": found.label})


def explained(refused: Refused) -> str:
    """A refusal with what is wrong in each field."""
    errors = refused.extra.get("errors") or {}
    return " ".join([str(refused), *(row["message"] for rows in errors.values() for row in rows)])


@require_POST
def step(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Tick a step, or open it again with `undo`."""
    incident = page.find(request.user, reference)
    row = get_object_or_404(Step, incident=incident, pk=pk)
    try:
        if request.POST.get("undo"):
            steps.undo(row, actor=request.user, source="web")
            said = _("Open again: %(step)s")
        else:
            steps.complete(row, actor=request.user, source="web")
            said = _("Done: %(step)s")
    except Refused as refused:
        return refuse(request, incident, refused)
    return done(request, incident, said % {"step": pick(row.title)})


class DeclareForm(forms.Form):
    """One field is enough; the rest can follow."""

    title = forms.CharField(
        label=gettext_lazy("What is wrong?"),
        max_length=200,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "placeholder": gettext_lazy("API answers 500 for everybody")}),
    )
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), required=False, choices=Severity.choices, widget=forms.RadioSelect)
    users_affected_percent = forms.DecimalField(
        label=gettext_lazy("Per cent of users hit"), required=False, min_value=0, max_value=100, max_digits=5, decimal_places=2
    )
    services = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Services hit"), required=False, queryset=Service.objects.none(), to_field_name="slug", widget=forms.CheckboxSelectMultiple
    )
    summary = forms.CharField(label=gettext_lazy("What is known"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    drill = forms.BooleanField(
        label=gettext_lazy("This is a drill"), required=False, help_text=gettext_lazy("Nothing goes outward; every message is marked EXERCISE.")
    )
    private = forms.BooleanField(label=gettext_lazy("Private"), required=False, help_text=gettext_lazy("Only people and teams you name can see it."))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["services"].queryset = Service.objects.current()  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """`/incidents/declare/`: the title is enough; the severity follows from the share of users hit, else P3."""
    rules = playbook.current()
    form = DeclareForm(request.POST or None, initial={key: request.GET[key] for key in ("title", "summary") if key in request.GET})
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(idempotency.once(request, lambda: declared(request.user, form.cleaned_data, rules)))
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "severities": rules.severities.values(), "shares": shares(rules)}
    return render(request, "incidents/declare.html", context, status=422 if form.errors else 200)


def declared(user: Any, told: dict[str, Any], rules: Any) -> str:
    """Declare what the form tells; the address of the incident. Raises Refused."""
    share = told["users_affected_percent"]
    severity = told["severity"] or (rules.suggested_severity(float(share)) if share is not None else None) or Severity.P3
    incident = lifecycle.declare(
        title=told["title"],
        severity=severity,
        actor=user,
        services=[service.slug for service in told["services"]],
        summary=told["summary"],
        users_affected_percent=share,
        private=told["private"],
        drill=told["drill"],
        source="web",
    )
    return incident.get_absolute_url()


def shares(rules: Any) -> list[dict[str, Any]]:
    """From which share of users each severity is suggested, for the page's script."""
    return [{"code": rule.code, "from": rule.share_from, "above": rule.share_is_above} for rule in rules.severities.values() if rule.share_from is not None]


@require_http_methods(["GET", "POST"])
def break_glass(request: HttpRequest, reference: str) -> HttpResponse:
    """See a private incident without being named: with *audit*, with a reason, never silently."""
    incident = search.named(reference, Incident.objects.all())
    if Incident.objects.visible_to(request.user).filter(pk=incident.pk).exists():
        return redirect(incident)
    problem = ""
    if request.method == "POST":
        try:
            lifecycle.break_glass(incident, actor=request.user, reason=request.POST.get("reason", ""), request=request)
        except Refused as refused:
            problem = str(refused)
        else:
            return redirect(incident)
    context = {"reference": incident.reference, "problem": problem}
    return render(request, "incidents/break_glass.html", context, status=422 if problem else 200)
