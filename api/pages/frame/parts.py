"""Which part of the guide tells of a page: the first line whose start the path has."""

from __future__ import annotations

import re

HOME = "/help"
PARTS = (
    ("/$", "user-guide"),
    ("/assess/read", "documents#在网页上"),
    ("/assess", "user-guide#一评估一个项目"),
    ("/drafts", "user-guide#一评估一个项目"),
    ("/examples", "user-guide#二看懂结论"),
    ("/decisions/[^/]+/letter", "user-guide#五委员会"),
    ("/decisions/[^/]+/opinion", "user-guide#六意见书和导出"),
    ("/decisions", "user-guide#二看懂结论"),
    ("/projects/[^/]+/(?:facts|agreement)", "user-guide#五委员会"),
    ("/projects", "user-guide#三补正和版本"),
    ("/tasks", "user-guide#四部门会审"),
    (
        "/(?:supervision|obstacles|conditions|overview|rates|appraisal|weekly|compare|consistency)",
        "user-guide#五委员会",
    ),
    ("/rules/try", "user-guide#七改规则"),
    ("/(?:rules|criteria|scorecards)/.*/edit", "maintainers#先看这里用表改一个数"),
    ("/rules", "rulebook#怎样得出结论"),
    ("/criteria", "sources"),
    ("/proposals|/publications", "maintainers#九另一个人批准发布"),
    ("/audit", "user-guide#八审计"),
    ("/accounts", "operations#账号角色密钥"),
    ("/account|/login|/logout", "user-guide"),
    ("/docs", "api"),
)
_PARTS = tuple((re.compile(start), part) for start, part in PARTS)


def part_for(path: str) -> str | None:
    """The part of the guide about a page, as "document#anchor"; None where there is none."""
    return next((part for start, part in _PARTS if start.match(path)), None)


def help_for(path: str) -> str:
    """The address of that part, or of the guide."""
    part = part_for(path)
    return f"{HOME}/{part}" if part else HOME
