"""Rulesets and dossiers whose statuses are known, for tests of the durable engine."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluator.dossier.dossier import Profile
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status
from tests.strategies import write_yaml
from tests.support import ruleset_of

DAY = dt.date(2024, 6, 3)


def many_rules(count: int) -> Ruleset:
    """``count`` rules over few fields: all breached by a bad dossier, all unknown for an empty one."""
    made = []
    for n in range(count):
        rule: dict[str, Any] = {"id": f"positive.r{n:04}", "title": f"规则{n}", "list": "positive"}
        if n % 3:
            rule["applies_when"] = {
                "field": "land_use_mode",
                "in": ["stock_land", "own_land"][: n % 2 + 1],
            }
        if n % 4:
            rule["require"] = {"field": "total_investment", "at_least": 1000 + n}
        else:
            rule["require"] = {"field": "two_high", "equals": False}
        rule |= {"effect": "refer", "departments": ["tax"], "basis": [{"source": "law"}]}
        made.append(rule)
    return ruleset_of(write_yaml(made))


BAD = {"land_use_mode": "stock_land", "total_investment": 1, "two_high": True}
GOOD = {"land_use_mode": "stock_land", "total_investment": 99999, "two_high": False}
SPARED = {"land_use_mode": "none", "total_investment": 1, "two_high": True}


def agree(ruleset: Ruleset, engine: DurableEngine, found: Profile) -> dict[str, Status]:
    expected = dict(ReferenceEngine(ruleset).statuses(found, DAY))
    assert dict(engine.statuses(found, DAY)) == expected
    return expected
