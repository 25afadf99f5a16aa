"""What a person reads: messages, remedies, rounded figures, and values not yet verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import PREFIX
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.criteria import Criterion
from evaluator.rulebook.reads import criteria_of
from evaluator.values.numbers import round_half_even


class MissingMessage:
    """A rule whose breach is not explained in words."""

    code: ClassVar[str] = "W919"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            # What a card's grade says is made from the score.
            if rule.message is None and rule.list != PREFIX:
                message = f"规则“{rule.id}”没有 message，企业看不到为什么"
                hint = "写一句话，可用 {value}、{required}、{gap} 和字段名"
                yield problem(self.code, message, rule.place, hint, subject=rule.id)


class MissingRemedy:
    """A rule that rejects or refers without saying what could be done about it."""

    code: ClassVar[str] = "W920"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            if rule.remedy is None and rule.effect is not ast.Effect.ADVISE:
                message = f"规则“{rule.id}”没有 remedy，企业不知道怎样补正"
                yield problem(
                    self.code,
                    message,
                    rule.place,
                    "写能做什么；无法补正的也要写明",
                    subject=rule.id,
                )


class UnverifiedReject:
    """A rule that rejects by a value that nobody has checked against its source."""

    code: ClassVar[str] = "W921"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            if rule.effect is not ast.Effect.REJECT:
                continue
            unverified = [c for c in criteria_of(rule, ruleset).values() if _unverified(c)]
            if unverified:
                names = "、".join(f"“{c.id}”" for c in unverified)
                message = f"规则“{rule.id}”以未核对的示例值 {names} 作为不予准入的依据"
                notes = tuple((c.title, c.place) for c in unverified)
                yield problem(
                    self.code,
                    message,
                    rule.place,
                    "核对原文后把 verified 改为 true",
                    notes,
                    subject=rule.id,
                )


def _unverified(criterion: Criterion) -> bool:
    return any(
        (p.provenance is not None and p.codes and not p.provenance.verified)
        or any(not r.provenance.verified for r in p.rows)
        for p in criterion.periods
    )


class DigitsHideThreshold:
    """A metric shown with fewer decimals than its threshold has: 0.41 beside 0.405."""

    code: ClassVar[str] = "W924"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        done: set[tuple[str, str]] = set()
        for rule in ruleset.rules.values():
            for leaf in walk.leaves(*rule.halves):
                if not isinstance(leaf, ast.Compare):
                    continue
                left = walk.unscaled(leaf.left)
                if not isinstance(left, ast.MetricRef):
                    continue
                metric = ruleset.metrics[left.id]
                for value in _thresholds(leaf.right, ruleset):
                    if round_half_even(value, metric.digits) != value:
                        pair = (metric.id, rule.id)
                        if pair not in done:
                            done.add(pair)
                            message = (
                                f"指标“{metric.id}”显示 {metric.digits} 位小数，"
                                f"标准 {float(value):g} 的位数更多，显示出来看不出差别"
                            )
                            notes = (("指标在此", metric.place),)
                            hint = "把指标的 digits 改大"
                            yield problem(
                                self.code, message, leaf.place, hint, notes, subject=rule.id
                            )
                        break


def _thresholds(expr: ast.Expr, ruleset: ast.Ruleset) -> Iterator[Fraction]:
    """The values that a comparison's right side can have, each in the unit it was written in."""
    if isinstance(expr, ast.Number):
        yield expr.value
    elif isinstance(expr, ast.CriterionRef):
        for period in ruleset.criteria[expr.id].periods:
            yield from (row.value for row in period.rows)
