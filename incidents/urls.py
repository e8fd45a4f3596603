"""The pages of incidents."""

from django.urls import path, register_converter

from incidents import act_views, urls_playbook, views

app_name = "incidents"


class ReferenceConverter:
    """INC-2026-007 or DRILL-2026-001, in either case."""

    regex = act_views.REFERENCE

    def to_python(self, value: str) -> str:
        """References are upper case."""
        return value.upper()

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(ReferenceConverter, "reference")

urlpatterns = [
    path("incidents/", views.incident_list, name="list"),
    path("incidents/declare/", act_views.declare, name="declare"),
    path("incidents/<reference:reference>/", views.detail, name="detail"),
    path("incidents/<reference:reference>/head/", views.head, name="head"),
    path("incidents/<reference:reference>/story/", views.story_part, name="story"),
    path("incidents/<reference:reference>/panels/<slug:name>/", views.panel, name="panel"),
    path("incidents/<reference:reference>/commands/", views.commands, name="commands"),
    path("incidents/<reference:reference>/compose/", act_views.compose, name="compose"),
    path("incidents/<reference:reference>/pictures/<str:digest>/", views.picture, name="picture"),
    path("pictures/<str:key>/", views.picture_content, name="picture-content"),
    path("incidents/<reference:reference>/acts/<slug:name>/", act_views.act, name="act"),
    path("incidents/<reference:reference>/steps/<int:pk>/", act_views.step, name="step"),
    path("incidents/<reference:reference>/break-glass/", act_views.break_glass, name="break-glass"),
    *urls_playbook.urlpatterns,
]
