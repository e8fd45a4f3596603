"""Something for the public to read, written behind the acts (`manage.py shell -c`), and how it is asked for."""

import httpx

TELL = """
from incidents import lifecycle
from lib import clock
from statuspage import changes
from statuspage.models import Component, ComponentChange, Post, PostUpdate
now = clock.now()
incident = lifecycle.declare(title="inner words", severity="P1", services=["user-authentication"], actor=None)
both = lambda en, zh: {"en": en, "zh-hans": zh}
post = Post.objects.create(incident=incident, title=both("Sign-in fails", "无法登录"), impact="critical", last_number=1, created_at=now, updated_at=now)
PostUpdate.objects.create(post=post, number=1, kind="investigating", status="investigating", published_at=now,
    paragraphs=both(["We are investigating."], ["正在排查。"]), components={"user-authentication": "major_outage"})
row = Component.objects.get(service__slug="user-authentication")
ComponentChange.objects.create(component=row, state="major_outage", at=now, post=post.code)
Component.objects.filter(pk=row.pk).update(state="major_outage", since=now, updated_at=now)
changes.touch()
print(post.code)
"""
RENAME = """
from lib import clock
from statuspage import changes
from statuspage.models import PublicPage
PublicPage.objects.update_or_create(pk=1, defaults={"name": "Renamed", "updated_at": clock.now()})
changes.touch()
"""


def text(url: str) -> str:
    """What stands there; "" while nobody answers, or not with 200."""
    try:
        answer = httpx.get(url, timeout=20)
    except httpx.HTTPError:
        return ""
    return answer.text if answer.status_code == 200 else ""
