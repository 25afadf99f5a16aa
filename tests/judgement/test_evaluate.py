"""Findings and verdicts: the tables of the semantics, on a small rulebook."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import DISAGREEMENT, NO_RULE, Evaluator, combine
from evaluator.judgement.explain import findings
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.result import result
from evaluator.judgement.trace import trace_of
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import Status, Verdict
from tests.support import DAY, RULES, good, judge, profile, ruleset_of

RULESET = ruleset_of()
S, V, U, N = Status.SATISFIED, Status.VIOLATED, Status.UNKNOWN, Status.NOT_APPLICABLE


def three(effects: tuple[Effect, ...]) -> Any:
    text = ""
    for i, effect in enumerate(effects):
        text += f"""
- id: positive.r{i}
  title: 规则{i}
  list: positive
  require: {{field: two_high, equals: false}}
  effect: {effect}
  departments: [tax]
  basis: [{{source: law, clause: 第一条}}]
"""
    return ruleset_of(text or "[]")


@pytest.mark.parametrize(
    ("effects", "statuses", "verdict"),
    [
        ((Effect.REJECT,), (S,), Verdict.PASS),
        ((Effect.REJECT,), (V,), Verdict.REJECT),
        ((Effect.REJECT,), (U,), Verdict.REFER),
        ((Effect.REFER,), (V,), Verdict.REFER),
        ((Effect.REFER,), (U,), Verdict.REFER),
        ((Effect.ADVISE,), (V,), Verdict.PASS),
        ((Effect.ADVISE,), (U,), Verdict.PASS),
        ((Effect.REJECT,), (N,), Verdict.REFER),
        ((Effect.REJECT, Effect.REFER), (V, U), Verdict.REJECT),
        ((Effect.REFER, Effect.REJECT), (U, V), Verdict.REJECT),
        ((Effect.REJECT, Effect.REFER), (U, V), Verdict.REFER),
        ((Effect.REJECT, Effect.ADVISE), (N, S), Verdict.PASS),
        ((Effect.REJECT, Effect.ADVISE), (N, V), Verdict.PASS),
        ((), (), Verdict.REFER),
    ],
)
def test_deny_overrides(
    effects: tuple[Effect, ...], statuses: tuple[Status, ...], verdict: Verdict
) -> None:
    ruleset = three(effects)
    assert combine(ruleset, dict(zip(ruleset.rules, statuses, strict=True))) is verdict


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"annual_tax": "1999.999999"}, Verdict.REFER),
        ({"annual_tax": None}, Verdict.REFER),
        ({"industry_code": "C2511"}, Verdict.REJECT),
        ({"industry_code": "C2614"}, Verdict.REJECT),
        ({"industry_code": "C2611"}, Verdict.PASS),
        ({"industry_code": None}, Verdict.REFER),
        ({"two_high": None}, Verdict.REFER),
        ({"two_high": True}, Verdict.REFER),
        (
            {
                "two_high": True,
                "product_energy": [{"product": "水泥熟料", "value": 100, "unit": "千克标准煤/吨"}],
            },
            Verdict.PASS,
        ),
        (
            {
                "two_high": True,
                "product_energy": [
                    {"product": "水泥熟料", "value": "0.1000001", "unit": "吨标准煤/吨"}
                ],
            },
            Verdict.REJECT,
        ),
        (
            {
                "two_high": True,
                "product_energy": [{"product": "水泥", "value": 1, "unit": "千克标准煤/吨"}],
            },
            Verdict.REFER,
        ),
        (
            {
                "two_high": True,
                "product_energy": [{"product": "电解铝", "value": 1, "unit": "千克标准煤/吨"}],
            },
            Verdict.REFER,
        ),
        (
            {
                "two_high": True,
                "product_energy": [
                    {"product": "水泥", "value": 1, "unit": "千克标准煤/吨"},
                    {"product": "水泥熟料", "value": 101, "unit": "千克标准煤/吨"},
                ],
            },
            Verdict.REJECT,
        ),
        ({"two_high": True, "product_energy": []}, Verdict.REFER),
        ({"land_area": 0}, Verdict.REFER),
    ],
)
def test_small_rulebook(change: dict[str, Any], verdict: Verdict) -> None:
    assert judge(RULESET, **good(**change)).verdict is verdict


def test_no_applicable_rule_refers_with_that_reason() -> None:
    rules = RULES[RULES.index("- id: negative.energy") :]
    evaluation = judge(ruleset_of(rules), **good())
    assert evaluation.verdict is Verdict.REFER
    assert evaluation.cause is not None
    assert "没有任何规则适用" in evaluation.cause


def test_label_needs_every_dimension() -> None:
    assert [x.title for x in judge(RULESET, **good()).labels] == ["好项目"]
    assert judge(RULESET, **good(annual_tax=10)).labels == ()
    assert judge(RULESET, **good(industry_code="C25")).labels == ()


def test_rules_have_dates_too() -> None:
    rules = RULES.replace(
        "  effect: refer\n", "  effect: refer\n  from: 2024-01-01\n  until: 2024-12-31\n"
    )
    ruleset = ruleset_of(rules)
    for day, count in (("2023-12-31", 2), ("2024-01-01", 3), ("2024-12-31", 3), ("2025-01-01", 2)):
        assert len(judge(ruleset, dt.date.fromisoformat(day), **good()).statuses) == count


# --- who decides ---------------------------------------------------------------------------------


class Deciding:
    """An engine that decides what it is told, and remembers what it answered."""

    name = "told"

    def __init__(self, says: Mapping[str, Status] | InternalError) -> None:
        self.says = says
        self.answers: list[Mapping[str, Status]] = []

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        assert profile.id == "T1"
        assert as_of == DAY
        if isinstance(self.says, InternalError):
            raise self.says
        self.answers.append(dict(self.says))
        return self.answers[-1]


@pytest.fixture
def evaluator() -> Evaluator:
    """Durable decides; tests put another engine in its place."""
    made = Evaluator(RULESET)
    assert made.engine.name == "durable"
    made.close()
    return made


def explained(**changes: Any) -> dict[str, Status]:
    return dict(judge(RULESET, **good(**changes)).statuses)


@pytest.mark.parametrize("changes", [{}, {"annual_tax": 1}, {"industry_code": "C2511"}])
def test_the_findings_combined_are_those_of_the_engine_that_decides(
    evaluator: Evaluator, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator.engine = told = Deciding(explained(**changes))
    combined: list[object] = []

    def watched(ruleset: Any, statuses: Mapping[str, Status]) -> Verdict:
        combined.append(statuses)
        return combine(ruleset, statuses)

    monkeypatch.setattr("evaluator.judgement.evaluate.combine", watched)
    evaluation = evaluator.evaluate(profile(**good(**changes)))
    (answer,) = told.answers
    assert combined == [answer]
    assert combined[0] is answer
    assert evaluation.statuses is answer
    assert evaluation.verdict is combine(RULESET, answer)
    assert (evaluation.cause, evaluation.disputed) == (None, False)


def test_durable_is_asked_once_for_each_dossier() -> None:
    made = Evaluator(RULESET)
    answers: list[Mapping[str, Status]] = []
    inner = made.engine.statuses

    def statuses(profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        answers.append(inner(profile, as_of))
        return answers[-1]

    made.engine.statuses = statuses  # type: ignore[method-assign]
    evaluation = made.evaluate(profile(**good()))
    assert [id(a) for a in answers] == [id(evaluation.statuses)]
    made.close()


REJECTED = {"industry_code": "C2511"}


@pytest.mark.parametrize("changes", [{}, {"annual_tax": 1}, REJECTED, {"two_high": None}])
@pytest.mark.parametrize("other", list(Status))
def test_another_finding_refers_whatever_it_is(
    evaluator: Evaluator,
    changes: dict[str, Any],
    other: Status,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also where both say reject: nothing is combined that was not confirmed."""
    reference = explained(**changes)
    for rule_id, status in reference.items():
        if status is other:
            continue
        evaluator.engine = Deciding({**reference, rule_id: other})
        caplog.clear()
        evaluation = evaluator.evaluate(profile(**good(**changes)))
        assert (evaluation.verdict, evaluation.cause) == (Verdict.REFER, DISAGREEMENT)
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        said = record.getMessage()
        assert said.startswith("engines disagree: dossier=T1 ")
        assert RULESET.identity in said
        assert said.endswith(f" rules={rule_id}({other}/{status})")


@pytest.mark.parametrize(
    "says",
    [
        {},
        dict.fromkeys(list(RULESET.rules)[1:], S),
        {**dict.fromkeys(RULESET.rules, S), "positive.unheard_of": S},
        InternalError("a rule that had to fire did not"),
    ],
)
def test_an_engine_that_misses_a_rule_or_breaks_refers(
    evaluator: Evaluator, says: Any, caplog: pytest.LogCaptureFixture
) -> None:
    evaluator.engine = Deciding(says)
    evaluation = evaluator.evaluate(profile(**good()))
    assert (evaluation.verdict, evaluation.cause) == (Verdict.REFER, DISAGREEMENT)
    assert [r.levelno for r in caplog.records] == [logging.ERROR]


def test_no_rule_is_by_the_findings_that_decide(evaluator: Evaluator) -> None:
    """Neither engine alone makes "no rule applies" the cause."""
    evaluator.engine = Deciding(dict.fromkeys(RULESET.rules, N))
    assert evaluator.evaluate(profile(**good())).cause == DISAGREEMENT
    rules = RULES[RULES.index("- id: negative.energy") :]
    made = Evaluator(ruleset_of(rules))
    assert made.evaluate(profile(**good())).cause == NO_RULE
    made.close()


@pytest.mark.parametrize("changes", [{}, {"annual_tax": 1}, REJECTED, {"annual_tax": None}])
def test_what_is_in_doubt_is_explained_and_promises_nothing(
    evaluator: Evaluator, changes: dict[str, Any]
) -> None:
    evaluator.engine = Deciding(dict.fromkeys(RULESET.rules, U))
    evaluation = evaluator.evaluate(profile(**good(**changes)))
    assert evaluation.disputed
    assert evaluation.labels == ()
    # What is shown is one story: each status is that of the trace beside it.
    assert dict(evaluation.statuses) == explained(**changes)
    for finding in findings(evaluation):
        assert finding.status is evaluation.statuses[finding.rule.id]
        assert trace_of(evaluation, finding.rule.id)["finding"] == finding.to_dict()
    data = result(evaluation)
    assert data["cause"] == DISAGREEMENT
    assert data["sentence"] == f"提交会审：{DISAGREEMENT}。"
    advice = counterfactual(evaluation)
    assert (advice.outcome, advice.reaches) == ("not_found", None)
    assert (advice.single, advice.joint, advice.fill) == ((), (), ())
    assert advice.text() == "系统内部核对不一致，不给出修改建议。"
