"""How a project would pass, by the shipped rulebook: what is asked for, verified, changed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from evaluator.dossier.dossier import Profile
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.remedy.search import counterfactual
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Verdict
from tests.support import ROOT


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(load_directory(ROOT), "reference")


def complete(evaluator: Evaluator, **changes: Any) -> Evaluation:
    """The complete example, with fields changed; None leaves one out."""
    path = ROOT / "examples" / "d01-complete-good.yaml"
    (found,) = read_dossiers(path, evaluator.ruleset.registry)
    values = {**found.values, **changes}
    return evaluator.evaluate(Profile({k: v for k, v in values.items() if v is not None}))


def test_a_field_that_a_rule_waits_for_is_asked_for(evaluator: Evaluator) -> None:
    found = counterfactual(complete(evaluator, chain_name=None))
    assert (found.outcome, found.reaches) == ("fill", Verdict.PASS)
    assert found.open_fields == ("chain_name",)
    assert found.text() == "补充所属重点产业链，各项答复符合要求，即可准入。"


def test_a_divisor_of_zero_has_to_be_verified(evaluator: Evaluator) -> None:
    found = counterfactual(complete(evaluator, employees=Fraction(0)))
    assert (found.outcome, found.single, found.reaches) == ("review", (), None)
    assert "positive.labour_productivity" in {r.id for r in found.verify}
    assert "据实更正" in found.text()


def test_a_change_never_looks_like_none(evaluator: Evaluator) -> None:
    found = counterfactual(complete(evaluator, orders_in_hand=Fraction(299999999, 10**7)))
    assert found.reaches is Verdict.PASS
    assert "由 29.9999999%提高到 30%（提高 0.0000001 个百分点）" in found.text()
