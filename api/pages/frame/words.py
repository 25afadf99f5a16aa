"""Numbers, dates and labels as pages print them. Pure text; knows nothing of requests."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from api.workdays.china import CHINA
from evaluator.dossier.fields import Field
from evaluator.judgement.wording import show_value, with_unit
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import LIST_LABELS, STATUS_LABELS, VERDICT_LABELS, Verdict
from evaluator.values.numbers import shown

EFFECTS = {"reject": "否决项", "refer": "会审项", "advise": "建议项"}
LISTS = LIST_LABELS
LIGHTS = {"pass": "绿灯", "refer": "黄灯", "reject": "红灯"}
VERDICTS = {verdict.value: label for verdict, label in VERDICT_LABELS.items()}
STATUSES = {status.value: label for status, label in STATUS_LABELS.items()}
STATES = {
    "decided": "已出预审结论",
    "review": "会审中",
    "supplement": "待补正",
    "admitted": "委员会同意准入",
    "conditional": "委员会附条件准入",
    "suspended": "委员会暂缓",
    "rejected": "委员会不予准入",
    "terminated": "已终止",
}
TASK_STATES = {
    "open": "待办",
    "supplement": "待补正",
    "done": "已办结",
    "withdrawn": "已撤回",
    "lapsed": "逾期未答，不再等候",
}
TASK_LIGHTS = {"green": "正常", "yellow": "临期", "red": "逾期", "grey": "等申请人补正"}
PROMISE_LIGHTS = {"green": "绿灯", "yellow": "黄灯（接近兑现）", "red": "红灯"}
OPINIONS = {"agree": "同意", "disagree": "不同意", "supplement": "要求补正"}
ROLES = {
    "submitter": "申报",
    "committee": "预审委员会",
    "maintainer": "规则维护",
    "publisher": "规则发布",
    "auditor": "审计",
    "admin": "系统管理",
}
OUTCOMES = {
    "admit": "同意准入",
    "conditional": "附条件准入",
    "suspend": "暂缓",
    "reject": "不予准入",
    "terminate": "终止",
}
OUTCOMES_BY_STATE = {
    "admitted": "同意准入",
    "conditional": "附条件准入",
    "suspended": "暂缓",
    "rejected": "不予准入",
    "terminated": "终止",
}
# The light of a conclusion, by the project's state; it is the committee's, not the machine's.
CONCLUSION_LIGHTS = {
    "admitted": "pass",
    "conditional": "pass",
    "suspended": "refer",
    "rejected": "reject",
    "terminated": "reject",
}
# Not the years of days and document numbers: 2023-01-01, 环发〔2014〕197号, GB/T 4754-2017, 2022 年.
_NUMBER = re.compile(r"(?<![\w.〔-])(-?)(\d{4,})(\.\d+)?(?![\w.〕-]|\s*年)")
_STEPS = ((Fraction(10) ** 12, "万亿"), (Fraction(10) ** 8, "亿"), (Fraction(10) ** 4, "万"))
_TEN_THOUSANDS = {"万元": "元", "万元/年": "元/年", "万千瓦时/年": "千瓦时/年"}


def stage_title(ruleset: Ruleset, stage: str | None) -> str:
    """What a stage is called; nothing where there is none."""
    return {s.id: s.title for s in ruleset.stages}.get(stage or "", stage or "")


def verdict_word(ruleset: Ruleset, stage: str | None, verdict: str) -> str:
    """A verdict as its stage calls it: before the last a pass is no admission."""
    for at in ruleset.stages:
        if at.id == stage:
            return at.words[Verdict(verdict)]
    return VERDICTS[verdict] + (f"（{stage}）" if stage else "")


def digits(text: Any) -> str:
    """A number with thousands separators; anything else as it is."""
    if text is None:
        return ""
    return _NUMBER.sub(lambda m: f"{m[1]}{int(m[2]):,}{m[3] or ''}", str(text))


def plain_unit(unit: str | None) -> str:
    """A unit for reading; the unit 1 is not printed."""
    return "" if unit in (None, "1") else str(unit)


def amount(value: Any, unit: str | None) -> str:
    """A number text with its unit: "1,234.5 万元", "60%"; words are left alone."""
    if value is None:
        return "—"
    text, name = str(value), plain_unit(unit)
    try:
        Decimal(text)
    except InvalidOperation:
        return text
    text = digits(text)
    return f"{text}{name}" if name in ("", "%", "‰", "倍") else f"{text} {name}"


def value_text(field: Field | None, value: Any) -> str:
    """A value of the profile, with unit and separators."""
    text = show_value(field, value)
    return digits(text) if isinstance(value, (Fraction, tuple)) else text


def in_words(field: Field, value: Fraction) -> str | None:
    """A large amount read back in 万 and 亿: 12000 万元 is "1.2 亿元"; None where it says nothing."""
    unit = plain_unit(field.unit.name if field.unit else None)
    whole = _TEN_THOUSANDS.get(unit)
    number = value * 10_000 if whole else value
    for size, word in _STEPS:
        if abs(number) >= size:
            text = digits(shown(number / size, 6))
            said = f"{text} {word}{whole or unit}"
            return None if said == with_unit(digits(shown(value, 6)), field.unit) else said
    return f"{digits(shown(number, 6))} {whole}" if whole and number else None


def chinese_date(value: Any) -> str:
    """2026年11月24日, out of a date, a time or ISO text; empty for None."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = dt.date.fromisoformat(value[:10])
    if isinstance(value, dt.datetime):
        value = value.astimezone(CHINA).date()
    return f"{value.year}年{value.month}月{value.day}日"


def role_label(role: str, departments: Mapping[str, str]) -> str:
    """A role in Chinese; "department:tax" is the department."""
    kind, _, name = role.partition(":")
    return departments.get(name, name) if kind == "department" else ROLES.get(role, role)


def citation(basis: Mapping[str, Any]) -> str:
    """A legal basis and the days on which it counts: "《…》表 3，2024年1月1日起有效"."""
    start, until = basis["from"], basis["until"]
    days = f"{chinese_date(start)}起" if start else ""
    if until:
        days = f"{chinese_date(start) if start else ''}至{chinese_date(until)}"
    return f"{basis['text']}，{days}有效" if days else str(basis["text"])


def chinese_time(value: dt.datetime | str | None) -> str:
    """2026年11月24日 17:55, Beijing time."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    here = value.astimezone(CHINA)
    return f"{chinese_date(here)} {here:%H:%M}"
