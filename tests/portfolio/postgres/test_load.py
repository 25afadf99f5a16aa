"""Documents on a server are accepted and read as single dossiers are. Needs a server."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.portfolio.postgres.run import judge_in_place
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place as SourcePlace
from evaluator.problems.source import SourceText
from evaluator.rulebook.ast import Ruleset
from evaluator.values.numbers import stored
from tests.portfolio.files import numbered
from tests.portfolio.postgres.places import documents, judged, reasons, wanted
from tests.portfolio.tables import (
    Row,
)


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("jsonb", 150),
        pytest.param("jsonb", 1000, marks=pytest.mark.soak),
        ("json", 50),
        ("text", 50),
    ],
)
def test_a_table_of_snapshots(
    server: psycopg.Connection, shipped: Ruleset, kind: str, count: int
) -> None:
    profiles = numbered(shipped)[:count]
    found: list[Any] = [p.to_dict(shipped.registry) for p in profiles]
    found.append({**found[0], "project_id": "bad", "land_area": "-3"})
    if kind == "text":
        found.append('{"project_id": ')
    place = documents(server, kind, found)
    counts = judge_in_place(server, shipped, place)
    assert counts == (len(found), len(profiles), len(found) - len(profiles))
    assert judged(server) == wanted(shipped, [(p, p.submitted_on) for p in profiles])
    assert all("用地面积" in r or "JSON" in r for r in reasons(server).values())


def test_numbers_that_no_decimal_writes(server: psycopg.Connection, shipped: Ruleset) -> None:
    """Thirds in fields and items, as snapshots have them, equal to their thresholds and not."""
    profiles = []
    energy = [{"key": "水泥熟料", "value": "100", "unit": "千克标准煤/吨"}]
    for n, (area, tax, coal) in enumerate(
        [("2000/3", "40000/3", "1/3"), ("2000/3", "39999.99/3", "0"), ("18.5", "1/7", "20/9")]
    ):
        tax = tax.replace("39999.99/3", "13333.33")
        item = {"key": "COD", "value": coal, "unit": "吨/年"}
        other = {"key": "电解铝", "value": ("1/3", "13000", "39001/3")[n], "unit": "千瓦时/吨"}
        raw = {
            "project_id": f"P{n}",
            "project_name": "甲",
            "submitted_on": "2024-06-03",
            "land_area": area,
            "annual_tax": tax,
            "land_use_mode": "new_industrial_land",
            "industry_code": "C3985",
            "emissions": [item],
            "product_energy": [*energy, other],
        }
        profile = read(shipped, raw)
        assert profile is not None
        assert profile.to_dict(shipped.registry) == raw
        profiles.append(profile)
    found = [p.to_dict(shipped.registry) for p in profiles]
    assert judge_in_place(server, shipped, documents(server, "jsonb", found)) == (3, 3, 0)
    assert judged(server) == wanted(shipped, [(p, p.submitted_on) for p in profiles])


def read(ruleset: Ruleset, raw: Any) -> Profile | None:
    """The dossier that the reader of single dossiers makes of a snapshot."""
    place = SourcePlace(SourceText("t", ""), 1)
    return parse_dossier(stored(raw), ruleset.registry, lambda _: place, Problems())


ITEM = {"key": "COD", "value": "1.5", "unit": "吨/年"}
ENERGY = {"key": "水泥熟料", "value": "100", "unit": "千克标准煤/吨"}
VARIANTS: list[dict[str, Any]] = [
    {"submitted_on": "2024-02-30"},
    {"submitted_on": "2024-02-29"},
    {"submitted_on": "2024/6/3"},
    {"submitted_on": "2024年6月3日"},
    {"submitted_on": "1899-12-31"},
    {"submitted_on": None},
    {"industry_code": "C9985"},
    {"industry_code": "3985"},
    {"industry_code": " C3985 "},
    {"land_area": "18 公顷"},
    {"land_area": "270 亩"},
    {"land_area": "1e1"},
    {"land_area": 18},
    {"land_area": 18.25},
    {"land_area": True},
    {"land_area": "约 18"},
    {"land_area": "2000/3"},
    {"land_area": []},
    {"land_area": {"value": 3}},
    {"land_area": ""},
    {"land_area": "１８"},
    {"land_area": "1/0"},
    {"employees": "12.5"},
    {"employees": "12.0"},
    {"employees": "25/2"},
    {"two_high": "是"},
    {"two_high": "true"},
    {"two_high": True},
    {"two_high": "也许"},
    {"two_high": 1},
    {"land_use_mode": "nothing"},
    {"project_name": "甲\u200f\u202e乙"},
    {"project_name": "  甲  "},
    {"project_name": 5},
    {"project_name": "\u001f5"},
    {"project_name": "x" * 3000},
    {"project_name": "甲\n乙"},
    {"nothing_such": 1},
    {"unified_social_credit_code": "91990000MA0DEM0138"},
    {"unified_social_credit_code": "91990000MA0DEM0139"},
    {"unified_social_credit_code": "91990000ma0dem0138"},
    {"product_codes": ["356201", "C3985"]},
    {"product_codes": "356201、C3985"},
    {"product_codes": ["1", "1"]},
    {"product_codes": []},
    {"product_codes": [{"a": 1}]},
    {"emissions": [ITEM]},
    {"emissions": [{**ITEM, "value": "-1"}]},
    {"emissions": []},
    {"emissions": [ITEM, ITEM]},
    {"emissions": [{**ITEM, "value": "1500", "unit": "千克/年"}]},
    {"emissions": [{**ITEM, "key": "X"}]},
    {"emissions": [{**ITEM, "more": 1}]},
    {"emissions": [{"pollutant": "COD", "value": 1.5}]},
    {"emissions": "COD"},
    {"emissions": ["COD"]},
    {"emissions": [{**ITEM, "value": None}]},
    {"emissions": None},
    {"emissions": [{**ITEM, "unit": "亩"}]},
    {"emissions": {"COD": 1}},
    {"product_energy": [ENERGY]},
    {"product_energy": [{**ENERGY, "unit": "无此单位"}]},
    {"product_energy": [{**ENERGY, "value": "1/3"}]},
    {"product_energy": [ENERGY, ENERGY]},
    {"product_energy": [{"product": "水泥  熟料", "value": "0.1 吨标准煤/吨"}]},
    {"product_energy": [{**ENERGY, "value": 100}]},
    {"product_energy": [{**ENERGY, "unit": ""}]},
    {"product_energy": [{**ENERGY, "key": " 水泥熟料"}]},
]


def test_documents_are_accepted_and_read_as_single_dossiers_are(
    server: psycopg.Connection, shipped: Ruleset
) -> None:
    found = []
    for n, variant in enumerate(VARIANTS):
        base = {"project_name": "甲", "submitted_on": "2024-06-03", "industry_code": "C3011"}
        found.append({**base, "land_area": "20", **variant, "project_id": f"P{n}"})
    profiles = {d["project_id"]: read(shipped, d) for d in found}
    good: list[Row] = [(p, p.submitted_on) for p in profiles.values() if p is not None]
    assert 25 < len(good) < len(found) - 20
    counts = judge_in_place(server, shipped, documents(server, "jsonb", found))
    rejected = {found[i - 1]["project_id"]: r for i, r in reasons(server).items()}
    assert set(rejected) == {i for i, p in profiles.items() if p is None}, rejected
    assert counts == (len(found), len(good), len(rejected))
    assert judged(server) == wanted(shipped, good)


def test_what_is_no_object_is_one_bad_row_each(
    server: psycopg.Connection, shipped: Ruleset
) -> None:
    good = numbered(shipped)[0].to_dict(shipped.registry)
    found = [good, "[1]", "5", "null", '"x"', "{}", "{", "", json.dumps(good)[:-1]]
    place = documents(server, "text", found)
    assert judge_in_place(server, shipped, place) == (9, 1, 8)
    assert set(reasons(server)) == set(range(2, 10))
