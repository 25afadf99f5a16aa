"""Profiles as hypothesis draws them: any value that a person can write, or a snapshot can hold."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile, make_profile, parse_dossier
from evaluator.dossier.fields import Field, FieldType, base_registry
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.values.units import fits

REGISTRY = base_registry()
A = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def _bounded(value: Fraction) -> bool:
    return fits(value)


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20)
UNITS = ("千克标准煤/吨", "千瓦时/吨", "吨标准煤/万元", "立方米/吨", "%")


def numbers(
    low: Fraction | None, high: Fraction | None, whole: bool, ratios: bool
) -> st.SearchStrategy[Fraction]:
    if whole:
        lowest = int(low) if low is not None else -(10**9)
        return st.integers(lowest, int(high) if high is not None else 10**9).map(Fraction)
    decimals = st.decimals(min_value=low, max_value=high, allow_nan=False, allow_infinity=False)
    thirds = st.fractions(min_value=low, max_value=high, max_denominator=10**9)
    exact = decimals.filter(lambda d: abs(d.adjusted()) < 25).map(Fraction)
    least = st.just(low if low is not None else Fraction(0))
    return st.one_of(exact, *([thirds] if ratios else []), least).filter(_bounded)


def value_of(field: Field, ratios: bool = False) -> st.SearchStrategy[Any]:
    amount = numbers(field.minimum, field.maximum, field.type is FieldType.INT, ratios)
    if field.numeric:
        return amount
    if field.type is FieldType.ENUM:
        return st.sampled_from(list(field.values))
    if field.type is FieldType.BOOL:
        return st.booleans()
    if field.type is FieldType.DATE:
        return st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
    if field.type is FieldType.CODES:
        code = st.text("0123456789ABC.-_=+", min_size=1, max_size=12)
        return st.lists(code, min_size=1, max_size=4, unique=True)
    if field.type is FieldType.RECORD:
        key = st.sampled_from(list(field.keys)) if field.keys else WORDS
        unit = st.none() if field.unit else st.sampled_from(UNITS)
        entry = st.fixed_dictionaries({"key": key, "value": amount, "unit": unit})
        return st.lists(
            entry, min_size=1, max_size=4, unique_by=lambda e: " ".join(e["key"].split())
        )
    if field.format:
        return st.just(
            {"credit_code": "91990000MA0DEM0138", "industry_code": "C3985"}[field.format]
        )
    return WORDS | st.sampled_from(
        [
            "=1+1",
            "=SUM(A1)",
            "+86",
            "-",
            "@x",
            "_x0041_",
            "007",
            "1e5",
            "true",
            "是",
            "'x",
            "2024-01-01",
            "a\nb",
            "a\tb",
            "60%",
            "#N/A",
            "None",
        ]
    )


@st.composite
def profiles(draw: st.DrawFn, ratios: bool = False) -> Profile:
    raw: dict[str, Any] = {}
    for field in REGISTRY.fields.values():
        if field.required or draw(st.booleans()):
            raw[field.name] = draw(value_of(field, ratios))
    found = Problems()
    profile = parse_dossier(raw, REGISTRY, lambda _: Place(SourceText("x", "")), found)
    if profile is None:
        # Only texts that are all blanks can fail here, and names of products that are.
        assert all(p.code in ("D109", "D103", "D108") for p in found), found
        return make_profile(REGISTRY, **A)
    return profile
