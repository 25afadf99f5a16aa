"""The 标准地 agreement: signing it makes the commitments; an amendment takes a second person's approval.

What was signed is kept as it stood. Actuals that are reported on the commitments are judged by the rules and on
the day of the decision that the agreement rests on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.agreement_tables import Agreement, Amendment
from api.database.review_tables import Commitment, Report
from api.database.tables import Decision, Project
from api.errors import Conflict, Invalid, Missing
from api.judging.judge import Judge
from api.store.preconditions import commitment_now, must_be
from api.store.promises import commitments
from api.store.promises.commitments import AMOUNTS, FUNDED, Promise, keeps, title_of
from api.store.promises.figures import Figure, figures_of
from api.store.review.outcomes import ADMITTED
from api.store.visibility import get_project
from api.store.work import Actor, Work
from api.transport.schemas import record
from api.transport.seen import Seen, SeenText, state
from api.workdays.china import china_day
from evaluator.rulebook.reads import fields_of
from evaluator.values.numbers import exact_text

LONGEST = 200


@record
class AmendmentOut:
    """A change of one commitment; ``approved`` is null until somebody else has decided."""

    id: int
    commitment: int
    title: str
    unit: str | None
    old_promised: str | None
    old_due_on: dt.date
    promised: str | None
    due_on: dt.date
    reason: str
    asked_by: str
    asked_at: dt.datetime
    approved: bool | None
    note: str | None
    decided_by: str | None
    decided_at: dt.datetime | None
    seen: SeenText


@record
class AgreementOut:
    """A signed agreement with its amendments, newest first."""

    number: str
    decision: int
    paper: str
    signed_on: dt.date
    figures: tuple[Figure, ...]
    made_by: str
    made_at: dt.datetime
    amendments: tuple[AmendmentOut, ...]


@dataclass(frozen=True, slots=True)
class Signing:
    """What is signed: the paper's number, its day, by which day each kind is due, the money in place (万元)."""

    paper: str
    signed_on: dt.date
    due: Mapping[str, dt.date]
    funded: str | None = None


def amendment_seen(a: Amendment) -> Seen:
    """An amendment, open or decided."""
    return state(int(a.decided_at is not None), [a.promised, a.due_on.isoformat(), a.approved])


def of_project(session: Session, actor: Actor, number: str) -> AgreementOut | None:
    """A project's agreement; None where none is signed. Raises Missing or Denied."""
    project = get_project(session, actor, number)
    agreement = session.scalar(select(Agreement).where(Agreement.project_id == project.id))
    if agreement is None:
        return None
    query = (
        select(Amendment, Commitment)
        .join(Commitment, Commitment.id == Amendment.commitment_id)
        .where(Amendment.agreement_id == agreement.id)
        .order_by(Amendment.id.desc())
    )
    return AgreementOut(
        number=number,
        decision=agreement.decision_id,
        paper=agreement.paper,
        signed_on=agreement.signed_on,
        figures=tuple(Figure(**f) for f in agreement.figures),
        made_by=agreement.made_by,
        made_at=agreement.made_at,
        amendments=tuple(_out(a, c) for a, c in session.execute(query)),
    )


def _out(a: Amendment, c: Commitment) -> AmendmentOut:
    return AmendmentOut(
        id=a.id,
        commitment=a.commitment_id,
        title=title_of(c.kind),
        unit=c.unit,
        old_promised=a.old_promised,
        old_due_on=a.old_due_on,
        promised=a.promised,
        due_on=a.due_on,
        reason=a.reason,
        asked_by=a.asked_by,
        asked_at=a.asked_at,
        approved=a.approved,
        note=a.note,
        decided_by=a.decided_by,
        decided_at=a.decided_at,
        seen=str(amendment_seen(a)),
    )


def sign(work: Work, judge: Judge, number: str, given: Signing, seen: Seen) -> None:
    """Sign: keep the figures and make the commitments. Raises Invalid, Conflict."""
    project = get_project(work.session, work.actor, number, lock=True)
    if project.state not in ADMITTED:
        raise Conflict("委员会同意准入或附条件准入以后才能签协议")
    if work.session.scalar(select(Agreement.id).where(Agreement.project_id == project.id)):
        raise Conflict("这个项目已经签过协议；有变化请变更承诺")
    paper = given.paper.strip()
    if not 0 < len(paper) <= LONGEST:
        raise Invalid("paper", f"请填写协议编号，最多 {LONGEST} 个字")
    if given.signed_on > china_day(work.now):
        raise Invalid("signed_on", "签订日期不能是将来的日期")
    if not given.due:
        raise Invalid("due", "至少写明一项承诺的期限")
    decision = work.session.get_one(Decision, project.decision_id)
    profile = judge.read_snapshot(commitments.dossier_of(decision))
    evaluation = judge.judge(profile, decision.as_of, decision.stage, counterfactual=False)
    figures = figures_of(evaluation.data, profile, judge.ruleset)
    query = select(Commitment.kind).where(Commitment.project_id == project.id)
    made = set(work.session.scalars(query))
    wanted = [Promise("signed", given.signed_on)] if "signed" not in made else []
    for kind, day in given.due.items():
        if kind in made:
            raise Invalid(f"due.{kind}", f"“{title_of(kind)}”已有承诺，请不要再填")
        if day < given.signed_on:
            raise Invalid(f"due.{kind}", f"{title_of(kind)}的期限不能早于签订日期")
        wanted.append(Promise(kind, day, given.funded if kind == FUNDED else None))
    try:
        commitments.promise(work, number, tuple(wanted), seen)
    except Invalid as error:
        place, _, part = error.field.partition("/")
        kind = wanted[int(place)].kind if place.isdecimal() else ""
        named = "funded" if part == "promised" and kind == FUNDED else f"due.{kind}"
        raise Invalid(named, error.detail) from None
    work.session.add(
        Agreement(
            project_id=project.id,
            decision_id=decision.id,
            paper=paper,
            signed_on=given.signed_on,
            figures=[asdict(f) for f in figures],
            made_by=work.actor.name,
            made_at=work.now,
        )
    )
    work.session.flush()
    after = {"paper": paper, "on": given.signed_on.isoformat(), "decision": decision.id}
    work.log("agreement.sign", f"project:{number}", None, after)
    _signed(work, project, given.signed_on)


def _signed(work: Work, project: Project, day: dt.date) -> None:
    """The signing itself is reached."""
    query = select(Commitment).where(
        Commitment.project_id == project.id, Commitment.kind == "signed", ~Commitment.kept
    )
    commitment = work.session.scalar(query)
    if commitment is not None:
        now = commitment_now(work.session, commitment)
        commitments.report(work, commitment.id, day, None, "签订协议", now)


def amend(
    work: Work, commitment_id: int, due_on: dt.date, promised: str | None, reason: str, seen: Seen
) -> None:
    """Ask for a commitment to be changed. Raises Invalid, Conflict, Missing."""
    commitment = work.session.get(Commitment, commitment_id, with_for_update=True)
    if commitment is None:
        raise Missing("没有这项承诺")
    project = work.session.get_one(Project, commitment.project_id)
    get_project(work.session, work.actor, project.number)
    query = select(Agreement).where(Agreement.project_id == project.id)
    agreement = work.session.scalar(query)
    if agreement is None:
        raise Conflict("这个项目还没有签协议")
    commitments.promise_as_seen(work, commitment, project.number, seen)
    if not reason.strip():
        raise Invalid("reason", "请写明为什么变更")
    if (promised is not None) != (commitment.promised is not None):
        raise Invalid("promised", "有数量的承诺写新的数，只有日期的空着")
    exact = None if promised is None else exact_text(commitments.amount(promised, "promised"))
    commitments.fits(work.session, commitment, due_on)
    if (exact, due_on) == (commitment.promised, commitment.due_on):
        raise Invalid("due_on", "和现在的承诺一样，没有变更")
    open_ = select(Amendment.id).where(
        Amendment.commitment_id == commitment_id, Amendment.decided_at.is_(None)
    )
    if work.session.scalar(open_) is not None:
        raise Conflict("这项承诺已有一个变更在等批准")
    amendment = Amendment(
        agreement_id=agreement.id,
        commitment_id=commitment_id,
        old_promised=commitment.promised,
        old_due_on=commitment.due_on,
        promised=exact,
        due_on=due_on,
        reason=reason.strip(),
        asked_by=work.actor.name,
        asked_at=work.now,
    )
    work.session.add(amendment)
    work.session.flush()
    after = {"amendment": amendment.id, "kind": commitment.kind, "promised": exact}
    after |= {"due_on": due_on.isoformat(), "reason": amendment.reason}
    work.log("agreement.amend", f"project:{project.number}", None, after)


def decide(work: Work, amendment_id: int, approved: bool, note: str, seen: Seen) -> None:
    """Approve or refuse an amendment: never the one who asked for it. Raises Conflict, Invalid, Missing."""
    amendment = work.session.get(Amendment, amendment_id, with_for_update=True)
    if amendment is None:
        raise Missing("没有这个变更")
    commitment = work.session.get_one(Commitment, amendment.commitment_id, with_for_update=True)
    project = work.session.get_one(Project, commitment.project_id)
    get_project(work.session, work.actor, project.number)
    if amendment.decided_at is not None:
        raise Conflict("这个变更已经有人办过")
    if amendment.asked_by == work.actor.name:
        raise Conflict("提出变更的人不能自己批准")
    now = amendment_seen(amendment)
    must_be(work.session, seen, now, "这个变更", [f"project:{project.number}"])
    if not approved and not note.strip():
        raise Invalid("note", "不批准的请写明理由")
    before = {"promised": commitment.promised, "due_on": commitment.due_on.isoformat()}
    after: dict[str, Any] = {"amendment": amendment.id, "kind": commitment.kind}
    after |= {"approved": approved, "note": note.strip()}
    if approved:
        commitments.fits(work.session, commitment, amendment.due_on)
        commitment.promised, commitment.due_on = amendment.promised, amendment.due_on
        commitment.kept = _kept(work.session, commitment)
        after |= {"promised": amendment.promised, "due_on": amendment.due_on.isoformat()}
    amendment.approved, amendment.note = approved, note.strip() or None
    amendment.decided_by, amendment.decided_at = work.actor.name, work.now
    work.session.flush()
    work.log("agreement.decide", f"project:{project.number}", before if approved else None, after)


def _kept(session: Session, commitment: Commitment) -> bool:
    """Whether the newest report fulfils the commitment as it now is."""
    query = select(Report).where(Report.commitment_id == commitment.id).order_by(Report.id.desc())
    last = session.scalars(query.limit(1)).first()
    return last is not None and keeps(commitment.kind, commitment.promised, last.value)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule by what was promised and by what was reached; values as the findings print them."""

    title: str
    required: str | None
    unit: str | None
    promised: str | None
    reached: str | None
    was: str
    now: str


def actuals(judge: Judge, decision: Decision, reached: Mapping[str, str]) -> tuple[Check, ...]:
    """The rules that read what was reported, by the dossier and by the actuals in its place.

    ``reached``: by kind, the newest actual of an amount. Judged as the decision was: by its rules, its day.
    """
    profile = judge.read_snapshot(commitments.dossier_of(decision))
    actual, names = profile, set[str]()
    for kind, value in reached.items():
        if kind in AMOUNTS:
            names.add(AMOUNTS[kind][0])
            actual = actual.with_value(AMOUNTS[kind][0], Fraction(value))
    if not names:
        return ()
    before, after = (
        {
            f["rule"]: f
            for f in judge.judge(p, decision.as_of, decision.stage, counterfactual=False).data[
                "findings"
            ]
        }
        for p in (profile, actual)
    )
    out = []
    for rule_id, now in after.items():
        rule, was = judge.ruleset.rules[rule_id], before.get(rule_id)
        read = {n.partition(".")[0] for n in fields_of(rule, judge.ruleset)}
        if was is None or not names & read or now["effect"] == "advise":
            continue
        if now["status"] == "not_applicable":
            continue
        out.append(
            Check(
                now["title"],
                now["required"],
                now["unit"],
                was["value"],
                now["value"],
                was["status"],
                now["status"],
            )
        )
    return tuple(sorted(out, key=lambda c: (c.now != "violated", c.title)))
