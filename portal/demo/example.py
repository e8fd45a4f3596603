"""The worked example (`manual.md §9`), in both languages; names and figures are the manual's, the words are ours."""

from datetime import UTC, date, datetime
from typing import Any

Words = dict[str, str]


def at(hour: int, minute: int, day: int = 15) -> datetime:
    """A time of that day, in UTC."""
    return datetime(2024, 1, day, hour, minute, tzinfo=UTC)


def both(en: str, zh: str) -> Words:
    """One text in both languages."""
    return {"en": en, "zh-hans": zh}


# user name: (name, roles, teams that they lead)
PEOPLE: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "john.doe": ("John Doe", ("commander", "communicator"), ()),
    "jane.smith": ("Jane Smith", ("commander",), ("security",)),
    "alex.johnson": ("Alex Johnson", ("responder",), ("application",)),
    "sam.wilson": ("Sam Wilson", ("responder",), ("operations",)),
    "maria.garcia": ("Maria Garcia", ("responder",), ("database",)),
}
TITLE = both("Agent coordination failed: API errors for most users", "智能体协调失败：大多数用户遇到 API 错误")
SUMMARY = both(
    "Release 5.1 brought a memory leak into the coordinator. It was rolled back to 5.0.",
    "5.1 版本在协调器中引入了内存泄漏，已回滚到 5.0。",
)
SERVICES = {"agent-coordinator": "outage", "api-gateway": "partial"}
MILESTONES = {
    "began": at(14, 30), "detected": at(14, 32), "declared": at(14, 32), "acknowledged": at(14, 33), "confirmed": at(14, 35),
    "mitigated": at(15, 30), "resolved": at(16, 45), "closed": at(9, 0, 18),
}  # fmt: skip
NOTE, STATE = "incidents.note", "incidents.state"
# (kind, time, who, words, data)
STORY: tuple[tuple[str, datetime, str, Words | None, dict[str, Any]], ...] = (
    (NOTE, at(14, 30), "", both("Users report errors of the API.", "用户反馈 API 报错。"), {}),
    ("incidents.declared", at(14, 32), "", None, {"severity": "P1", "services": list(SERVICES), "drill": False}),
    (NOTE, at(14, 32), "", both("The error-rate alert fires.", "错误率告警触发。"), {}),
    (STATE, at(14, 35), "john.doe", both("It is real: P1, the response starts.", "确认属实：P1，启动响应。"), {"from": "declared", "to": "confirmed"}),
    (STATE, at(14, 40), "alex.johnson", both("The coordinator behaves abnormally.", "发现协调器异常。"), {"from": "confirmed", "to": "diagnosing"}),
    (STATE, at(14, 45), "sam.wilson", both("Trying a restart of the coordinator.", "尝试重启协调器。"), {"from": "diagnosing", "to": "fixing"}),
    (STATE, at(14, 55), "john.doe", both("The restart failed. We roll back.", "重启失败，决定回滚。"), {"from": "fixing", "to": "rolling_back"}),
    (NOTE, at(15, 10), "sam.wilson", both("Rolled back to 5.0.", "已回滚到 5.0。"), {}),
    (STATE, at(15, 15), "alex.johnson", both("The service is recovering.", "服务正在恢复。"), {"from": "rolling_back", "to": "verifying"}),
    (STATE, at(15, 30), "john.doe", both("Recovery confirmed.", "确认恢复。"), {"from": "verifying", "to": "watching"}),
    ("comms.update", at(16, 45), "john.doe", both("It is over: everything works again. We are sorry.", "故障已解除，服务全部恢复。非常抱歉。"),
     {"audience": "users", "promised": None}),
    (STATE, at(16, 45), "john.doe", None, {"from": "watching", "to": "resolved"}),
)  # fmt: skip
SECTIONS: dict[str, Words] = {
    "root_cause.direct": both("A memory leak in the coordinator's self-optimising logic, new in 5.1.", "5.1 新增的协调器自优化逻辑存在内存泄漏。"),
    "root_cause.root_causes": both(
        "- The module did not release what it held.\n- Load tests missed the leak.\n- Memory was not monitored finely enough.\n"
        "- The canary window was too short.",
        "- 该模块没有释放所占用的内存。\n- 负载测试没有发现泄漏。\n- 缺少细粒度的内存监控。\n- 金丝雀观察窗口过短。",
    ),
    "root_cause.contributing": both(
        "- Load in production is unlike the load in tests.\n- The coordinator handles errors poorly.\n"
        "- The thresholds for a rollback were not sensitive enough.",
        "- 生产负载与测试负载差异较大。\n- 协调器的错误处理薄弱。\n- 回滚阈值不够灵敏。",
    ),
    "impact.technical": both(
        "- The core API was away for 135 minutes.\n- No data was lost; some sessions of users were cut.\n- Performance was back to normal after the rollback.",
        "- 核心 API 不可用 135 分钟。\n- 没有数据丢失，部分用户会话中断。\n- 回滚后性能恢复正常。",
    ),
    "impact.business": both(
        "About 8,500 users (about 85 %), about USD 2,500 in SLA credits. Media attention was medium; most users were understanding.",
        "约 8,500 名用户（约 85%）受影响，SLA 赔付约 2,500 美元。媒体关注度中等，多数用户表示理解。",
    ),
    "went_well": both(
        "- Severity confirmed within 5 minutes, the team formed within 10, the rollback decided within 25 and done within 40.\n"
        "- The status page was current, users were told, inside and outside heard the same.\n- The automatic rollback worked; data was kept.",
        "- 5 分钟内确认级别，10 分钟内组建团队，25 分钟内决定回滚，40 分钟内完成回滚。\n- 状态页及时更新，用户得到通知，对内对外口径一致。\n"
        "- 自动回滚有效，数据完好。",
    ),
    "to_improve": both(
        "- No monitoring of the coordinator's memory or of the application itself; insensitive thresholds.\n"
        "- Load tests too unlike production, no long soak, no leak detection in CI.\n"
        "- Canary window too short, no rollback on business metrics, thin checks before a deployment.",
        "- 缺少协调器内存监控和应用级监控，阈值不灵敏。\n- 负载测试与生产差异大，没有长时间浸泡测试，CI 中没有泄漏检测。\n"
        "- 金丝雀窗口过短，没有基于业务指标的回滚，部署前检查不足。",
    ),
    "lessons.technical": both(
        "Memory handling matters most where resources are dynamic. New features must not be blind spots. Test like production.",
        "资源动态变化之处，内存管理最为重要。新功能不能成为盲区。测试要贴近生产。",
    ),
    "lessons.process": both(
        "When unsure, roll back rather than try fixes. Tell early and truly. Clear roles work.",
        "拿不准时，先回滚，不要反复尝试修复。尽早、如实地通报。分工明确才有效。",
    ),
    "lessons.culture": both("Blameless: every incident is a lesson, and prevention beats response.", "对事不对人：每次故障都是一次学习，预防胜于响应。"),
    "related": both("Log, monitoring archive, the fix (pull request 123), messages.", "日志、监控存档、修复（合并请求 123）、通报消息。"),
}
# (title, horizon, priority, owner, due, done when)
ACTIONS: tuple[tuple[Words, str, str, str, date, Words], ...] = (
    (both("Alert on the coordinator's memory at 80 %; leak detection in CI (devops, qa)", "协调器内存 80% 告警；CI 加入泄漏检测（devops、qa）"),
     "immediate", "high", "operations", date(2024, 1, 22),
     both("The alert has fired in a test; CI finds a leak put in on purpose", "告警经测试触发；CI 能发现人为植入的泄漏")),
    (both("Prove the fix by a load test of 24 h (backend)", "用 24 小时负载测试验证修复（backend）"),
     "immediate", "medium", "application", date(2024, 1, 22), both("Memory stays level for 24 h", "24 小时内存保持平稳")),
    (both("Make the load-test environment at least 90 % like production; canary window 30 min (qa with devops, devops)",
          "负载测试环境与生产相似度不低于 90%；金丝雀窗口 30 分钟（qa 与 devops、devops）"),
     "short", "medium", "operations", date(2024, 2, 15), both("Both are in force for the next release", "下次发布前均已生效")),
    (both("Monitor the performance of every core flow (monitoring)", "监控每个核心流程的性能（monitoring）"),
     "short", "low", "operations", date(2024, 2, 15), both("Every core flow has a dashboard and an alert", "每个核心流程都有仪表盘和告警")),
    (both("Chaos drills; rollback decisions on several metrics (sre, devops with backend)", "混沌演练；多指标回滚决策（sre、devops 与 backend）"),
     "long", "low", "operations", date(2024, 4, 15),
     both("The first drill is done; a rollback was decided by them in it", "完成首次演练，并在其中据此作出回滚决策")),
)  # fmt: skip
DRILL = both("Drill: the primary database answers slowly", "演练：主数据库响应缓慢")
DRILL_SUMMARY = both(
    "Practise: confirm it, take command, tell the war room, roll back or fix, watch.", "练习：确认、接手指挥、通报作战室、回滚或修复、稳定观察。"
)
