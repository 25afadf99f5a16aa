"""The shipped rulebook changed here and there, and dossiers that it moves."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from evaluator.revision.tally import Row
from evaluator.rulebook.ast import Ruleset
from tests.support import CRITERIA, RULES, good, profile, ruleset_of

ROOT = Path(__file__).parents[2]


def changed(*swaps: tuple[str, str]) -> Ruleset:
    """The small rulebook with words replaced."""
    rules, criteria = RULES, CRITERIA
    for old, new in swaps:
        assert old in rules + criteria
        rules, criteria = rules.replace(old, new), criteria.replace(old, new)
    return ruleset_of(rules, criteria)


CHANGES = {
    "nothing": (),
    "a lower floor": (("value: 20}", "value: 15}"),),
    "a higher floor": (("value: 20}", "value: 25}"),),
    "an effect": (
        ("  effect: refer\n  departments: [tax]", "  effect: reject\n  departments: [tax]"),
    ),
    "an effect without force": (
        ("  effect: refer\n  departments: [tax]", "  effect: advise\n  departments: [tax]"),
    ),
    "a code list": (("codes: [C25, C2614]", "codes: [C25, C39]"),),
    "a unit": (("unit: 万元/亩/年", "unit: 万元/公顷/年"),),
    "a rule renamed": (("- id: negative.industry\n", "- id: negative.industries\n"),),
    "all applies to few": (
        ("  require: {not:", "  applies_when: {field: two_high, equals: true}\n  require: {not:"),
    ),
    "several": (
        ("value: 20}", "value: 15}"),
        ("value: 100,", "value: 90,"),
        ("codes: [C25", "codes: [C26"),
    ),
}


def dossiers() -> list[Row]:
    """Dossiers around every threshold, with gaps; two of one id, as versions of a project have."""
    rows = []
    for tax in (None, 1499, 1500, 1999, 2000, 2499, 2500):
        for industry in (None, "C3985", "C2511", "C2614", "C2689"):
            for two_high, energy in (
                (None, None),
                (False, None),
                (True, None),
                (True, 95),
                (True, 101),
            ):
                items = (
                    [{"key": "水泥熟料", "value": energy, "unit": "千克标准煤/吨"}]
                    if energy
                    else None
                )
                given = good(
                    annual_tax=tax,
                    industry_code=industry,
                    two_high=two_high,
                    product_energy=items,
                    project_id=f'编号"{len(rows) // 2}',
                )
                data = profile(**given).to_dict(ruleset_of().registry)
                text = json.dumps(data, ensure_ascii=False, sort_keys=True)
                day = (None, dt.date(2024, 6, 3), dt.date(2025, 1, 1))[len(rows) % 3]
                rows.append(Row(f"Z{len(rows)}/1", text, day))
    return rows


ROWS = dossiers()
