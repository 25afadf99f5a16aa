"""Rules against each other: the same condition twice, effects and lines that cannot matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.problems.source import Place
from evaluator.rulebook import ast, walk
from evaluator.rulebook.checks.base import (
    Key,
    condition_key,
    expr_key,
    overlap,
    problem,
)
from evaluator.rulebook.criteria import Criterion, Hit, lookup
from evaluator.rulebook.grammar.points import start_days, table_points
from evaluator.values.numbers import exact_text
from evaluator.values.units import Unit

STRENGTH = {ast.Effect.ADVISE: 0, ast.Effect.REFER: 1, ast.Effect.REJECT: 2}
WHOLE_CODE = 5  # A GB/T 4754 class: a letter and four digits.


def _same_time(a: ast.Rule, b: ast.Rule) -> bool:
    return overlap(a.start, a.end, b.start, b.end)


def _pairs(rules: list[ast.Rule]) -> Iterator[tuple[ast.Rule, ast.Rule]]:
    for i, first in enumerate(rules):
        for second in rules[i + 1 :]:
            if _same_time(first, second):
                yield first, second


def _by_key(rules: Iterable[tuple[Key, ast.Rule]]) -> list[list[ast.Rule]]:
    groups: dict[Key, list[ast.Rule]] = {}
    for key, rule in rules:
        groups.setdefault(key, []).append(rule)
    return [g for g in groups.values() if len(g) > 1]


class SameCondition:
    """Two rules that apply and require the same, with the same effect, at the same time."""

    code: ClassVar[str] = "W913"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        keyed = (
            ((r.effect, condition_key(r.applies_when), condition_key(r.require)), r)
            for r in ruleset.rules.values()
        )
        for group in _by_key(keyed):
            for first, second in _pairs(group):
                message = f"规则“{second.id}”与“{first.id}”条件相同、处置相同"
                notes = ((f"规则“{first.id}”", first.place),)
                yield problem(
                    self.code, message, second.place, "只保留一条", notes, subject=second.id
                )


class EffectWithoutForce:
    """A refer or advise rule that is breached only where a stronger rule is breached too."""

    code: ClassVar[str] = "W914"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        keyed = ((condition_key(r.require), r) for r in ruleset.rules.values())
        for group in _by_key(keyed):
            for a, b in _pairs(group):
                weak, strong = sorted((a, b), key=lambda r: STRENGTH[r.effect])
                if weak.effect is strong.effect:
                    continue
                wider = strong.applies_when is None
                if wider or condition_key(weak.applies_when) == condition_key(strong.applies_when):
                    message = (
                        f"规则“{weak.id}”（{weak.effect}）不起作用：违反它时必然违反"
                        f"“{strong.id}”（{strong.effect}）"
                    )
                    notes = ((f"规则“{strong.id}”", strong.place),)
                    yield problem(
                        self.code,
                        message,
                        weak.place,
                        "删掉一条，或改正条件",
                        notes,
                        subject=weak.id,
                    )


class AlwaysSatisfied:
    """A rule that requires what it already presupposes: it can never be breached."""

    code: ClassVar[str] = "E915"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            if rule.applies_when is None:
                continue
            presupposed = {condition_key(c) for c in _conjuncts(rule.applies_when)}
            if {condition_key(c) for c in _conjuncts(rule.require)} <= presupposed:
                message = f"规则“{rule.id}”永远符合：要求的就是适用的前提"
                yield problem(
                    self.code, message, rule.place, "改正 applies_when 或 require", subject=rule.id
                )


class NothingButAdvice:
    """No rule can refer or reject: every project passes."""

    code: ClassVar[str] = "E916"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        rules = list(ruleset.rules.values())
        if rules and all(r.effect is ast.Effect.ADVISE for r in rules):
            message = "所有规则都只是提示（advise），任何项目都会准入"
            hint = "把应当把关的规则改为 refer 或 reject"
            yield problem(self.code, message, rules[0].place, hint, subject=rules[0].id)


def _conjuncts(condition: ast.Condition) -> Iterator[ast.Condition]:
    if isinstance(condition, ast.AllOf):
        for item in condition.items:
            yield from _conjuncts(item)
    else:
        yield condition


@dataclass(frozen=True)
class _Line:
    """One threshold that a rule requires of ``key``; ``factor`` brings it to the unit of the key."""

    rule: ast.Rule
    key: Key
    lower: bool
    right: ast.CriterionRef | ast.Number
    factor: Fraction
    unit: Unit
    place: Place

    def value(
        self, ruleset: ast.Ruleset, point: dict[str, object], day: dt.date
    ) -> Fraction | None:
        if isinstance(self.right, ast.Number):
            return self.right.value * self.factor
        criterion = ruleset.criteria[self.right.id]
        hit = lookup(criterion, point, day, day, dict(self.right.keys))
        if not isinstance(hit, Hit) or hit.row.unit is None:
            return None
        return hit.row.value * hit.row.unit.factor_to(self.right.unit) * self.factor


def _lines(rule: ast.Rule) -> Iterator[_Line]:
    for leaf in _conjuncts(rule.require):
        if not isinstance(leaf, ast.Compare) or leaf.op is ast.Op.EQUALS:
            continue
        if not isinstance(leaf.right, (ast.CriterionRef, ast.Number)):
            continue
        left: ast.Expr = leaf.left
        factor = Fraction(1)
        while isinstance(left, ast.Scale):
            factor /= left.factor
            left = left.expr
        lower = leaf.op.direction > 0
        yield _Line(rule, expr_key(left), lower, leaf.right, factor, left.unit, leaf.place)


class ThresholdOrder:
    """A line that rejects and is stricter than the line that only refers (or advises).

    Only rules that apply alike are compared: the same ``applies_when``, or the rejecting one has
    none.
    """

    code: ClassVar[str] = "W917"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        groups: dict[tuple[Key, bool], list[_Line]] = {}
        for rule in ruleset.rules.values():
            for line in _lines(rule):
                groups.setdefault((line.key, line.lower), []).append(line)
        for lines in groups.values():
            for strong in lines:
                for weak in lines:
                    if self._comparable(weak.rule, strong.rule):
                        yield from self._compare(ruleset, weak, strong)

    def _comparable(self, weak: ast.Rule, strong: ast.Rule) -> bool:
        if STRENGTH[weak.effect] >= STRENGTH[strong.effect] or not _same_time(weak, strong):
            return False
        if strong.effect is not ast.Effect.REJECT:
            return False
        mine = condition_key(weak.applies_when)
        return strong.applies_when is None or mine == condition_key(strong.applies_when)

    def _compare(self, ruleset: ast.Ruleset, weak: _Line, strong: _Line) -> Iterator[Problem]:
        criteria: list[Criterion] = [
            ruleset.criteria[line.right.id]
            for line in (weak, strong)
            if isinstance(line.right, ast.CriterionRef)
        ]
        for day in start_days(criteria) or [dt.date.max]:
            for point in table_points(criteria):
                mine = weak.value(ruleset, point, day)
                theirs = strong.value(ruleset, point, day)
                if mine is None or theirs is None:
                    continue
                if theirs > mine if weak.lower else theirs < mine:
                    where = "、".join(str(v) for v in point.values()) or "全部项目"
                    where += f"，{day} 起" if criteria else ""
                    message = (
                        f"“{strong.rule.id}”的否决线 {exact_text(theirs)} 比“{weak.rule.id}”的 "
                        f"{exact_text(mine)} {strong.unit.name} 还严（{where}）"
                    )
                    notes = ((f"规则“{weak.rule.id}”", weak.place),)
                    yield problem(
                        self.code,
                        message,
                        strong.place,
                        "核对两条线，否决线应更宽",
                        notes,
                        subject=strong.rule.id,
                    )
                    return


class ShortCode:
    """An industry code that is compared as a whole although it stands for a whole branch."""

    code: ClassVar[str] = "W918"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            for leaf in walk.leaves(*rule.halves):
                if not isinstance(leaf, ast.Member) or leaf.prefix:
                    continue
                field = ruleset.registry.fields.get(leaf.field)
                if field is None or field.format != "industry_code":
                    continue
                words: tuple[object, ...] = leaf.options
                if leaf.criterion is not None:
                    periods = ruleset.criteria[leaf.criterion].periods
                    words = tuple(c for p in periods for c in p.codes)
                short = next((str(w) for w in words if len(str(w)) < WHOLE_CODE), None)
                if short:
                    message = f"“{short}”只与恰好填 {short} 的项目相等，填 {short}1 之类的对不上"
                    yield problem(
                        self.code, message, leaf.place, "改用 starts_with", subject=rule.id
                    )
