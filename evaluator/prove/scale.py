"""Values that look as if they were written in another unit.

300 万元/亩 beside rows of 4500 and 6000 万元/公顷 is off by the factor between 亩 and 公顷. A value is
suspicious where it is far from all of its neighbours (other rows of its table, the same row of the
periods before and after) and the factor to another unit of the same kind brings it among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from evaluator.prove.report import Answer, State
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.criteria import Criterion, Row
from evaluator.values.numbers import shown
from evaluator.values.units import Unit, atoms, parse_unit

USUAL = ("公顷", "亩", "平方米", "万元", "元", "亿元", "吨")  # The first of equal size is named.
FAR = 4  # Neighbours within a factor of four are ordinary differences of policy.


def scale_answers(ruleset: Ruleset) -> Iterator[Answer]:
    """One answer for every criterion with numbers."""
    for criterion in ruleset.criteria.values():
        suspects = list(_suspects(criterion))
        yield from suspects
        if not suspects and any(p.rows for p in criterion.periods):
            yield Answer(
                "scale", (criterion.id,), State.OK, f"标准“{criterion.title}”的数值量级一致"
            )


def other_unit(value: Fraction, low: Fraction, high: Fraction, unit: Unit | None) -> Unit | None:
    """The unit of the same kind in which ``value`` would lie in ``low``–``high``, if it is far off.

    All three numbers are of ``unit``. None for an ordinary difference.
    """
    if unit is None or value <= 0 or low <= 0 or low / FAR <= value <= high * FAR:
        return None
    for name, factor in _siblings(unit.name):
        if low <= value * factor <= high:
            return parse_unit(name)
    return None


def _suspects(criterion: Criterion) -> Iterator[Answer]:
    for number, period in enumerate(criterion.periods):
        beside = [p for i, p in enumerate(criterion.periods) if abs(i - number) == 1]
        for row in period.rows:
            near = [_value(r, row) for r in period.rows if r is not row]
            if len(near) < 2:  # A table of one or two rows says nothing; its history does.
                near = [
                    _value(r, row) for p in beside for r in p.rows if dict(r.keys) == dict(row.keys)
                ]
            known = [v for v in near if v is not None]
            unit = other_unit(row.value, min(known), max(known), row.unit) if known else None
            if unit is None or row.unit is None:
                continue
            yield Answer(
                "scale",
                (criterion.id,),
                State.ALARM,
                f"{row.place.label()}：标准“{criterion.title}”的“{row.title()}”为 {shown(row.value)} "
                f"{row.unit.name}，与其余的值相差悬殊，像是按“{unit.name}”写的",
                hint=f"若按 {unit.name}，应写 {shown(row.value * unit.factor_to(row.unit), 4)} {row.unit.name}",
            )


def _value(other: Row, row: Row) -> Fraction | None:
    """Another row's value in the unit of ``row``; None where the units differ in kind."""
    if other.unit is None or row.unit is None or not other.unit.same_kind(row.unit):
        return None
    return other.value * other.unit.factor_to(row.unit)


@lru_cache(maxsize=512)
def _siblings(name: str) -> tuple[tuple[str, Fraction], ...]:
    """Units of the same kind that differ in one part, with the factor back to ``name``."""
    unit = parse_unit(name)
    parts = name.split("/")
    out: dict[str, Fraction] = {}
    for i, part in enumerate(parts):
        for atom in (*USUAL, *atoms()):
            if atom == part or not parse_unit(atom).same_kind(parse_unit(part)):
                continue
            other = "/".join([*parts[:i], atom, *parts[i + 1 :]])
            factor = parse_unit(other).factor_to(unit)
            if factor != 1 and factor not in out.values():
                out[other] = factor
    return tuple(out.items())
