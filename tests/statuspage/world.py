"""One fixed snapshot: two groups, an incident that goes on, one that is over with its post-mortem, one that was withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from statuspage.snapshot import DAYS, Component, Day, Group, Incident, Page, Snapshot, Update

NOW = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)
BORN = datetime(2026, 1, 5, 8, tzinfo=UTC)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082")


def both(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh-hans": zh}


def component(
    number: int, slug: str, en: str, zh: str, group: str, *, state: str = "operational", about: tuple[str, str] = ("", ""), **values: Any
) -> Component:
    return Component(
        id=f"component{number:03d}", slug=slug, names=both(en, zh), descriptions=both(*about), group=group, position=number, state=state,
        since=values.pop("since", BORN), created_at=BORN, updated_at=values.pop("updated_at", BORN),
    )  # fmt: skip


def days(**bad: tuple[str, int]) -> tuple[Day, ...]:
    """Ninety days up to NOW's; `bad` says `d3=("partial_outage", 600)` for the day three before the last."""
    first = NOW.date() - timedelta(days=DAYS - 1)
    found = {int(name[1:]): value for name, value in bad.items()}
    return tuple(Day(first + timedelta(days=number), *found.get(DAYS - 1 - number, ("operational", 0))) for number in range(DAYS))


def update(code: str, kind: str, at: datetime, en: tuple[str, ...], zh: tuple[str, ...], *components: tuple[str, str], status: str = "") -> Update:
    said = {"en": en, "zh-hans": zh}
    return Update(id=code, kind=kind, status=status or kind, at=at, paragraphs=said, components=components, next_at=None)


def at(hour: int, minute: int, day: int = 21) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


GOING_ON = Incident(
    id="k3v9q0x7a1bz",
    names=both("Sign-in fails for some users", "部分用户无法登录"),
    reference="",
    impact="major",
    status="identified",
    created_at=at(18, 50),
    updated_at=at(19, 20),
    resolved_at=None,
    updates=(
        update(
            "update000002",
            "identified",
            at(19, 20),
            ("We know the cause and are fixing it.", "Please wait <a moment> & try again."),
            ("已找到原因，正在修复。", "请稍候重试。"),
            ("user-authentication", "partial_outage"),
        ),
        update(
            "update000001",
            "investigating",
            at(18, 50),
            ("We are investigating: signing in fails for some users.",),
            ("正在排查：部分用户无法登录。",),
            ("user-authentication", "major_outage"),
            ("api-gateway", "degraded_performance"),
        ),
    ),
    components=("api-gateway", "user-authentication"),
    is_withdrawn=False,
    postmortem=None,
    postmortem_at=None,
)
OVER = Incident(
    id="p5m2w8c4d6ef",
    names=both("Data arrives late", "数据延迟到达"),
    reference="INC-2026-0007",
    impact="critical",
    status="postmortem",
    created_at=at(2, 0, 12),
    updated_at=at(9, 0, 15),
    resolved_at=at(4, 15, 12),
    updates=(
        update("update000012", "resolved", at(4, 15, 12), ("All data has arrived.",), ("数据已全部到达。",), ("primary-database", "operational")),
        update("update000011", "correction", at(3, 0, 12), ("Correction: files are not touched.",), ("更正：文件不受影响。",), status="investigating"),
        update("update000010", "investigating", at(2, 0, 12), ("Data arrives late.",), ("数据延迟到达。",), ("primary-database", "major_outage")),
    ),
    components=("primary-database",),
    is_withdrawn=False,
    postmortem_at=at(9, 0, 15),
    postmortem=both("# What happened\n\nA disk was full.\n\n| When | What |\n|---|---|\n| 02:00 | full |\n\n<script>alert(1)</script>", "# 经过\n\n磁盘已满。"),
)
WITHDRAWN = Incident(
    id="w1t0h9d8r7aw",
    names=both("A false alarm", "误报"),
    reference="",
    impact="minor",
    status="investigating",
    created_at=at(5, 0, 10),
    updated_at=at(5, 30, 10),
    resolved_at=None,
    updates=(
        update(
            "update000021",
            "withdrawn",
            at(5, 30, 10),
            ("This was no incident. We are sorry for the noise.",),
            ("这不是故障，抱歉打扰。",),
            status="investigating",
        ),
        update("update000020", "investigating", at(5, 0, 10), ("We are investigating.",), ("正在排查。",)),
    ),
    components=(),
    is_withdrawn=True,
    postmortem=None,
    postmortem_at=None,
)
BUSY = Snapshot(
    revision=42,
    page=Page(
        name="Example & Sons", accent="#e6b800", url="https://status.example.com/", support_url="https://example.com/help", support_mail="help@example.com",
        time_zone="Asia/Shanghai", logo=PNG, logo_type="image/png", updated_at=at(19, 20),
    ),
    groups=(Group("group0core00", "core", both("Core", "核心"), 1), Group("group0data00", "data", both("Data", "数据"), 2)),
    components=(
        component(1, "api-gateway", "API gateway", "API 网关", "core", about=("What programs talk to", "程序访问的入口")),
        component(2, "user-authentication", "Sign-in", "登录", "core", state="partial_outage", since=at(19, 20), updated_at=at(19, 20)),
        component(3, "primary-database", "Database", "数据库", "data"),
        component(4, "alerting", "Alerting", "告警", ""),
    ),
    days={
        "api-gateway": days(d0=("degraded_performance", 0)),
        "user-authentication": days(d0=("major_outage", 2400), d30=("under_maintenance", 0)),
        "primary-database": days(d9=("major_outage", 8100)),
        "alerting": tuple(Day(one.date, "", 0) if number < 60 else one for number, one in enumerate(days())),
    },
    uptime={"api-gateway": Decimal(100), "user-authentication": Decimal("99.96"), "primary-database": Decimal("99.89"), "alerting": Decimal(100)},
    open=(GOING_ON,),
    past=(OVER, WITHDRAWN),
)  # fmt: skip
QUIET = replace(
    BUSY,
    page=replace(BUSY.page, logo=None, logo_type="", accent="", support_url="", support_mail=""),
    components=tuple(replace(one, state="operational") for one in BUSY.components),
    days={slug: days() for slug in BUSY.days},
    uptime=dict.fromkeys(BUSY.uptime, Decimal(100)),
    open=(),
    past=(),
)
