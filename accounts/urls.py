"""The addresses of this room's pages."""

from django.urls import path

from accounts.views import audit, calendars, entrance, own, people

app_name = "accounts"
urlpatterns = [
    path("accounts/preferences/", entrance.choose_preferences, name="preferences"),
    path("accounts/invite/<str:token>/", entrance.invite, name="invite"),
    path("accounts/reset/<str:token>/", entrance.reset, name="reset"),
    path("me/", own.profile, name="me"),
    path("me/sessions/", own.session_list, name="sessions"),
    path("settings/tokens/", own.token_list, name="tokens"),
    path("settings/tokens/<int:pk>/revoke/", own.token_revoke, name="token-revoke"),
    path("settings/people/", people.person_list, name="people"),
    path("settings/people/<str:username>/", people.person, name="person"),
    path("settings/people/<str:username>/<slug:act>/", people.person_act, name="person-act"),
    path("settings/calendars/", calendars.calendar_list, name="calendars"),
    path("settings/calendars/new/", calendars.calendar_new, name="calendar-new"),
    path("settings/calendars/<slug:slug>/", calendars.calendar, name="calendar"),
    path("settings/calendars/<slug:slug>/remove/", calendars.calendar_remove, name="calendar-remove"),
    path("settings/audit/", audit.trail_page, name="audit"),
]
