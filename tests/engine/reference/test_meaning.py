"""What the reference engine remembers of tables and rules."""

from __future__ import annotations

from evaluator.judgement.evaluate import Evaluator
from tests.judgement.rules import rule
from tests.support import judge, ruleset_of


def test_names_of_products_do_not_pile_up() -> None:
    text = rule("{each: product_energy, at_most: {criterion: unit_energy}}")
    evaluator = Evaluator(ruleset_of(text), "reference")
    before = None
    for n in range(50):
        items = [{"product": f"产品{n}", "value": "1", "unit": "千瓦时/吨"}]
        judged = judge(evaluator.ruleset, product_energy=items)
        evaluator.evaluate(judged.profile)
        size = len(evaluator.reference._meaning._finders)
        before = size if before is None else before
        assert size == before
