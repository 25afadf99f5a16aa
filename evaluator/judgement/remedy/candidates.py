"""Values to try in a field for a remedy: just beside where a rule turns, and ordinary answers.

Where that is, ``rulebook/worth`` says; here it is put in steps that can be written, nearest first.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.values import Item, Value
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.wording import show_value
from evaluator.rulebook import ast, walk, worth
from evaluator.rulebook.criteria import INDUSTRY
from evaluator.rulebook.verdict import Status

SEEDS = (Fraction(100), Fraction(1), Fraction(10000), Fraction(0))
MOST_STEPS = 2**40  # So far a score is looked for, in steps that can be written.
# Of one rule: the values at which it may turn, and whether a value is acceptable to it.
Limit = tuple[tuple[Value, ...], Callable[[Value], bool]]


class Candidates:
    """Candidate values under one ruleset and date."""

    def __init__(self, ruleset: ast.Ruleset, engine: ReferenceEngine, day: dt.date) -> None:
        self.ruleset = ruleset
        self.engine = engine
        self.day = day

    def values(
        self, rule: ast.Rule, field: Field, profile: Profile, old: Value | None
    ) -> Iterator[Value]:
        """Values at which ``rule`` may turn, nearest to ``old`` first."""
        if field.type in (FieldType.BOOL, FieldType.ENUM):
            yield from worth.choices(field)
        elif field.numeric:
            base = old if isinstance(old, Fraction) else Fraction(0)
            yield from sorted(self._numbers(rule, field, profile), key=lambda v: abs(v - base))
        elif field.type is FieldType.RECORD and not field.keys:
            yield from self._items(rule, field, profile)

    def answers(self, rule: ast.Rule, field: Field, profile: Profile) -> Iterator[Value]:
        """Values for a field that is missing: those of ``values``, and ordinary ones."""
        yield from self.values(rule, field, profile, None)
        if field.numeric:
            yield from filter(field.admits, SEEDS)
        elif field.name == INDUSTRY:
            yield worth.ORDINARY_INDUSTRY
        elif field.type is FieldType.STR and field.format is None:
            yield from (word for word, _ in worth.words(rule, field, self.ruleset))
            yield "其他"
        elif field.format == "credit_code":
            yield "91350100M000100Y43"
        elif field.type is FieldType.DATE:
            yield self.day - dt.timedelta(days=3650)

    def _numbers(self, rule: ast.Rule, field: Field, profile: Profile) -> set[Fraction]:
        step = Fraction(1) if field.type is FieldType.INT else Fraction(1, 100)
        numbers: set[Fraction] = set()
        value_of = self.engine.values(profile, self.day)
        for turn in worth.turns(rule, field, self.ruleset, value_of):
            low, high = math.floor(turn / step) * step, math.ceil(turn / step) * step
            numbers |= {low, high, low - step, high + step}
        if next(walk.named("scorecard", *rule.halves), None) is not None:
            numbers.update(crossings(rule, field, profile, step, self._settled))
        return set(filter(field.admits, numbers))

    def _settled(self, rule: ast.Rule, profile: Profile) -> bool:
        ((_, status),) = self.engine.judge((rule,), profile, self.day)
        return status not in (Status.VIOLATED, Status.UNKNOWN)

    def _items(self, rule: ast.Rule, field: Field, profile: Profile) -> Iterator[Value]:
        items = profile.values.get(field.name)
        for leaf in walk.leaves(rule.require):
            if not isinstance(leaf, ast.Each) or not isinstance(items, tuple):
                continue
            fixed: list[Item] = []
            for item in items:
                assert isinstance(item, Item)
                limit = self.engine.item_limit(leaf, item, profile, self.day)
                fixed.append(item if limit is None else Item(item.key, limit, item.unit))
            yield tuple(fixed)


def crossings(
    rule: ast.Rule,
    field: Field,
    profile: Profile,
    step: Fraction,
    good: Callable[[ast.Rule, Profile], bool],
) -> Iterator[Fraction]:
    """Where a rule that compares a score turns, above and below what is stated: a score has corners
    and steps, so that this is looked for, to the last ``step``, and not solved."""
    old = profile.values.get(field.name)
    start = old if isinstance(old, Fraction) else Fraction(0)

    def at(number: Fraction) -> bool:
        return good(rule, profile.with_value(field.name, number))

    now = at(start)
    for way in (step, -step):
        near, count = 0, 1
        while count <= MOST_STEPS and field.admits(start + way * count):
            if at(start + way * count) is not now:
                while count - near > 1:
                    middle = (near + count) // 2
                    if at(start + way * middle) is now:
                        near = middle
                    else:
                        count = middle
                yield start + way * count
                break
            near, count = count, count * 2


def nearest(field: Field, old: Value, values: Iterator[Value]) -> Iterator[Value]:
    """Of an enumeration the next step first, not the best; everything else as it comes."""
    if field.type is not FieldType.ENUM:
        return values
    order = list(field.values)
    at = order.index(str(old)) if old in order else 0
    return iter(sorted(values, key=lambda value: abs(order.index(str(value)) - at)))


def bounds(field: Field, limits: Sequence[Limit]) -> str | None:
    """What the answer has to be, in words; None where nothing definite can be said."""
    if not limits:
        return None
    tried = list(dict.fromkeys(v for values, _ in limits for v in values))
    good = [v for v in tried if all(judge(v) for _, judge in limits)]
    if not good:
        return None
    if not field.numeric:
        shown = "、".join(show_value(field, v) for v in good)
        return f"应为 {shown}" if len(good) < len(tried) else None
    numbers = sorted(v for v in tried if isinstance(v, Fraction))
    accepted = {v for v in good if isinstance(v, Fraction)}
    low, high = min(accepted), max(accepted)
    parts = []
    if any(v < low for v in numbers):
        parts.append(f"不低于 {show_value(field, low)}")
    if any(v > high for v in numbers):
        parts.append(f"不高于 {show_value(field, high)}")
    return "，".join(parts) or None
