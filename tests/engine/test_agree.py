"""Reference and durable must give every rule the same status, on everything we have and can make."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from evaluator.cases.book import read_cases
from evaluator.dossier.dossier import Profile, make_profile
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status
from tests.draws import draws
from tests.strategies import as_of_dates, dossiers, rulesets, write_yaml
from tests.support import ROOT, profile, ruleset_of

LATER = dt.date(2026, 1, 1)


@contextmanager
def engines(ruleset: Ruleset) -> Iterator[tuple[ReferenceEngine, DurableEngine]]:
    durable = DurableEngine(ruleset)
    yield ReferenceEngine(ruleset), durable
    durable.close()


def check(
    pair: tuple[ReferenceEngine, DurableEngine], found: Profile, day: dt.date
) -> Counter[Status]:
    reference, durable = pair
    expected = dict(reference.statuses(found, day))
    assert dict(durable.statuses(found, day)) == expected, (found.values, day)
    return Counter(expected.values())


@pytest.fixture(scope="module")
def shipped() -> Iterator[tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]]]:
    ruleset = load_directory(ROOT)
    with engines(ruleset) as pair:
        yield ruleset, pair


def examples(ruleset: Ruleset) -> Iterator[Profile]:
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        root = read_yaml(path.name, path.read_text("utf-8"), Problems())
        assert isinstance(root, YMap)
        node = root.get("dossier")
        assert isinstance(node, YMap), path.name
        yield make_profile(ruleset.registry, **dict(plain(node)))  # type: ignore[call-overload]


def test_examples(shipped: tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]]) -> None:
    ruleset, pair = shipped
    met: Counter[Status] = Counter()
    for found in examples(ruleset):
        for day in (found.submitted_on, LATER, dt.date(2019, 1, 1)):
            met += check(pair, found, day)
    assert min(met[s] for s in Status) > 50  # none of the four is met by accident


def test_rule_cases(shipped: tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]]) -> None:
    ruleset, pair = shipped
    cases = read_cases(ruleset, [], ROOT)
    for case in cases.rules:
        check(pair, case.profile, case.as_of or case.profile.submitted_on)
    for whole in cases.dossiers:
        check(pair, whole.profile, whole.as_of or whole.profile.submitted_on)
    assert len(cases.rules) > 200


@draws(30, 80)
@given(st.data())
def test_shipped_rulebook_on_random_dossiers(
    shipped: tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]], data: st.DataObject
) -> None:
    ruleset, pair = shipped
    found = data.draw(dossiers(ruleset, present=data.draw(st.sampled_from([40, 80, 100]))))
    check(pair, found, data.draw(as_of_dates(ruleset)))


@draws(60, 120)
@given(st.data())
def test_random_rulesets(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets())
    note(str(ruleset.layers))
    with engines(ruleset) as pair:
        for _ in range(3):
            check(pair, data.draw(dossiers(ruleset)), data.draw(as_of_dates(ruleset)))


@draws(10, 25)
@given(st.data())
def test_deeply_nested_random_rulesets(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets(max_rules=3, max_depth=6))
    with engines(ruleset) as pair:
        for _ in range(3):
            check(pair, data.draw(dossiers(ruleset)), data.draw(as_of_dates(ruleset)))


# --- exactness ---------------------------------------------------------------------------------

HEAD = {
    "language": 1,
    "profile": {"id": "exact", "title": "精确"},
    "sources": {"law": {"title": "办法"}},
}
METRICS = write_yaml(
    [
        {
            "id": "intensity",
            "title": "强度",
            "unit": "万元/亩",
            "formula": {"divide": ["total_investment", "land_area"]},
        },
        {
            "id": "both",
            "title": "合计",
            "unit": "万元",
            "formula": {"add": ["total_investment", "fixed_asset_investment"]},
        },
        {
            "id": "long",
            "title": "长",
            "unit": "万元",
            "formula": {"add": [{"divide": ["total_investment", 3]}] * 12},
        },
        {
            "id": "longer",
            "title": "更长",
            "unit": "1",
            "formula": {"divide": [{"metric": "long"}, {"metric": "long"}, 7]},
        },
        {
            "id": "loss",
            "title": "倍数",
            "unit": "1",
            "formula": {"divide": ["total_investment", "net_assets"]},
        },
    ]
)


def one_rule(require: str, criteria: dict[str, object] | None = None) -> Ruleset:
    """A ruleset of one rule whose requirement is given as YAML."""
    rule = f"""
    - id: positive.one
      title: 一条
      list: positive
      require: {require}
      effect: refer
      departments: [tax]
      basis: [{{source: law}}]
    """
    head = write_yaml({**HEAD, "criteria": criteria or {}})
    return ruleset_of(rule, head, METRICS, "{dimensions: {}, labels: []}")


def status(ruleset: Ruleset, as_of: dt.date | None = None, **values: object) -> Status:
    """The status that both engines give to the one rule."""
    found = profile(**values)
    day = as_of or found.submitted_on
    with engines(ruleset) as (reference, durable):
        answers = [dict(e.statuses(found, day)) for e in (reference, durable)]
    assert answers[0] == answers[1]
    return answers[0]["positive.one"]


TINY = Fraction(1, 10**12)
HUGE = 10**28
SATISFIED, VIOLATED, UNKNOWN = Status.SATISFIED, Status.VIOLATED, Status.UNKNOWN


@pytest.mark.parametrize(
    ("require", "values", "expected"),
    [
        (
            "{metric: both, equals: 0.3}",
            {"total_investment": "0.1", "fixed_asset_investment": "0.2"},
            SATISFIED,
        ),
        (
            "{metric: intensity, at_least: 20}",
            {"total_investment": "2000", "land_area": 100},
            SATISFIED,
        ),
        (
            "{metric: intensity, more_than: 20}",
            {"total_investment": "2000", "land_area": 100},
            VIOLATED,
        ),
        (
            "{metric: intensity, at_least: 20}",
            {"total_investment": "1999.99999999", "land_area": 100},
            VIOLATED,
        ),
        (
            "{metric: intensity, at_least: 300 万元/公顷}",
            {"total_investment": "2000", "land_area": 100},
            SATISFIED,
        ),
        (
            "{metric: intensity, at_least: 300 万元/公顷}",
            {"total_investment": "2000", "land_area": "100.0000000001"},
            VIOLATED,
        ),
        (
            "{metric: intensity, equals: 20}",
            {"total_investment": 200, "land_area": "10 亩"},
            SATISFIED,
        ),
        ("{metric: intensity, at_most: 0.1}", {"total_investment": 1, "land_area": 10}, SATISFIED),
        (
            "{metric: intensity, more_than: 0.333333333333}",
            {"total_investment": 1, "land_area": 3},
            SATISFIED,
        ),
        (
            "{metric: intensity, less_than: 0.333333333334}",
            {"total_investment": 1, "land_area": 3},
            SATISFIED,
        ),
        ("{field: land_area, equals: 15}", {"land_area": "1 公顷"}, SATISFIED),
        ("{field: land_area, at_most: 0.003}", {"land_area": Fraction(3, 1000)}, SATISFIED),
        (
            "{field: land_area, more_than: 0.003}",
            {"land_area": Fraction(3, 1000) + TINY},
            SATISFIED,
        ),
        ("{field: total_investment, at_least: 1}", {"total_investment": HUGE}, SATISFIED),
        ("{field: total_investment, at_least: 1}", {"total_investment": TINY}, VIOLATED),
        (
            "{metric: both, more_than: 10000000000000000000000000000}",
            {"total_investment": HUGE, "fixed_asset_investment": "0.5"},
            SATISFIED,
        ),
        ("{metric: intensity, at_least: 20}", {"total_investment": 5, "land_area": 0}, UNKNOWN),
        ("{metric: intensity, at_least: 20}", {"land_area": 10}, UNKNOWN),
        ("{metric: long, equals: 0.4}", {"total_investment": "0.1"}, SATISFIED),
        ("{metric: long, more_than: 0.4}", {"total_investment": "0.1"}, VIOLATED),
        ("{metric: longer, more_than: 0.142857142857}", {"total_investment": "0.1"}, SATISFIED),
        ("{metric: longer, at_least: 0.142857142858}", {"total_investment": "0.3"}, VIOLATED),
        ("{metric: longer, at_least: 0}", {"total_investment": 0}, UNKNOWN),
        ("{metric: loss, less_than: 0}", {"total_investment": 5, "net_assets": -2}, SATISFIED),
        ("{metric: loss, at_least: -2.5}", {"total_investment": 5, "net_assets": -2}, SATISFIED),
        ("{metric: loss, more_than: -2.5}", {"total_investment": 5, "net_assets": -2}, VIOLATED),
    ],
)
def test_exact(require: str, values: dict[str, Any], expected: Status) -> None:
    assert status(one_rule(require), **values) is expected


@pytest.mark.parametrize(
    ("digits", "value", "least", "expected"),
    [
        (0, "19.5", "20", SATISFIED),  # a tie goes to the even neighbour: up to 20
        (0, "20.5", "21", VIOLATED),  # and down to 20
        (0, "20.5000000001", "21", SATISFIED),
        (0, "19.4999999999", "20", VIOLATED),
        (1, "19.95", "20", SATISFIED),
        (1, "19.85", "19.9", VIOLATED),
        (1, "19.94", "20", VIOLATED),
        (2, "19.995", "20", SATISFIED),
        (2, "19.985", "19.99", VIOLATED),
        (3, "19.9994", "20", VIOLATED),
    ],
)
def test_rounded_comparison(digits: int, value: str, least: str, expected: Status) -> None:
    period = {"from": dt.date(2020, 1, 1), "source": "law", "value": Decimal(least)}
    floor = {
        "title": "下限",
        "kind": "floor",
        "unit": "亩",
        "compare": {"rounded": digits},
        "values": [period],
    }
    ruleset = one_rule("{field: land_area, at_least: {criterion: floor}}", {"floor": floor})
    assert status(ruleset, land_area=value) is expected


@pytest.mark.parametrize(
    ("area", "expected"), [("15", SATISFIED), ("14.9999999999", VIOLATED), ("15.0001", SATISFIED)]
)
def test_one_field_against_two_units(area: str, expected: Status) -> None:
    """Conversions are shared by factor, not only by field."""

    def floor(unit: str, value: int) -> dict[str, object]:
        period = {"from": dt.date(2020, 1, 1), "source": "law", "value": value}
        return {"title": unit, "kind": "floor", "unit": unit, "values": [period]}

    criteria: dict[str, object] = {"a": floor("公顷", 1), "b": floor("平方米", 10_000)}
    both = [{"field": "land_area", "at_least": {"criterion": c}} for c in criteria]
    require = write_yaml({"all": both})
    assert status(one_rule(require, criteria), land_area=area) is expected


LOOKALIKES = [
    (
        "{each: emissions, at_most: {criterion: limit}}",
        "{each: emissions, less_than: {criterion: limit}}",
    ),
    (
        "{each: emissions, at_most: {criterion: limit}}",
        "{each: emissions, at_most: {criterion: strict}}",
    ),
    (
        "{each: emissions, at_most: {criterion: limit}}",
        "{each: emission_offsets, at_most: {criterion: limit}}",
    ),
    ("{metric: emitted, at_most: 5}", "{metric: offset, at_most: 5}"),
    ("{metric: age, more_than: 0}", "{metric: reversed, more_than: 0}"),
    (
        "{field: land_area, at_least: {criterion: rounded}}",
        "{field: land_area, at_least: {criterion: full}}",
    ),
    (
        "{field: land_area, at_most: {criterion: full}}",
        "{field: land_area, at_least: {criterion: full}}",
    ),
    (
        "{field: total_investment, at_least: {criterion: table}}",
        "{field: total_investment, at_least: {criterion: table, industry_code: C26}}",
    ),
    ("{field: zone, starts_with: [东]}", "{field: zone, in: [东]}"),
    ("{field: product_codes, in: [a1]}", "{field: product_codes, in: [a2]}"),
    (
        "{field: industry_code, starts_with: {criterion: codes}}",
        "{field: industry_code, in: {criterion: codes}}",
    ),
    ("{known: zone}", "{known: chain_name}"),
    ("{metric: ratio, equals: 4}", "{metric: inverse, equals: 4}"),
]


@pytest.mark.parametrize(("true", "false"), LOOKALIKES)
def test_leaves_that_differ_in_one_part_are_told_apart(true: str, false: str) -> None:
    def made(kind: str, values: dict[str, object], **more: object) -> dict[str, object]:
        period = {"from": dt.date(2020, 1, 1), "source": "law", **values}
        return {"title": "标准", "kind": kind, **more, "values": [period]}

    limits = [{"pollutant": "COD", "value": 5}]
    rows = [{"industry_code": "C39", "value": 1}, {"industry_code": "C26", "value": 900}]
    criteria = {
        "limit": made("value", {"rows": limits}, by=["pollutant"], unit="吨/年"),
        "strict": made(
            "value", {"rows": [{**limits[0], "value": 4}]}, by=["pollutant"], unit="吨/年"
        ),
        "full": made("value", {"value": 20}, unit="亩"),
        "rounded": made("value", {"value": 20}, unit="亩", compare={"rounded": 0}),
        "table": made("value", {"rows": rows}, by=["industry_code"], unit="万元"),
        "codes": made("list", {"codes": ["C39"]}),
    }
    days = ["enterprise_founded_on", "submitted_on"]
    amounts = ["total_investment", "fixed_asset_investment"]
    formulas: dict[str, tuple[str, object]] = {
        "emitted": ("吨/年", {"sum": "emissions"}),
        "offset": ("吨/年", {"sum": "emission_offsets"}),
        "age": ("日", {"days_between": days}),
        "reversed": ("日", {"days_between": days[::-1]}),
        "ratio": ("1", {"divide": amounts}),
        "inverse": ("1", {"divide": amounts[::-1]}),
    }
    metrics = [
        {"id": name, "title": name, "unit": unit, "formula": formula}
        for name, (unit, formula) in formulas.items()
    ]
    rule = f"""
    - id: positive.one
      title: 一条
      list: positive
      require: {{all: [{true}, {{not: {false}}}]}}
      effect: advise
      departments: [tax]
      basis: [{{source: law}}]
    """
    head = write_yaml({**HEAD, "criteria": criteria})
    ruleset = ruleset_of(rule, head, write_yaml(metrics), "{dimensions: {}, labels: []}")
    emitted = {"pollutant": "COD", "value": 5}
    values: dict[str, object] = {
        "emissions": [emitted],
        "emission_offsets": [{**emitted, "value": 6}],
        "enterprise_founded_on": "2020-01-01",
        "land_area": "19.5",
        "total_investment": 400,
        "fixed_asset_investment": 100,
        "industry_code": "C3985",
        "zone": "东片区",
        "product_codes": ["a1"],
    }
    assert status(ruleset, **values) is SATISFIED  # type: ignore[arg-type]


def test_periods_transition_and_rule_dates() -> None:
    """One engine over many dates in any order: what it remembers of one day must not tell on another."""
    ends, starts, early = dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2023, 11, 1)
    old = {"from": dt.date(2020, 1, 1), "until": ends, "source": "law", "value": 10}
    new = {"from": starts, "until": dt.date(2024, 12, 31), "source": "law", "value": 20}
    floor: dict[str, Any] = {"title": "下限", "kind": "floor", "unit": "亩"}
    floor["values"] = [old, {**new, "transition": {"accepted_before": early}}]
    rules = [
        {
            "id": f"positive.{name}",
            "title": name,
            "list": "positive",
            "effect": "refer",
            **dates,
            "require": {"field": "land_area", "at_least": {"criterion": "floor"}},
            "departments": ["tax"],
            "basis": [{"source": "law"}],
        }
        for name, dates in (
            ("always", {}),
            ("dated", {"from": dt.date(2023, 12, 1), "until": dt.date(2024, 6, 30)}),
        )
    ]
    head = write_yaml({**HEAD, "criteria": {"floor": floor}})
    ruleset = ruleset_of(write_yaml(rules), head, "[]", "{dimensions: {}, labels: []}")
    one = dt.timedelta(days=1)
    known = [
        (ends, ends, 10, SATISFIED),
        (starts, early - one, 10, SATISFIED),  # accepted early enough: the value at acceptance
        (starts, early, 10, VIOLATED),
        (starts, starts, 20, SATISFIED),
        (early, starts, 10, SATISFIED),  # as of a day before acceptance
        (dt.date(2025, 1, 1), starts, 20, UNKNOWN),  # ended
        (dt.date(2019, 12, 31), starts, 20, UNKNOWN),  # not yet
    ]
    days = [
        d + n * one
        for d in (early, starts, dt.date(2024, 7, 1), dt.date(2025, 1, 1))
        for n in (-1, 0)
    ]
    every = [(a, s, v, None) for a in days for s in days for v in (10, 20)]
    for seed in range(3):
        with engines(ruleset) as pair:
            for as_of, submitted, value, expected in random.Random(seed).sample(
                [*known, *every], 135
            ):
                found = profile(land_area=value, submitted_on=submitted)
                check(pair, found, as_of)
                if expected is not None:
                    assert pair[1].statuses(found, as_of)["positive.always"] is expected
