"""The 标准地 agreement: signing makes the commitments, actuals are judged by the same rules, amendments by two."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text

from api.database.review_tables import Commitment
from api.database.tables import Decision
from api.errors import Conflict, Invalid
from api.store.preconditions import commitment_now
from api.store.projects import lookup
from api.store.promises import agreements, commitments
from api.store.promises.agreements import Signing
from api.store.promises.figures import figures_of
from api.transport.seen import read_seen
from api.workdays.china import today
from tests.api.support import Service

SIGNED = dt.date(2026, 1, 10)
DUE = {
    "started": dt.date(2026, 6, 1),
    "production": dt.date(2027, 6, 1),
    "tax": dt.date(2028, 1, 1),
}


def admitted(service: Service) -> str:
    receipt = service.submit("d01")
    body: dict[str, Any] = {"outcome": "admit", "reason": "同意"}
    path = f"/decisions/{receipt['decision']}/conclusion"
    open_ = service.undecided(receipt["decision"])
    if open_:
        body["undecided"] = open_
    told = service.call("committee", "POST", path, json=body)
    assert told.status_code == 201, told.text
    return str(receipt["number"])


def judge_of(service: Service, session: Any, number: str) -> Any:
    decision = lookup.get(session, service.actors["committee"], number).decision
    ruleset = session.get_one(Decision, decision).ruleset
    return service.store.rulesets.past(session, ruleset)


def sign(service: Service, number: str, **more: Any) -> None:
    given = Signing(**{"paper": "标准地 1 号", "signed_on": SIGNED, "due": DUE, **more})
    with service.store.work(service.actors["committee"]) as work:
        judge = judge_of(service, work.session, number)
        seen = lookup.seen(work.session, work.actor, number)
        agreements.sign(work, judge, number, given, seen)


def of_kind(service: Service, number: str, kind: str) -> Any:
    with service.store.db.read() as session:
        made = commitments.of_project(session, service.actors["committee"], number, today())
    return next(c for c in made if c.kind == kind)


def test_signing_keeps_the_figures_and_makes_the_commitments(service: Service) -> None:
    number = admitted(service)
    sign(service, number)
    with service.store.db.read() as session:
        told = agreements.of_project(session, service.actors["auditor"], number)
        judge = judge_of(service, session, number)
        decision = session.get_one(Decision, told.decision) if told else None
        assert told is not None
        assert decision is not None
        profile = judge.read_snapshot(json.loads(decision.dossier))
        result = json.loads(decision.result)
    assert (told.paper, told.signed_on) == ("标准地 1 号", SIGNED)
    assert told.figures == figures_of(result, profile, judge.ruleset)
    by_title = {f.title: f for f in told.figures}
    finding = next(f for f in result["findings"] if f["rule"] == "positive.investment_intensity")
    figure = by_title[finding["title"]]
    assert (figure.value, figure.standard, figure.word) == (
        finding["value"],
        finding["required"],
        "不低于",
    )
    assert figure.basis.startswith(finding["basis"][0]["text"])
    assert by_title["达产年税收"].standard == ""
    assert by_title["年综合能源消费量"].word == "不高于"
    assert any(t.startswith("主要污染物年排放量") for t in by_title)
    signed, tax = of_kind(service, number, "signed"), of_kind(service, number, "tax")
    assert (signed.due_on, signed.met, signed.light) == (SIGNED, True, "green")
    assert Fraction(tax.promised) == profile.values["annual_tax"]
    query = text(f"SELECT action FROM audit_log WHERE subject = 'project:{number}' ORDER BY seq")
    with service.store.db.read() as session:
        said = session.execute(query).scalars().all()
    assert said[-2:] == ["agreement.sign", "commitment.report"]
    with pytest.raises(Conflict, match="已经签过"):
        sign(service, number)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"paper": " "}, "paper"),
        ({"signed_on": dt.date(2199, 1, 1)}, "signed_on"),
        ({"due": {}}, "due"),
        ({"due": {"started": dt.date(2020, 1, 1)}}, "due.started"),
        ({"due": {**DUE, "production": dt.date(2026, 2, 1)}}, "due.production"),
        ({"due": {"funded": dt.date(2027, 1, 1)}, "funded": "三千"}, "funded"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    service: Service, more: dict[str, Any], field: str
) -> None:
    number = admitted(service)
    with pytest.raises(Invalid) as refused:
        sign(service, number, **more)
    assert refused.value.field == field
    with service.store.db.read() as session:
        assert agreements.of_project(session, service.actors["committee"], number) is None
        count = text(
            "SELECT count(*) FROM commitments c JOIN projects p ON p.id = c.project_id"
            f" WHERE p.number = '{number}'"
        )
        assert session.scalar(count) == 0


def test_only_what_is_admitted_is_signed(service: Service) -> None:
    number = service.submit("d01")["number"]
    with pytest.raises(Conflict, match="同意准入"):
        sign(service, number)


def test_actuals_are_judged_by_the_same_rules(service: Service) -> None:
    number = admitted(service)
    sign(service, number)
    with service.store.db.read() as session:
        decision = session.get_one(
            Decision, lookup.get(session, service.actors["committee"], number).decision
        )
        judge = judge_of(service, session, number)
        assert agreements.actuals(judge, decision, {}) == ()
        checks = {c.title: c for c in agreements.actuals(judge, decision, {"tax": "100"})}
        dossier = {**json.loads(decision.dossier), "annual_tax": "100"}
        expected = judge.judge(judge.read_snapshot(dossier), decision.as_of, decision.stage).data
    by_rule = {f["title"]: f for f in expected["findings"]}
    assert checks["亩均税收"].now == by_rule["亩均税收"]["status"] == "violated"
    assert (checks["亩均税收"].was, checks["亩均税收"].reached) == (
        "satisfied",
        by_rule["亩均税收"]["value"],
    )
    assert all(c.now == by_rule[t]["status"] for t, c in checks.items())
    assert "容积率" not in checks


def test_an_amendment_takes_a_second_person(service: Service) -> None:
    number = admitted(service)
    sign(service, number)
    tax = of_kind(service, number, "tax")
    first, other = service.actors["committee"], service.actors["publisher"]

    def ask(due: dt.date, promised: str | None, reason: str = "市场变化") -> None:
        with service.store.work(first) as work:
            seen = commitment_now(work.session, work.session.get_one(Commitment, tax.id))
            agreements.amend(work, tax.id, due, promised, reason, seen)

    for due, promised, reason in (
        (tax.due_on, tax.promised, "x"),
        (tax.due_on, None, "x"),
        (tax.due_on, "10", " "),
        (tax.due_on, "-1", "x"),
    ):
        with pytest.raises(Invalid):
            ask(due, promised, reason)
    ask(dt.date(2029, 1, 1), "10")
    with pytest.raises(Conflict, match="在等批准"):
        ask(dt.date(2030, 1, 1), "10")
    assert of_kind(service, number, "tax").promised == tax.promised

    def decide(actor: Any, approved: bool, note: str = "") -> None:
        with service.store.work(actor) as work:
            told = agreements.of_project(work.session, actor, number)
            assert told is not None
            newest = told.amendments[0]
            agreements.decide(work, newest.id, approved, note, read_seen(newest.seen))

    with pytest.raises(Conflict, match="不能自己批准"):
        decide(first, True)
    with pytest.raises(Invalid):
        decide(other, False)
    decide(other, True)
    changed = of_kind(service, number, "tax")
    assert (changed.promised, changed.due_on) == ("10", dt.date(2029, 1, 1))
    with pytest.raises(Conflict, match="已经有人办过"):
        decide(other, True)
    ask(dt.date(2031, 1, 1), "5")
    decide(other, False, "理由不足")
    assert of_kind(service, number, "tax").promised == "10"
    with service.store.db.read() as session:
        told = agreements.of_project(session, first, number)
    assert told is not None
    assert [a.approved for a in told.amendments] == [False, True]
    assert told.amendments[1].old_promised == tax.promised
