"""``dossiers(ruleset)`` draws profiles whose numbers come from the ruleset's own thresholds, exactly
on them and a hair to either side, with fields missing at random; ``as_of_dates`` its days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any as Json

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.rulebook import ast, walk
from evaluator.values.industries import industries
from evaluator.values.units import ONE, Unit, fits, parse_unit
from tests.strategies.picks import PERCENT, pick, some
from tests.strategies.words import DAYS, ONE_DAY

_NEAR = (Fraction(0), Fraction(0), Fraction(1, 10**10), Fraction(-1, 10**10), Fraction(1, 3))
_PLAIN_NEAR = (Fraction(0), Fraction(0), Fraction(1, 10**4), Fraction(-1, 10**4), Fraction(1, 3))


def profile_of(raw: dict[str, Json], ruleset: ast.Ruleset) -> Profile:
    """Read raw dossier data by the ruleset's own fields; any problem is a failure of the test."""
    problems = Problems()
    profile = parse_dossier(
        raw, ruleset.registry, lambda _: Place(SourceText("t", ""), 1), problems
    )
    assert profile is not None, [p.message for p in problems]
    return profile


def _constants(expr: ast.Expr) -> Iterator[tuple[Fraction, Unit]]:
    match expr:
        case ast.Number(value=value, unit=unit):
            yield value, unit
        case ast.Scale(expr=inner):
            yield from _constants(inner)
        case ast.Arith(args=args):
            for arg in args:
                yield from _constants(arg)


def _thresholds(ruleset: ast.Ruleset) -> list[tuple[Fraction, Unit]]:
    found = [
        (row.value, row.unit or ONE)
        for criterion in ruleset.criteria.values()
        for period in criterion.periods
        for row in period.rows
    ]
    for rule in ruleset.rules.values():
        for leaf in walk.leaves(*rule.halves):
            if isinstance(leaf, ast.Compare):
                found += [*_constants(leaf.left), *_constants(leaf.right)]
    return list(dict.fromkeys(found))


def _words(ruleset: ast.Ruleset) -> dict[str, list[str]]:
    """For each text field, the words that rules and tables ask about."""
    out: dict[str, list[str]] = {}
    codes = {id_: [c for p in cr.periods for c in p.codes] for id_, cr in ruleset.criteria.items()}
    for rule in ruleset.rules.values():
        for leaf in walk.leaves(*rule.halves):
            if isinstance(leaf, ast.Member):
                words = [o for o in leaf.options if isinstance(o, str)]
                out.setdefault(leaf.field, []).extend(words + codes.get(leaf.criterion or "", []))
    for criterion in ruleset.criteria.values():
        for period in criterion.periods:
            for row in period.rows:
                for dimension, keys in row.keys.items():
                    out.setdefault(dimension, []).extend(keys)
    return {k: list(dict.fromkeys(v)) for k, v in out.items()}


Value = Callable[[DrawFn], Json]


def _numbers(
    field: Field, thresholds: list[tuple[Fraction, Unit]], keys: list[str], plain: bool
) -> Value:
    unit = field.unit or ONE
    pool = [
        Fraction(0),
        Fraction(1),
        Fraction(3),
        Fraction(60),
        Fraction(10) ** (9 if plain else 25),
    ]
    pool += [Fraction(k) for k in keys if k.isdecimal()]
    for value, own in thresholds:
        pool += [value, value * 3, value * 60, value / 3]
        if own.same_kind(unit):
            pool.append(value * own.factor_to(unit))

    def number(draw: DrawFn) -> Fraction:
        value = pick(draw, pool) + pick(draw, _PLAIN_NEAR if plain else _NEAR)
        if field.type is FieldType.INT:
            value = Fraction(round(value))
        if field.minimum is not None:
            value = max(value, field.minimum)
        value = Fraction(min(value, field.maximum) if field.maximum is not None else value)
        return value if fits(value) else Fraction(round(value) % 10**20)

    return number


def _industry(words: list[str]) -> Value:
    """Valid codes of two to four digits, most of them under a prefix that is asked about."""
    letters = {w[:1]: w for w in words if w[:1].isalpha() and w[0] in "ABCDEFGHIJKLMNOPQRST"}
    fill = {"A": "01", "B": "06", "C": "39", "I": "65"}
    stems = [w for w in words if len(w) >= 3 and w[0] in letters] + [
        k + fill[k] for k in letters if k in fill
    ]
    stems += ["C39", "C26"]
    drawn = (stem + more for stem in stems for more in ("", "8", "85", "1", "14", "9", "90"))
    codes = sorted({code[:5] for code in drawn} & industries().keys())
    return lambda draw: pick(draw, codes)


def _field(
    field: Field, thresholds: list[tuple[Fraction, Unit]], words: dict[str, list[str]], plain: bool
) -> Value:
    asked = words.get(field.name, [])
    if field.numeric:
        return _numbers(field, thresholds, asked, plain)
    match field.type:
        case FieldType.BOOL:
            return lambda draw: draw(st.booleans())
        case FieldType.ENUM:
            values = list(field.values)
            return lambda draw: pick(draw, values)
        case FieldType.DATE:
            return lambda draw: draw(st.dates(dt.date(2010, 1, 1), dt.date(2026, 12, 31)))
        case FieldType.CODES:
            codes = [*asked, "356201", "C3985", "9", "26"]
            return lambda draw: some(draw, codes, 3)
        case FieldType.RECORD:
            return _record(field, thresholds, words)
        case _ if field.format == "industry_code":
            return _industry(asked)
        case _ if field.format == "credit_code":
            return lambda _: "91990000MA0DEM0138"
        case _:
            return lambda draw: pick(draw, [*asked, "东片区", "西片区"])


def _record(
    field: Field, thresholds: list[tuple[Fraction, Unit]], words: dict[str, list[str]]
) -> Value:
    keys = list(field.keys) or [*words.get(field.key or "", []), "其他"]
    units = [u for _, u in thresholds if field.unit is None or u.same_kind(field.unit)]
    # An item of the right unit, and where the field is free one that no row can be compared with.
    units += [field.unit] if field.unit else [parse_unit("千克标准煤/吨"), parse_unit("千瓦时/吨")]

    def record(draw: DrawFn) -> list[dict[str, Json]]:
        items: list[dict[str, Json]] = []
        for key in some(draw, keys, 4):
            unit = pick(draw, units)
            pool = [v for v, u in thresholds if u == unit and v >= 0] or [Fraction(1)]
            number = pick(draw, [*pool, Fraction(0), Fraction(1, 4)])
            number += pick(draw, (Fraction(0), Fraction(0), Fraction(1, 8**4)))
            if not (fits(number) and fits(number * unit.factor_to(field.unit or unit))):
                number = Fraction(1)
            items.append({field.key or "key": key, "value": number, "unit": unit.name})
        return items

    return record


def dossiers(
    ruleset: ast.Ruleset, present: int = 80, plain: bool = False
) -> SearchStrategy[Profile]:
    """Profiles for the fields of ``ruleset``; each optional field is there in ``present`` % of draws.

    Of the fields that no file of the ruleset names, which cannot matter to it, at most three are
    there. ``plain``: numbers near a threshold have few digits.
    """
    thresholds, words = _thresholds(ruleset), _words(ruleset)
    days = as_of_dates(ruleset)
    texts = "".join(text for _, files in ruleset.layers for text in files.values())
    named, other = [], []
    for name in ruleset.registry.fields:
        (named if name in texts else other).append(name)

    @cache
    def value(name: str) -> Value:
        return _field(ruleset.registry.fields[name], thresholds, words, plain)

    # The ruleset is closed over, not an argument: Hypothesis prints arguments in full.
    @st.composite
    def dossier(draw: DrawFn) -> Profile:
        raw: dict[str, Json] = {"project_id": "T1", "project_name": "随机项目"}
        raw["submitted_on"] = draw(days)
        given = [name for name in named if draw(PERCENT) < present]
        for name in (*given, *(some(draw, other, 3) if other else ())):
            if name not in raw:
                raw[name] = value(name)(draw)
        return profile_of(raw, ruleset)

    return dossier()


def as_of_dates(ruleset: ast.Ruleset | None = None) -> SearchStrategy[dt.date]:
    """Days on, just before and just after every date the ruleset names, and some between.

    Without a ruleset: the dates that ``rulesets()`` draws from.
    """
    days: set[dt.date] = {dt.date(2021, 5, 5), dt.date(2024, 9, 2)}
    for criterion in ruleset.criteria.values() if ruleset else ():
        for p in criterion.periods:
            days.update(d for d in (p.start, p.end, p.accepted_before) if d is not None)
    for rule in ruleset.rules.values() if ruleset else ():
        days.update(d for d in (rule.start, rule.end) if d is not None)
    if ruleset is None:
        days.update(DAYS)
    near = {d + n * ONE_DAY for d in days for n in (-1, 0, 1)}
    return st.sampled_from(sorted(d for d in near if dt.date(1900, 1, 2) < d < dt.date(2200, 1, 1)))
