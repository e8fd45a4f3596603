"""Mails to the users: the list, one with its words and readers, sending and taking back."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.abilities import Ability
from comms import announcement_texts, announcements, letter_promises, phrases, rendering
from comms.models import Announcement
from comms.models.subscriber import LANGUAGES
from comms.public_words import LONGEST_FREE, NEXT, Words
from comms.word_list import WordsFound
from incidents import rights
from incidents.models import Incident
from incidents.search import named
from lib.errors import NotFound, Refused
from lib.keyset import page as keyset_page
from lib.times import span

ORDER = ("-created_at", "-id")
TONES = {"draft": "outline", "waiting": "warn", "sending": "warn", "sent": "good", "withdrawn": "bad", "void": "outline"}
STATES = ("investigating", "identified", "monitoring", "resolved", "correction", "withdrawn")
RECOVERIES = (1800, 3600, 7200, 14400)  # seconds from its leaving that one may choose


def _area(language: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": 4, "lang": language})


def _recoveries(kept: int) -> list[tuple[int, str]]:
    """What a letter may say of the recovery, and the time it has."""
    lengths = sorted({*RECOVERIES, kept} - {0, letter_promises.PLAYBOOKS})
    first = [(letter_promises.PLAYBOOKS, _("As the playbook promises it, while that holds")), (0, _("Say nothing of it"))]
    return [*first, *((length, _("within %(time)s of its leaving") % {"time": span(length)}) for length in lengths)]


class WordsForm(forms.Form):
    """The words of a letter."""

    state = forms.ChoiceField(label=gettext_lazy("State"))
    symptom = forms.ChoiceField(label=gettext_lazy("What users notice"), required=False)
    advice = forms.ChoiceField(label=gettext_lazy("What they can do"), required=False)
    next = forms.ChoiceField(label=gettext_lazy("Next update"))
    recovery = forms.TypedChoiceField(label=gettext_lazy("Expected recovery"), required=False, coerce=int, empty_value=str(letter_promises.PLAYBOOKS))
    free_en = forms.CharField(label=gettext_lazy("Your own words, English"), required=False, max_length=LONGEST_FREE, widget=_area("en"))
    free_zh = forms.CharField(label=gettext_lazy("Your own words, Chinese"), required=False, max_length=LONGEST_FREE, widget=_area("zh-Hans"))
    all_the_same = forms.BooleanField(label=gettext_lazy("These words may go out all the same"), required=False)

    def __init__(self, *args: Any, asks: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for group in ("state", "symptom", "advice"):
            choices = [(name, text) for name, text in phrases.choices(group) if group != "state" or name in STATES]
            self.fields[group].choices = choices if group == "state" else [("", "–"), *choices]  # type: ignore[attr-defined]
        self.fields["next"].choices = [(name, text) for name, text in phrases.choices("next") if name in NEXT]  # type: ignore[attr-defined]
        self.fields["recovery"].choices = _recoveries(self.initial.get("recovery", 0))  # type: ignore[attr-defined]
        if not asks and not self.is_bound:
            del self.fields["all_the_same"]


def _initial(row: Announcement) -> dict[str, Any]:
    words = Words.load(row.words)
    span = timedelta(seconds=row.promise_seconds) if row.promise_seconds else None
    is_last = words.state in ("resolved", "withdrawn")
    coming = next((name for name, length in NEXT.items() if length is not None and length == span), "none" if is_last else "when_known")
    free = {"free_en": words.free.get("en", ""), "free_zh": words.free.get("zh-hans", "")}
    return {"state": words.state, "symptom": words.symptom, "advice": words.advice, "next": coming, "recovery": letter_promises.chosen_recovery(row), **free}


def find(user: Any, pk: int) -> Announcement:
    """One that `user` may see. Raises NotFound."""
    row = Announcement.objects.visible_to(user).select_related("incident", "created_by", "sent_by").filter(pk=pk).first()
    if row is None:
        raise NotFound(_("There is no such message."))
    return row


def previews(row: Announcement) -> list[dict[str, Any]]:
    """As each language's readers get it."""
    found = []
    for code, label in LANGUAGES:
        with override(code):
            content = announcement_texts.content(row, code)
            found.append({"code": code, "label": label, "subject": content.subject, "text": rendering.as_text(content).replace(announcement_texts.MARK, "…")})
    return found


@require_GET
def announcement_list(request: Any) -> HttpResponse:
    """`/messages/announcements/`: the newest first."""
    found = Announcement.objects.visible_to(request.user).select_related("incident", "sent_by")
    page = keyset_page(found, order=ORDER, cursor=request.GET.get("cursor"), limit=50)
    labels = dict(phrases.choices("state"))
    for row in page.rows:
        row.tone, row.said, row.count = TONES[row.state], labels.get(row.words.get("state", ""), ""), sum(row.readers.values())
    return render(request, "comms/announcements.html", {"page": page, "may_publish": request.user.can(Ability.PUBLISH)})


@never_cache
@require_http_methods(["GET", "POST"])
def announcement(request: Any, pk: int) -> HttpResponse:
    """`/messages/announcements/<id>/`; POST keeps other words while it is a draft."""
    row, asks = find(request.user, pk), False
    may_publish = rights.may(request.user, Ability.PUBLISH, row.incident)
    form = WordsForm(request.POST, initial=_initial(row)) if request.method == "POST" else WordsForm(initial=_initial(row))
    if request.method == "POST":
        rights.require(request.user, Ability.PUBLISH, row.incident)
        if row.state != Announcement.State.DRAFT:
            messages.error(request, _("It is no draft any more."))
            return redirect("comms:announcement", pk)
        if form.is_valid():
            try:
                _keep(request, row, form.cleaned_data)
            except WordsFound as found:
                asks = True
                form.add_error("all_the_same", str(found))
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("Saved."))
                return redirect("comms:announcement", pk)
    readers = announcements.counted(row.words)
    context = {
        "announcement": row,
        "form": form if may_publish and row.state == row.State.DRAFT else None,
        "asks": asks,
        "previews": previews(row),
        "readers": [(label, readers.get(code, 0)) for code, label in LANGUAGES],
        "figures": [{**figure, "label": dict(LANGUAGES).get(figure["language"], figure["language"])} for figure in announcements.figures(row)],
        "may_publish": may_publish,
        "tone": TONES[row.state],
    }
    return render(request, "comms/announcement.html", context, status=422 if form.is_bound and form.errors else 200)


def _keep(request: Any, row: Announcement, said: dict[str, Any]) -> None:
    free = {"en": said["free_en"], "zh-hans": said["free_zh"]}
    words = Words(said["state"], said["symptom"], said["advice"], None, free, *announcements.affected(row.incident, said["state"]))
    length = NEXT[said["next"]]
    announcements.prepare(
        row.incident,
        words,
        actor=request.user,
        promise_seconds=int(length.total_seconds()) if length else None,
        recovery_seconds=int(said["recovery"]),
        all_the_same=said["all_the_same"],
        source="web",
    )


@require_POST
def announcement_new(request: Any, reference: str) -> HttpResponse:
    """The incident's open letter, made in standard words where there is none."""
    incident = named(reference, Incident.objects.visible_to(request.user))
    try:
        made = announcements.prepare(incident, actor=request.user, source="web")
    except Refused as refused:
        if refused.status in (403, 404):
            raise
        messages.error(request, str(refused))
        return redirect(incident.get_absolute_url())
    return redirect("comms:announcement", made.pk)


@require_POST
def announcement_act(request: Any, pk: int, act: str) -> HttpResponse:
    """send, undo, stop, drop."""
    row = find(request.user, pk)
    try:
        if act == "send":
            announcements.send(row, actor=request.user, source="web", request=request)
            messages.success(request, _("It leaves in a minute. Until then you can take it back."))
        elif act == "undo":
            announcements.undo(row, actor=request.user, source="web")
            messages.success(request, _("Taken back. It is a draft again."))
        elif act == "stop":
            announcements.stop(row, actor=request.user, source="web", request=request)
            messages.success(request, _("Stopped. What had left has left."))
        elif act == "drop":
            announcements.drop(row, actor=request.user)
            messages.success(request, _("The draft is dropped."))
        else:
            raise NotFound()
    except Refused as refused:
        if refused.status in (403, 404):
            raise
        messages.error(request, str(refused))
    return redirect("comms:announcement", pk)
