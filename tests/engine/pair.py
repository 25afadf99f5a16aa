"""The reference and the durable engine over one ruleset, held against each other."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from evaluator.dossier.dossier import Profile
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status
from tests.strategies import write_yaml
from tests.support import profile, ruleset_of


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


SATISFIED, VIOLATED, UNKNOWN = Status.SATISFIED, Status.VIOLATED, Status.UNKNOWN
