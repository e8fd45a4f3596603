"""The pages of services, teams and the playbook; part of `incidents.urls`."""

from django.urls import path

from incidents import views_playbook, views_services

PLAYBOOK = "settings/playbook/"
urlpatterns = [
    path("services/", views_services.service_list, name="services"),
    path("services/<slug:slug>/", views_services.service_detail, name="service"),
    path("teams/", views_services.team_list, name="teams"),
    path("teams/<slug:slug>/", views_services.team_detail, name="team"),
    path("teams/<slug:slug>/members/", views_services.team_members, name="team-members"),
    path(PLAYBOOK, views_playbook.overview, name="playbook"),
    path(f"{PLAYBOOK}diff/", views_playbook.difference, name="playbook-diff"),
    path(f"{PLAYBOOK}versions/", views_playbook.versions, name="playbook-versions"),
    path(f"{PLAYBOOK}versions/<int:number>/", views_playbook.one_version, name="playbook-version"),
    path(f"{PLAYBOOK}<slug:name>/", views_playbook.section_page, name="playbook-section"),
    path(f"{PLAYBOOK}<slug:name>/add/", views_playbook.add, name="playbook-add"),
    path(f"{PLAYBOOK}<slug:name>/items/<str:key>/", views_playbook.item, name="playbook-item"),
]
