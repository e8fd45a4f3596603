"""What is public of incidents: the list, and an incident's public side with its updates, its draft and what would go out."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import idempotency
from accounts.abilities import Ability
from comms.word_list import Hit, WordsFound
from incidents import page as incident_page
from incidents import rights
from incidents.models import Incident
from lib.errors import Refused
from lib.keyset import page
from statuspage import drafts, publishing, rules
from statuspage.forms import LANGUAGE_NAMES, PublishForm
from statuspage.models import Component, ComponentState, Draft, Post
from statuspage.outcome import outcome


@require_GET
def post_list(request: HttpRequest) -> HttpResponse:
    """`/public/`: what waits to be published, what is public now, what was."""
    waiting = Draft.objects.visible_to(request.user).select_related("incident", "edited_by").order_by("-made_at")
    posts = Post.objects.visible_to(request.user).select_related("incident").annotate(said=Count("updates"))
    context = {
        "waiting": list(waiting[:50]),
        "open": list(posts.filter(resolved_at=None, is_withdrawn=False).order_by("-created_at")[:50]),
        "page": page(posts.exclude(resolved_at=None, is_withdrawn=False), order=("-created_at", "-id"), cursor=request.GET.get("cursor"), limit=50),
        "troubled": Component.objects.filter(is_shown=True).exclude(state=ComponentState.OPERATIONAL),
    }
    return render(request, "statuspage/list.html", context)


@require_http_methods(["GET", "POST"])
def incident_public(request: HttpRequest, reference: str) -> HttpResponse:
    """`/incidents/<reference>/public/`: what the public reads, and the form of the next update. `act` is publish, save, preview, drop or look."""
    incident = incident_page.find(request.user, reference)
    if request.method == "GET":
        kind = request.GET.get("kind", "")
        initial = {"kind": kind} if kind in rules.kinds_by_code(incident) else {}
        return _render(request, incident, PublishForm(incident=incident, user=request.user, initial=initial))
    rights.require(request.user, Ability.PUBLISH, incident)
    act = request.POST.get("act", "look")
    if act == "drop":
        if drafts.drop(incident, actor=request.user, source="web"):
            messages.success(request, _("The draft is gone. What is public stays."))
        return redirect("statuspage:incident", incident.reference)
    form = PublishForm(request.POST, incident=incident, user=request.user)
    if not form.is_valid():
        return _render(request, incident, form, status=422)
    if act == "look":
        return _looked(request, incident, form)
    try:
        said = idempotency.once(request, lambda: _done(request, incident, form, act))
    except WordsFound as found:
        return _render(request, incident, form, hits=found.hits, status=409)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _render(request, incident, form, status=refused.status)
    if act == "preview":
        return redirect("statuspage:preview", incident.reference)
    messages.success(request, said)
    return redirect("statuspage:incident", incident.reference)


def _done(request: HttpRequest, incident: Incident, form: PublishForm, act: str) -> str:
    said = form.cleaned_data
    if act == "publish":
        publishing.publish(
            incident,
            form.telling(),
            actor=request.user,
            seen=said["seen"],
            all_the_same=said["all_the_same"],
            shows_reference=said["shows_reference"],
            source="web",
        )
        return _("Published. The public page follows within seconds.")
    drafts.save(incident, form.telling(), actor=request.user, seen=said["seen"])
    return _("The draft is kept. Nothing of it is public.")


def _looked(request: HttpRequest, incident: Incident, form: PublishForm) -> HttpResponse:
    """Only what would go out; for a script the fragment alone."""
    if not request.htmx:  # type: ignore[attr-defined]
        return _render(request, incident, form)
    return render(request, "statuspage/incident.html#outcome", outcome(form.telling(), form.post))


def _render(request: HttpRequest, incident: Incident, form: PublishForm, *, hits: list[Hit] | None = None, status: int = 200) -> HttpResponse:
    may_publish = rights.may(request.user, Ability.PUBLISH, incident)
    if form.is_bound:
        told = form.telling() if form.is_valid() else form.standard()
    else:
        told = drafts.told(form.draft) if form.draft else form.standard(form.initial.get("kind", ""))
    context = {
        "incident": incident,
        "post": form.post,
        "draft": form.draft,
        "updates": form.post.updates.select_related("published_by").order_by("-number") if form.post else [],
        "languages": [{"code": code, "name": name} for code, name in LANGUAGE_NAMES.items()],
        "form": form if may_publish and form.kinds else None,
        "kinds": form.kinds,
        "hits": hits or [],
        "barred": rules.barred(incident),
        "is_stale": bool(form.draft and form.draft.base_number != form.last_number),
        **(outcome(told, form.post) if form.kinds else {}),
    }
    return render(request, "statuspage/incident.html", context, status=status)
