"""The 40 rules and the dossiers that every engine in the comparison gets.

One table of specifications, written once as our YAML and once as expressions for the others, so
that all decide the same thing. ``ruleset(n)`` repeats the table with other thresholds up to n
rules, for linearity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers


@dataclass(frozen=True, slots=True)
class Spec:
    """One rule: where ``applies`` (a field and a word), ``subject`` ``op`` ``limit`` must hold.

    ``subject`` is a field, or two fields of which the first is divided by the second. ``op`` is
    at_least, at_most, equals (a flag) or in (words).
    """

    name: str
    applies: tuple[str, str] | None
    subject: tuple[str, ...]
    op: str
    limit: float | bool | tuple[str, ...]


# Subject, operator, limit. Ratios are the costly ones; a rulebook has about as many of each.
# With the unit of the quotient as the fields give it, so that a limit is the same number for all.
_RATIOS: list[tuple[str, str, str, str, float]] = [
    ("fixed_asset_investment", "land_area", "万元/亩", "at_least", 300),
    ("annual_output", "land_area", "万元/亩/年", "at_least", 400),
    ("annual_tax", "land_area", "万元/亩/年", "at_least", 20),
    ("annual_revenue", "land_area", "万元/亩/年", "at_least", 350),
    ("rd_expense", "annual_revenue", "1", "at_least", 0.03),
    ("rd_staff", "employees", "1", "at_least", 0.1),
    ("annual_energy", "annual_output", "吨标准煤/万元", "at_most", 0.5),
    ("annual_water", "annual_output", "立方米/万元", "at_most", 20),
    ("subsidy_requested", "fixed_asset_investment", "1", "at_most", 0.2),
    ("funds_in_place", "total_investment", "1", "at_least", 0.3),
    ("equipment_investment", "fixed_asset_investment", "1", "at_least", 0.4),
    ("annual_added_value", "annual_output", "1", "at_least", 0.2),
    ("annual_profit", "annual_revenue", "1", "at_least", 0.05),
    ("paid_in_capital", "registered_capital", "1", "at_least", 0.2),
    ("total_investment", "net_assets", "1", "at_most", 5),
    ("annual_coal", "annual_energy", "吨/吨标准煤", "at_most", 0.5),
]
_NUMBERS: list[tuple[str, str, float]] = [
    ("plot_ratio", "at_least", 1),
    ("building_coefficient", "at_least", 40),
    ("office_land_share", "at_most", 7),
    ("debt_ratio", "at_most", 70),
    ("total_investment", "at_least", 5000),
    ("construction_months", "at_most", 24),
    ("technology_readiness", "at_least", 7),
    ("local_supply_share", "at_least", 20),
    ("orders_in_hand", "at_least", 30),
    ("capacity_utilisation", "at_least", 75),
    ("subsidy_in_profit", "at_most", 30),
    ("market_share_planned", "at_most", 30),
]
_WORDS: list[tuple[str, tuple[str, ...]]] = [
    ("catalogue_class", ("encouraged", "permitted")),
    ("market_access", ("open", "licensed")),
    ("zone_positioning_fit", ("leading", "supporting")),
    ("chain_role", ("fills_gap", "strengthens", "extends")),
    ("technology_source", ("own", "joint")),
    ("equipment_level", ("international", "domestic_leading")),
    ("zoning_conformity", ("conforms",)),
]
_FLAGS: list[tuple[str, bool]] = [
    ("dishonest_enterprise", False),
    ("major_violation_3y", False),
    ("planning_conformity", True),
    ("two_high", False),
    ("in_approved_park", True),
]
# Two of three rules look first whether they apply; one of those modes is not the dossier's.
_APPLIES: list[tuple[str, str] | None] = [
    ("land_use_mode", "new_industrial_land"),
    None,
    ("construction_kind", "new"),
    ("land_use_mode", "new_industrial_land"),
    ("investor_kind", "private"),
    None,
]


def specs(count: int) -> list[Spec]:
    """``count`` specifications; from the 41st on the table again with other limits."""
    table: list[tuple[tuple[str, ...], str, Any]] = [((a, b), op, t) for a, b, _, op, t in _RATIOS]
    table += [((f,), op, t) for f, op, t in _NUMBERS]
    table += [((f,), "in", words) for f, words in _WORDS]
    table += [((f,), "equals", flag) for f, flag in _FLAGS]
    out: list[Spec] = []
    for n in range(count):
        subject, op, limit = table[n % len(table)]
        if not isinstance(limit, (bool, tuple)):
            # Four digits, as a person writes a limit.
            limit = float(f"{limit * (1 - n // len(table) / 64):.4g}")
        out.append(Spec(f"r{n:04}", _APPLIES[n % len(_APPLIES)], subject, op, limit))
    return out


SPECS = specs(40)


def _yaml(found: list[Spec]) -> Iterator[tuple[str, str]]:
    metrics = [
        f'- {{id: {a}_per_{b}, title: {a}_per_{b}, unit: "{unit}", formula: {{divide: [{a}, {b}]}}}}'
        for a, b, unit, _, _ in _RATIOS
    ]
    rules: list[str] = []
    for spec in found:
        limit = json.dumps(list(spec.limit) if isinstance(spec.limit, tuple) else spec.limit)
        if len(spec.subject) == 2:
            subject = f"metric: {'_per_'.join(spec.subject)}"
        else:
            subject = f"field: {spec.subject[0]}"
        applies = (
            f"applies_when: {{field: {spec.applies[0]}, equals: {spec.applies[1]}}}, "
            if spec.applies
            else ""
        )
        rules.append(
            f"- {{id: positive.{spec.name}, title: {spec.name}, list: positive, {applies}"
            f"require: {{{subject}, {spec.op}: {limit}}}, effect: refer, departments: [tax], "
            "basis: [{source: law}]}"
        )
    yield "rules/metrics.yaml", "\n".join(metrics)
    yield "rules/rules.yaml", "\n".join(rules)
    yield (
        "criteria.yaml",
        "language: 1\nprofile: {id: bench, title: 测速}\nsources: {law: {title: 测速用}}\ncriteria: {}\n",
    )


def ruleset(count: int) -> Ruleset:
    """A ruleset of ``count`` rules, loaded from YAML."""
    return load_layers((("base", dict(_yaml(specs(count)))),))


def forty_rules() -> Ruleset:
    """The 40 rules of the comparison."""
    return ruleset(40)


_GOOD: dict[str, Any] = {
    "land_use_mode": "new_industrial_land",
    "construction_kind": "expansion",
    "investor_kind": "private",
    "catalogue_class": "encouraged",
    "market_access": "open",
    "zone_positioning_fit": "leading",
    "chain_role": "fills_gap",
    "technology_source": "own",
    "equipment_level": "international",
    "zoning_conformity": "conforms",
    "dishonest_enterprise": False,
    "major_violation_3y": False,
    "planning_conformity": True,
    "two_high": False,
    "in_approved_park": True,
    "fixed_asset_investment": 36000.5,
    "total_investment": 48000.25,
    "equipment_investment": 22000,
    "funds_in_place": 40000,
    "net_assets": 42000,
    "registered_capital": 18000,
    "paid_in_capital": 15000,
    "land_area": 60.5,
    "annual_output": 60000,
    "annual_revenue": 57600.75,
    "annual_added_value": 21000,
    "annual_profit": 9500,
    "annual_tax": 4800.5,
    "employees": 320,
    "rd_staff": 96,
    "rd_expense": 4032,
    "annual_energy": 1273.75,
    "annual_coal": 0,
    "annual_water": 26000,
    "subsidy_requested": 960,
    "plot_ratio": 1.5,
    "building_coefficient": 52,
    "office_land_share": 5,
    "debt_ratio": 38,
    "construction_months": 18,
    "technology_readiness": 9,
    "local_supply_share": 45,
    "orders_in_hand": 55,
    "capacity_utilisation": 82,
    "subsidy_in_profit": 2.5,
    "market_share_planned": 4.75,
}
# "few": three breaches. "all": every one of the 40.
_FEW: dict[str, Any] = {
    "annual_output": 20000,
    "dishonest_enterprise": True,
    "equipment_level": "outdated",
}
_ALL: dict[str, Any] = {
    "construction_kind": "new",
    "catalogue_class": "restricted",
    "market_access": "prohibited",
    "zone_positioning_fit": "none",
    "chain_role": "none",
    "technology_source": "undecided",
    "equipment_level": "outdated",
    "zoning_conformity": "conflicts",
    "dishonest_enterprise": True,
    "major_violation_3y": True,
    "planning_conformity": False,
    "two_high": True,
    "in_approved_park": False,
    "fixed_asset_investment": 100,
    "total_investment": 4000,
    "equipment_investment": 10,
    "funds_in_place": 50,
    "net_assets": 1,
    "registered_capital": 18000,
    "paid_in_capital": 1,
    "land_area": 600,
    "annual_output": 100,
    "annual_revenue": 5000,
    "annual_added_value": 1,
    "annual_profit": 1,
    "annual_tax": 1,
    "employees": 320,
    "rd_staff": 0,
    "rd_expense": 1,
    "annual_energy": 99999,
    "annual_coal": 99999,
    "annual_water": 99999,
    "subsidy_requested": 960,
    "plot_ratio": 0.25,
    "building_coefficient": 5,
    "office_land_share": 50,
    "debt_ratio": 99,
    "construction_months": 99,
    "technology_readiness": 1,
    "local_supply_share": 0,
    "orders_in_hand": 0,
    "capacity_utilisation": 10,
    "subsidy_in_profit": 90,
    "market_share_planned": 90,
}


def plain_dossier(kind: str) -> dict[str, Any]:
    """The dossier as plain Python values, for the other engines: ``few`` or ``all`` breaches."""
    return {**_GOOD, **(_FEW if kind == "few" else _ALL)}


def dossier(found: Ruleset, kind: str) -> Profile:
    """The same dossier as a profile."""
    base = {"project_id": "B1", "project_name": "测速", "submitted_on": "2024-06-03"}
    return make_profile(found.registry, **base, **plain_dossier(kind))
