"""Filters whose values come from a closed list: a misspelt one is refused, never an empty list.

Every refusal names the parameter, what was found and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.database.tables import Hit, StoredRuleset
from api.judging.judge import Judge
from api.transport.problems import ProblemError
from evaluator.judgement.result import PART_LABELS, Part
from evaluator.problems.choices import suggest, which
from evaluator.rulebook.ast import Ruleset
from evaluator.values.national_codes import INDUSTRY_SECTIONS, BadCode, industry_code

LABELS = {
    "action": "动作",
    "by": "分法",
    "department": "部门",
    "effect": "处置",
    "include": "部分",
    "industry": "行业代码",
    "list": "清单",
    "rule": "规则",
    "stage": "环节",
    "state": "状态",
    "verdict": "结论",
}
_SHOWN = 40
Named = TypeVar("Named")


def _refusal(parameter: str, word: str, hint: str, code: str = "A114") -> ProblemError:
    detail = f"没有“{word[:_SHOWN]}”这个{LABELS[parameter]}"
    entry = {"parameter": parameter, "detail": detail, "code": code, "hint": hint}
    return ProblemError(422, "请求参数有误", [entry])


def find_choice(parameter: str, word: str, known: Mapping[str, str]) -> str | None:
    """``word`` where it is one of ``known``; None for an empty one. Raises ProblemError 422."""
    if not word:
        return None
    if word not in known:
        raise _refusal(parameter, word, which(word, known))
    return word


def find_part(what: str, id_: str, parts: Mapping[str, Named]) -> Named:
    """A rule, criterion or the like by its id. Raises ProblemError 404 with a suggestion."""
    if id_ not in parts:
        raise ProblemError(404, f"没有{what}“{id_[:80]}”。{suggest(id_, parts) or ''}")
    return parts[id_]


def find_department(judge: Judge, word: str | None) -> str | None:
    """A department by name or Chinese label. Raises ProblemError 422 for an unknown one."""
    departments = judge.ruleset.registry.departments
    if word is None or word in departments:
        return word
    for name, label in departments.items():
        if label == word:
            return name
    raise _refusal("department", word, which(word, departments), "A109")


def find_stage(judge: Judge, word: str | None) -> str | None:
    """A stage by its id or title. Raises ProblemError 422 for one that the ruleset does not have."""
    if word is None:
        return None
    stages = {s.id: s.title for s in judge.ruleset.stages}
    for id_, title in stages.items():
        if word in (id_, title):
            return id_
    raise _refusal("stage", word, which(word, stages))


def find_parts(words: str | None) -> frozenset[Part] | None:
    """The parts of a result that are asked for, by name or label; None for the whole. Raises
    ProblemError 422 for an unknown one."""
    if words is None:
        return None
    labels = {part.value: label for part, label in PART_LABELS.items()}
    by_label = {label: name for name, label in labels.items()}
    found: set[Part] = set()
    for word in filter(None, map(str.strip, re.split("[,，、]", words))):
        name = by_label.get(word, word)
        if name not in labels:
            raise _refusal("include", word, which(word, labels))
        found.add(Part(name))
    return frozenset(found)


def find_past_department(
    session: Session, judge: Judge, word: str | None, column: InstrumentedAttribute[str]
) -> str | None:
    """The same; also a department that only records of earlier rulesets know, in ``column``."""
    if word and session.scalar(select(column).where(column == word).limit(1)) is not None:
        return word
    return find_department(judge, word or None)


def find_rule(session: Session, ruleset: Ruleset, word: str | None) -> str | None:
    """The id of a rule of this ruleset or of any stored one. Raises ProblemError 422."""
    if not word:
        return None
    if word in ruleset.rules or _hit(session, word) or _stored(session, word):
        return word
    hint = suggest(word, ruleset.rules)
    raise _refusal("rule", word, hint or "规则的代码见“规则”页，或 GET /api/v1/rules")


def _hit(session: Session, rule: str) -> bool:
    return session.scalar(select(Hit.rule).where(Hit.rule == rule).limit(1)) is not None


def _stored(session: Session, rule: str) -> bool:
    """Whether a stored ruleset has this rule, by its text: an old one may not load any more."""
    layers = type_coerce(StoredRuleset.layers, Text)
    query = select(StoredRuleset.layers).where(layers.contains(rule, autoescape=True))
    entry = re.compile(
        rf"""(?<![\w"'])["']?id["']?\s*:\s*["']?{re.escape(rule)}["']?\s*(?:[,}}#]|$)""", re.M
    )
    for stored in session.scalars(query):
        for _, files in stored:
            texts = (t for name, t in files.items() if _is_rules(name))
            if any(entry.search(text) for text in texts):
                return True
    return False


def _is_rules(name: str) -> bool:
    return name.startswith("rules/") and not name.endswith(".cases.yaml")


def find_industry(word: str | None) -> str | None:
    """A GB/T 4754 code or the beginning of one. Raises ProblemError 422."""
    code = (word or "").strip().upper()
    if not code:
        return None
    if len(code) > 2:
        try:
            return industry_code(code, "gbt4754_2017")
        except BadCode as error:
            raise _refusal("industry", code, error.hint) from None
    if not any(_begins(code, *section) for section in INDUSTRY_SECTIONS.items()):
        raise _refusal("industry", code, "写门类字母（A 至 T）加最多 4 位数字，如 C、C39、C3985")
    return code


def _begins(code: str, section: str, span: tuple[int, int]) -> bool:
    """Whether a code of one letter and at most one digit begins a division of this section."""
    low, high = span
    return any(f"{section}{n:02}".startswith(code) for n in range(low, high + 1))
