"""Stored reasons in the reader's language."""

from django import template

from comms import reasons

register = template.Library()
register.filter("reason", reasons.sentence)
