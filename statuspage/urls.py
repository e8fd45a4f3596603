"""Statuspage's addresses in the console; what lies below `/status/` is served by the front door."""

from django.urls import path

from statuspage.views import posts

app_name = "statuspage"

urlpatterns = [
    path("public/", posts.post_list, name="list"),
    path("incidents/<reference:reference>/public/", posts.incident_public, name="incident"),
]
