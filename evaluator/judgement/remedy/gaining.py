"""Points that one change gains where no single change reaches the line of a scorecard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.values import Value
from evaluator.judgement.remedy.changes import Change
from evaluator.judgement.remedy.standing import Standing
from evaluator.rulebook import walk, worth

MOST_DOUBLINGS = 40


def best_gain(
    standing: Standing, rule_id: str, profile: Profile, taken: frozenset[str]
) -> Change | None:
    """Of the fields not yet ``taken``, the change that gains most points for its size.

    A number goes as far as it gains anything and no further. None where the rule compares no score,
    or nothing gains.
    """
    rule = standing.rules[rule_id]
    cards = tuple(dict.fromkeys(walk.named("scorecard", *rule.halves)))
    if not cards:
        return None

    def points(name: str, value: Value) -> Fraction:
        scores = standing.engine.scores(profile.with_value(name, value), standing.day)
        return sum((s.low for s in scores if s.card.id in cards), Fraction(0))

    best: tuple[tuple[float, str], Change] | None = None
    for name in sorted(filter(standing.may_change, standing.reads[rule_id])):
        field, old = standing.fields[name], standing.profile.values[name]
        if name in taken:
            continue
        before = points(name, old)
        values = [(points(name, v), v) for v in _values(field, old)]
        most = max((p for p, _ in values), default=before)
        if most <= before:
            continue
        value = next(v for p, v in values if p == most)
        if isinstance(value, Fraction) and isinstance(old, Fraction):
            value = _least(name, old, value, _step(field), points)
        change = Change(field, old, value)
        rank = (change.cost / float(most - before), name)
        if best is None or rank < best[0]:
            best = rank, change
    return best and best[1]


def _step(field: Field) -> Fraction:
    return Fraction(1) if field.type is FieldType.INT else Fraction(1, 100)


def _values(field: Field, old: Value) -> Iterator[Value]:
    """Other values of a field, the nearest first."""
    if field.type in (FieldType.BOOL, FieldType.ENUM):
        yield from worth.choices(field)
    elif isinstance(old, Fraction):
        for power in range(MOST_DOUBLINGS):
            for way in (1, -1):
                value = old + way * _step(field) * 2**power
                if field.admits(value):
                    yield value


def _least(
    name: str,
    old: Fraction,
    far: Fraction,
    step: Fraction,
    points: Callable[[str, Value], Fraction],
) -> Fraction:
    """The value nearest to ``old`` that gives as many points as ``far``."""
    most, way = points(name, far), step if far > old else -step
    near, count = 0, int((far - old) / way)
    while count - near > 1:
        middle = (near + count) // 2
        if points(name, old + way * middle) == most:
            count = middle
        else:
            near = middle
    return old + way * count
