"""Missing is never green: what the shipped rulebook says of good projects without a fact."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluator.rulebook.verdict import Status, Verdict
from tests.cases.shipped import EVALUATOR, example

KEY_FACTS = (
    "unified_social_credit_code",
    "dishonest_enterprise",
    "major_violation_3y",
    "industry_code",
    "catalogue_class",
    "market_access",
    "zone_positioning_fit",
    "chain_role",
    "chain_name",
    "total_investment",
    "fixed_asset_investment",
    "equipment_investment",
    "funds_in_place",
    "land_use_mode",
    "planning_conformity",
    "annual_output",
    "annual_revenue",
    "annual_added_value",
    "annual_profit",
    "annual_tax",
    "employees",
    "construction_months",
    "technology_readiness",
    "technology_source",
    "equipment_level",
    "annual_energy",
    "annual_electricity",
    "energy_review",
    "two_high",
    "eia_class",
    "zoning_conformity",
    "in_approved_park",
    "emissions",
    "emission_offsets",
    "emissions.COD",
    "emissions.VOCs",
    "emission_offsets.SO2",
    "hazardous_chemicals",
    "market_share_planned",
    "market_size",
    "orders_in_hand",
    "capacity_utilisation",
    "subsidy_requested",
    "subsidy_in_profit",
)
LAND = ("land_area", "floor_area", "plot_ratio", "building_coefficient", "office_land_share")
GOOD = {
    "d01-complete-good.yaml": (*KEY_FACTS, *LAND),
    "d02-leased-plant-good.yaml": (*KEY_FACTS, "plant_area"),
}
REMOVALS = [(file, field) for file, fields in GOOD.items() for field in fields]


@pytest.mark.parametrize(("file", "field"), REMOVALS)
def test_a_missing_key_fact_refers(file: str, field: str) -> None:
    profile = example(file)
    assert EVALUATOR.evaluate(profile).verdict is Verdict.PASS
    assert EVALUATOR.evaluate(profile.with_value(field, None)).verdict is Verdict.REFER


@pytest.mark.parametrize("file", GOOD)
def test_what_does_not_apply_is_not_asked(file: str) -> None:
    evaluation = EVALUATOR.evaluate(example(file))
    assert Status.UNKNOWN not in evaluation.statuses.values()
    assert [label.id for label in evaluation.labels] == ["four_high"]


@pytest.mark.parametrize("file", GOOD)
@pytest.mark.parametrize("day", ["2023-07-01", "2024-08-23", "2025-08-31", "2025-09-01"])
def test_a_good_project_passes_under_every_instrument(file: str, day: str) -> None:
    assert EVALUATOR.evaluate(example(file), dt.date.fromisoformat(day)).verdict is Verdict.PASS
