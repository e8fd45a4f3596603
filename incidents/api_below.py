"""REST: what every address below one incident shares."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import IdempotentMixin
from incidents import search
from incidents import serializers as shapes
from incidents.models import Impact, Incident, RoleAssignment
from incidents.querysets import IncidentQuerySet

BELOW = "incidents/<str:reference>/"


def with_parts(incidents: IncidentQuerySet, user: Any) -> IncidentQuerySet:
    """Everything a serialized incident needs in a constant number of queries; incidents it points to only where `user` sees them."""
    linked = incidents.select_related("acknowledged_by", "playbook").defer("playbook__content", "playbook__shipped")
    return linked.prefetch_related(
        Prefetch("impacts", Impact.objects.select_related("service")),
        Prefetch("assignments", RoleAssignment.objects.filter(until=None).select_related("person")),
        Prefetch("merged_into", Incident.objects.visible_to(user)),
        Prefetch("related_to", Incident.objects.visible_to(user)),
        "clocks__service",
    )


class IncidentAPI(GenericAPIView):
    """What every address below one incident shares: the incident as this person may see it, and where calls come from."""

    serializer_class: Any = shapes.IncidentDetailSerializer

    def get_incident(self) -> Incident:
        """The incident of the address, or NotFound for one this person may not see."""
        return search.named(self.kwargs["reference"], with_parts(Incident.objects.visible_to(self.request.user), self.request.user))

    def told(self, data: Any = None) -> dict[str, Any]:
        """The request's body, checked by this view's serializer."""
        serializer = self.get_serializer(data=self.request.data if data is None else data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def answer(self, incident: Incident, status: int = 200) -> Response:
        """The incident as it now is."""
        fresh = with_parts(Incident.objects.filter(pk=incident.pk), self.request.user).get()
        return Response(shapes.IncidentDetailSerializer(fresh).data, status=status)


def person_named(username: str | None) -> Any:
    """The active person of a user name, None for none; raises ValidationError."""
    if not username:
        return None
    person = get_user_model().objects.filter(username=username, is_active=True).first()
    if person is None:
        raise ValidationError({"person": [_("Nobody here is called “%(name)s”.") % {"name": username}]})
    return person


class Act(IdempotentMixin, IncidentAPI):
    """A POST that does one thing to an incident and answers with it."""

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Do it."""
        raise TypeError("each act says what it does")

    @extend_schema(responses=shapes.IncidentDetailSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Do it and answer with the incident as it now is."""
        incident = self.get_incident()
        self.act(incident, self.told())
        return self.answer(incident)
