"""What a conclusion can be, and what it has to say: the rules of the act, over plain data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import Invalid

# The state of a project that each outcome leads to.
STATE_OF = {
    "admit": "admitted",
    "conditional": "conditional",
    "suspend": "suspended",
    "reject": "rejected",
    "terminate": "terminated",
}
ADMITTING = ("admit", "conditional")
ADMITTED = tuple(STATE_OF[o] for o in ADMITTING)
# A project that is suspended may still be supplemented; what is concluded otherwise is closed.
CONCLUDED = tuple(state for outcome, state in STATE_OF.items() if outcome != "suspend")
# Who concludes where the rulebook names no body.
BODY = "项目准入委员会"
MAX_CONDITIONS = 20


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of an admission: what is to be done, until when, and which department checks."""

    text: str
    due_on: dt.date | None
    department: str


@dataclass(frozen=True, slots=True)
class Concluding:
    """A conclusion as it is asked for.

    ``undecided``: how many findings are still unknown, typed by whoever concludes. ``silence_reason``:
    why overdue departments are not waited for. ``revision_reason``: why the conclusion before it no
    longer stands.
    """

    outcome: str
    reason: str
    authority: str | None = None
    document_number: str | None = None
    body: str | None = None
    concluded_on: dt.date | None = None
    undecided: int | None = None
    conditions: tuple[Condition, ...] = ()
    silence_reason: str | None = None
    revision_reason: str | None = None


def undecided_of(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """The findings that would count and are unknown, those that can reject first."""
    found = [
        {"rule": f["rule"], "title": f["title"], "effect": f["effect"]}
        for f in result["findings"]
        if f["status"] == "unknown" and f["effect"] in ("reject", "refer")
    ]
    return sorted(found, key=lambda f: (f["effect"] != "reject", f["rule"]))


def bodies_of(result: Mapping[str, Any]) -> tuple[str, ...]:
    """Who may conclude: the last body that the route names for sure, then those that it may name."""
    sure = [r["body"] for r in result.get("routes", ())]
    open_ = [r["body"] for r in result.get("routes_open", ())]
    return tuple(dict.fromkeys([*(sure[-1:] or [BODY]), *open_]))


def counts_undecided(outcome: str, machine: str) -> bool:
    """Whether what is still unknown has to be confirmed: not where it changes nothing."""
    return outcome in ADMITTING or (outcome == "reject" and machine != "reject")


def overrides(outcome: str, machine: str) -> bool:
    """Whether a conclusion goes against a verdict (一事一议)."""
    return (machine == "reject" and outcome in ADMITTING) or (
        machine == "pass" and outcome == "reject"
    )


def said(text: str | None) -> str | None:
    """A text without what stands around it; None for nothing."""
    return (text or "").strip() or None


def check(
    asked: Concluding,
    result: Mapping[str, Any],
    accepted: dt.date,
    today: dt.date,
    departments: Iterable[str],
) -> None:
    """Raises Invalid for what the act does not say and has to. ``departments`` may check conditions."""
    machine = str(result["verdict"])
    if not said(asked.reason):
        raise Invalid("reason", "须写明理由")
    if overrides(asked.outcome, machine):
        lacking = [
            (field, word)
            for field, word in (
                ("authority", "批准依据或批准机关"),
                ("document_number", "批准文号"),
            )
            if not said(getattr(asked, field))
        ]
        if lacking:
            words = "和".join(word for _, word in lacking)
            raise Invalid(lacking[0][0], f"与系统结论相反属一事一议，须写明{words}")
    bodies = bodies_of(result)
    if asked.body is not None and asked.body not in bodies:
        raise Invalid("body", f"审定层级是{'、'.join(bodies)}，不能由“{asked.body[:40]}”作结论")
    on = asked.concluded_on
    if on is not None and on > today:
        raise Invalid("concluded_on", "作出结论的日期不能是将来的日期")
    if on is not None and on < accepted:
        raise Invalid("concluded_on", f"作出结论的日期不能早于受理日 {accepted.isoformat()}")
    open_ = len(undecided_of(result))
    if open_ and counts_undecided(asked.outcome, machine) and asked.undecided != open_:
        raise Invalid("undecided", f"还有 {open_} 项没有判定，看过以后请输入数字 {open_} 确认")
    _conditions(asked, on or today, frozenset(departments))


def _conditions(asked: Concluding, on: dt.date, departments: frozenset[str]) -> None:
    if asked.outcome != "conditional":
        if asked.conditions:
            raise Invalid("conditions", "只有附条件准入才写条件")
        return
    if not asked.conditions:
        raise Invalid("conditions", "附条件准入须至少写明一个条件")
    if len(asked.conditions) > MAX_CONDITIONS:
        raise Invalid("conditions", f"条件不能超过 {MAX_CONDITIONS} 个")
    for n, one in enumerate(asked.conditions):
        if not said(one.text):
            raise Invalid(f"conditions/{n}/text", f"第 {n + 1} 个条件没有写内容")
        if one.due_on is None:
            raise Invalid(f"conditions/{n}/due_on", f"第 {n + 1} 个条件没有写期限")
        if one.due_on < on:
            raise Invalid(f"conditions/{n}/due_on", f"第 {n + 1} 个条件的期限早于作出结论的日期")
        if one.department not in departments:
            raise Invalid(f"conditions/{n}/department", f"第 {n + 1} 个条件没有写由哪个部门核验")
