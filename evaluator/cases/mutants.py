"""Small slips in a rulebook: every rule and every criterion value with one thing changed.

threshold   a number moved by its smallest step, up and down
strict      "at least" for "more than" and the like: what happens exactly at the threshold
flip        a comparison the wrong way round; a word condition negated
option      one word or code left out of a list
join        all for any, any for all
scope       applies_when negated, or left out
drop        the rule left out
effect      reject for refer, refer for advise and so on
points, band, step, cap: of scorecards, see ``card_mutants``
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from evaluator.cases.grain import grain
from evaluator.dossier.fields import FieldType
from evaluator.judgement.inwords import condition_words
from evaluator.judgement.wording import with_unit
from evaluator.problems.source import Place
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import PREFIX
from evaluator.rulebook.criteria import Criterion, Period, Row
from evaluator.values.numbers import shown, terminates

KINDS = {
    "threshold": "阈值移动一步",
    "strict": "恰在界限上的取舍",
    "flip": "条件反向",
    "option": "清单少一项",
    "join": "“且”与“或”互换",
    "scope": "适用范围",
    "drop": "删去规则",
    "effect": "处置",
    "points": "评分表的分数",
    "band": "评分表的分档",
    "step": "评分表的步",
    "cap": "评分表的上下限和修约",
}
CARDS = frozenset({"points", "band", "step", "cap"})  # Kinds that only scorecards have.
STRICT = {
    ast.Op.AT_LEAST: ast.Op.MORE_THAN,
    ast.Op.MORE_THAN: ast.Op.AT_LEAST,
    ast.Op.AT_MOST: ast.Op.LESS_THAN,
    ast.Op.LESS_THAN: ast.Op.AT_MOST,
}
EFFECTS = {
    ast.Effect.REJECT: (ast.Effect.REFER,),
    ast.Effect.REFER: (ast.Effect.REJECT, ast.Effect.ADVISE),
    ast.Effect.ADVISE: (ast.Effect.REFER,),
}


@dataclass(frozen=True, slots=True)
class RuleMutant:
    """One rule with one slip; ``mutant`` None is the rule left out."""

    kind: str
    rule: ast.Rule
    mutant: ast.Rule | None
    what: str
    place: Place


@dataclass(frozen=True, slots=True)
class CriterionMutant:
    """One criterion with one slip; ``row`` is the row that was moved, None for a code left out."""

    kind: str
    criterion: Criterion
    mutant: Criterion
    row: Row | None
    what: str
    place: Place


# --- rules -------------------------------------------------------------------------------------


def rule_mutants(rule: ast.Rule, ruleset: ast.Ruleset) -> Iterator[RuleMutant]:
    """Every slip in one rule."""
    for part in ("applies_when", "require"):
        condition = getattr(rule, part)
        # A card's requirements are its grades, of which ``card_mutants`` has the slips.
        if condition is None or (part == "require" and rule.list == PREFIX):
            continue
        for kind, changed, what, place in condition_slips(condition, ruleset):
            yield RuleMutant(kind, rule, _with(rule, part, changed), what, place)
    if rule.applies_when is not None:
        negated = _with(rule, "applies_when", ast.NotOf(rule.applies_when, rule.place))
        yield RuleMutant("scope", rule, negated, "适用范围取反", rule.applies_when.place)
        wide = _with(rule, "applies_when", None)
        yield RuleMutant("scope", rule, wide, "适用于一切项目", rule.applies_when.place)
    yield RuleMutant("drop", rule, None, "删去这条规则", rule.place)
    if rule.list == PREFIX:
        return
    for effect in EFFECTS[rule.effect]:
        changed_rule = dataclasses.replace(rule, effect=effect)
        yield RuleMutant("effect", rule, changed_rule, f"处置 {rule.effect} → {effect}", rule.place)


def _with(rule: ast.Rule, part: str, condition: ast.Condition | None) -> ast.Rule:
    if part == "require":
        assert condition is not None
        return dataclasses.replace(rule, require=condition)
    return dataclasses.replace(rule, applies_when=condition)


Variant = tuple[str, ast.Condition, str, Place]


def condition_slips(condition: ast.Condition, ruleset: ast.Ruleset) -> Iterator[Variant]:
    match condition:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            other = ast.AnyOf if isinstance(condition, ast.AllOf) else ast.AllOf
            words = "“且”换成“或”" if isinstance(condition, ast.AllOf) else "“或”换成“且”"
            if len(items) > 1:
                yield "join", other(items, condition.place), words, condition.place
            for i, item in enumerate(items):
                for kind, changed, what, place in condition_slips(item, ruleset):
                    parts = (*items[:i], changed, *items[i + 1 :])
                    yield kind, type(condition)(parts, condition.place), what, place
        case ast.NotOf(item=item):
            for kind, changed, what, place in condition_slips(item, ruleset):
                # "not not" is the flip of "not": one of the two is enough.
                yield (
                    kind,
                    changed.item
                    if isinstance(changed, ast.NotOf)
                    else ast.NotOf(changed, condition.place),
                    what,
                    place,
                )
        case _:
            yield from _leaves(condition, ruleset)


def _leaves(leaf: ast.Leaf, ruleset: ast.Ruleset) -> Iterator[Variant]:
    words = condition_words(leaf, ruleset)
    match leaf:
        case ast.Compare(op=op) | ast.Each(op=op):
            if isinstance(leaf, ast.Compare) and isinstance(leaf.right, ast.Number):
                for value in moved(leaf.right.value, smallest_step(leaf, ruleset)):
                    right = dataclasses.replace(leaf.right, value=value)
                    changed: ast.Leaf = dataclasses.replace(leaf, right=right)
                    yield "threshold", changed, f"“{words}”的界限改为 {shown(value, 9)}", leaf.place
            if op is ast.Op.EQUALS:
                yield "flip", ast.NotOf(leaf, leaf.place), f"“{words}”取反", leaf.place
                return
            for kind, slip in (("strict", STRICT[op]), ("flip", op.mirrored)):
                changed = dataclasses.replace(leaf, op=slip)
                yield (
                    kind,
                    changed,
                    f"“{words}”改为“{condition_words(changed, ruleset)}”",
                    leaf.place,
                )
        case ast.Member(options=options):
            yield "flip", ast.NotOf(leaf, leaf.place), f"“{words}”取反", leaf.place
            for option in options if len(options) > 1 else ():
                fewer = tuple(o for o in options if o != option)
                changed = dataclasses.replace(leaf, options=fewer)
                yield "option", changed, f"“{words}”少了 {option}", leaf.place
        case _:
            yield "flip", ast.NotOf(leaf, leaf.place), f"“{words}”取反", leaf.place


def smallest_step(leaf: ast.Compare, ruleset: ast.Ruleset) -> Fraction:
    """The smallest step that tells: of the metric's digits, of a score's grain, one for a count."""
    left = walk.unscaled(leaf.left)
    if isinstance(left, ast.ScoreRef):
        return grain(ruleset.scorecards[left.card]) or Fraction(1, 100)
    if isinstance(left, ast.MetricRef):
        return Fraction(1, 10 ** ruleset.metrics[left.id].digits)
    if (
        isinstance(left, ast.FieldRef)
        and ruleset.registry.references[left.name].type is FieldType.INT
    ):
        return Fraction(1)
    return Fraction(1, 100)


def moved(value: Fraction, step: Fraction) -> tuple[Fraction, Fraction]:
    """One step up and down; a value written finer than the step moves by its own last digit."""
    while terminates(value) and (value / step).denominator != 1 and step > Fraction(1, 10**12):
        step /= 10
    return value + step, value - step


# --- criteria ----------------------------------------------------------------------------------


def criterion_mutants(criterion: Criterion, step: Fraction) -> Iterator[CriterionMutant]:
    """Every row moved by ``step`` up and down, wherever it stands; every code left out."""
    done: set[int] = set()
    for number, period in enumerate(criterion.periods):
        for row in period.rows:
            if id(row) in done:
                continue
            done.add(id(row))
            for value in moved(row.value, step):
                name = f"{row.title()}：" if row.keys else ""
                old, new = (with_unit(shown(v, 9), row.unit) for v in (row.value, value))
                yield CriterionMutant(
                    "threshold",
                    criterion,
                    _row_moved(criterion, row, value),
                    row,
                    f"{name}{old} 改为 {new}",
                    row.place,
                )
        for code in period.codes if len(period.codes) > 1 else ():
            codes = tuple(c for c in period.codes if c != code)
            yield CriterionMutant(
                "option",
                criterion,
                _replaced(criterion, number, dataclasses.replace(period, codes=codes)),
                None,
                f"清单少了 {code}",
                period.place,
            )


def _row_moved(criterion: Criterion, row: Row, value: Fraction) -> Criterion:
    """A row may stand in several periods, where others of its table begin on days of their own."""
    slipped = dataclasses.replace(row, value=value)
    periods = tuple(
        dataclasses.replace(p, rows=tuple(slipped if r is row else r for r in p.rows))
        if any(r is row for r in p.rows)
        else p
        for p in criterion.periods
    )
    return dataclasses.replace(criterion, periods=periods)


def _replaced(criterion: Criterion, number: int, period: Period) -> Criterion:
    periods = (*criterion.periods[:number], period, *criterion.periods[number + 1 :])
    return dataclasses.replace(criterion, periods=periods)


def with_criterion(ruleset: ast.Ruleset, criterion: Criterion) -> ast.Ruleset:
    """The ruleset with one criterion put in place of its namesake."""
    criteria = MappingProxyType({**ruleset.criteria, criterion.id: criterion})
    return dataclasses.replace(ruleset, criteria=criteria)
