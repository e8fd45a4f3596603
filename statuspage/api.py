"""REST: what the public page shows, and what is said on it."""

from django.urls import URLPattern

api_urls: list[URLPattern] = []
