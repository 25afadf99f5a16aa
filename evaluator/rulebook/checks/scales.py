"""Numbers of another size than what they are compared with, or stand beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from statistics import median
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.rulebook import ast, walk
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.criteria import Criterion, Kind
from evaluator.values.numbers import exact_text, scale_of
from evaluator.values.units import Unit

FACTOR = 1000
NEIGHBOURS = 3  # Of the same unit, before they say anything about one more.


class RoundedEquals:
    """``equals`` a criterion that is compared rounded, but written with more digits: never met."""

    code: ClassVar[str] = "E952"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            for leaf in walk.leaves(*rule.halves):
                if not isinstance(leaf, ast.Compare) or leaf.op is not ast.Op.EQUALS:
                    continue
                if isinstance(leaf.right, ast.CriterionRef):
                    yield from self._rows(rule, leaf, ruleset.criteria[leaf.right.id])

    def _rows(self, rule: ast.Rule, leaf: ast.Compare, criterion: Criterion) -> Iterator[Problem]:
        digits = criterion.rounded
        if digits is None:
            return
        rows = (row for period in criterion.periods for row in period.rows)
        finer = next((r for r in rows if scale_of(r.value) > digits), None)
        if finer is not None:
            message = (
                f"规则“{rule.id}”要求等于“{criterion.id}”的 {exact_text(finer.value)}，"
                f"而比较前修约到 {digits} 位小数，永远不会相等"
            )
            notes = (("标准在此", finer.place),)
            hint = "把标准写到修约的位数，或把 rounded 的位数加大"
            yield problem(self.code, message, leaf.place, hint, notes, subject=rule.id)


class OutOfScale:
    """A standard a thousand times above or below every other one of what it measures: 亿元 for 万元.

    Other standards are those held against the same metric or field; where there are none, those of the
    same kind of unit, if there are some.
    """

    code: ClassVar[str] = "W951"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        items = {f.key for f in ruleset.registry.fields.values() if f.key}
        sizes: dict[str, tuple[Fraction, Unit]] = {}
        for criterion in ruleset.criteria.values():
            if criterion.kind is not Kind.LIST and not items & set(criterion.by):
                size = _size(criterion)
                if size is not None:
                    sizes[criterion.id] = size
        beside = _measured_alike(ruleset)
        for id_, (own, unit) in sizes.items():
            near = [sizes[o] for o in beside.get(id_, ()) if o in sizes and o != id_]
            near = [s for s in near if s[1].same_kind(unit)]
            if not near and unit.dimension:
                near = [s for o, s in sizes.items() if o != id_ and s[1].same_kind(unit)]
                near = near if len(near) >= NEIGHBOURS else []
            if near and all(_far(own, other) for other, _ in near):
                yield self._problem(ruleset.criteria[id_], own, median(s for s, _ in near))

    def _problem(self, criterion: Criterion, size: Fraction, other: Fraction) -> Problem:
        unit = criterion.unit.name if criterion.unit else ""
        factor = criterion.unit.factor if criterion.unit else Fraction(1)
        message = (
            f"“{criterion.id}”的 {_about(size / factor)} {unit} 与同类标准（约 {_about(other / factor)} {unit}）"
            "相差千倍以上"
        )
        hint = "核对单位：元、万元与亿元，平方米、亩与公顷，千克与吨"
        return problem(self.code, message, criterion.place, hint, subject=criterion.id)


def _size(criterion: Criterion) -> tuple[Fraction, Unit] | None:
    """The middle of all its values in base units."""
    rows = [r for p in criterion.periods for r in p.rows if r.unit is not None and r.value > 0]
    if not rows or rows[0].unit is None:
        return None
    values = [r.value * r.unit.factor for r in rows if r.unit is not None]
    return median(values), rows[0].unit


def _far(a: Fraction, b: Fraction) -> bool:
    return a >= FACTOR * b or a * FACTOR <= b


def _about(value: Fraction) -> str:
    return f"{float(value):,.6g}"


def _measured_alike(ruleset: Ruleset) -> dict[str, set[str]]:
    """By criterion those that are held against the same metric or field."""
    groups: dict[str, set[str]] = {}
    for rule in ruleset.rules.values():
        for leaf in walk.leaves(*rule.halves):
            if not isinstance(leaf, ast.Compare) or not isinstance(leaf.right, ast.CriterionRef):
                continue
            left = leaf.left
            while isinstance(left, ast.Scale):
                left = left.expr
            if isinstance(left, ast.MetricRef | ast.FieldRef):
                name = left.id if isinstance(left, ast.MetricRef) else left.name
                groups.setdefault(f"{type(left).__name__}:{name}", set()).add(leaf.right.id)
    out: dict[str, set[str]] = {}
    for group in groups.values():
        for id_ in group:
            out.setdefault(id_, set()).update(group)
    return out
