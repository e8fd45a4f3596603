"""REST: the steps and clocks of an incident."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import IdempotentMixin
from incidents import serializers as shapes
from incidents import steps
from incidents.api_below import BELOW, IncidentAPI
from incidents.models import Step
from lib.errors import NotFound


class Steps(IncidentAPI):
    """What must be done."""

    @extend_schema(responses=shapes.StepSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All steps of the incident, done, due and cancelled."""
        rows = Step.objects.filter(incident=self.get_incident()).select_related("done_by")
        return Response({"results": shapes.StepSerializer(rows, many=True).data, "next": None, "previous": None})


class StepAct(IdempotentMixin, IncidentAPI):
    """A POST that does one thing to a step and answers with it."""

    serializer_class = shapes.serializers.Serializer

    def act(self, step: Step) -> Step:
        """Do it."""
        raise TypeError("each act says what it does")

    @extend_schema(request=None, responses=shapes.StepSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Do it and answer with the step as it now is; a second time changes nothing."""
        step = Step.objects.filter(incident=self.get_incident(), pk=self.kwargs["pk"]).first()
        if step is None:
            raise NotFound(_("There is no such step."))
        return Response(shapes.StepSerializer(self.act(step)).data)


class StepDone(StepAct):
    """Tick a step."""

    def act(self, step: Step) -> Step:
        """Done."""
        return steps.complete(step, actor=self.request.user, source="api")


class StepUndo(StepAct):
    """Take a tick back."""

    def act(self, step: Step) -> Step:
        """Owed again by its old time; refused once the incident is over."""
        return steps.undo(step, actor=self.request.user, source="api")


class Clocks(IncidentAPI):
    """What runs."""

    @extend_schema(responses=shapes.ClockSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """RTO, RPO and watch."""
        rows = self.get_incident().clocks.all()
        return Response({"results": shapes.ClockSerializer(rows, many=True).data, "next": None, "previous": None})


steps_api_urls = [
    path(f"{BELOW}steps/", Steps.as_view(), name="incident-steps"),
    path(f"{BELOW}steps/<int:pk>/done/", StepDone.as_view(), name="incident-step-done"),
    path(f"{BELOW}steps/<int:pk>/undo/", StepUndo.as_view(), name="incident-step-undo"),
    path(f"{BELOW}clocks/", Clocks.as_view(), name="incident-clocks"),
]
