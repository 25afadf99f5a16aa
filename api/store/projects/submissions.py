"""Submitting a dossier: judged, numbered, kept; once for each Idempotency-Key.

Judging happens before the transaction, so that the database is held only for the writing. Inside
it the ruleset in force is looked at again: had another been published meanwhile, the dossier is
judged again, so that every decision is wholly of one ruleset, the one in force when it commits.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.database.tables import Counter, Decision, Hit, Idempotency, Project, dump_json
from api.errors import Conflict
from api.judging.judge import SOFTWARE, Judge, Judged
from api.store.core import Store
from api.store.preconditions import must_be, of_project
from api.store.projects import documents, origins
from api.store.projects.acceptance import NO_DAYS, Days, accept, stamped
from api.store.projects.answers import receipt_data
from api.store.projects.listed import fill
from api.store.projects.stages import stage_for
from api.store.projects.supplied import KEY, Supply, as_asked, carried, entry
from api.store.promises.rates import past_record
from api.store.review.outcomes import CONCLUDED
from api.store.review.tasks import open_tasks
from api.store.rulesets import current_identity, hold
from api.store.service import facts
from api.store.visibility import get_project, may_write
from api.store.work import SYSTEM, Actor, Work
from api.transport.seen import Seen
from api.workdays.china import china_day, today
from evaluator.dossier.dossier import Profile
from evaluator.rulebook.verdict import Status, Verdict
from evaluator.values.numbers import stored

PAST = frozenset({"past_fulfilment_rate", "past_commitments_due"})
MAX_TRIES = 5
HITS = (Status.VIOLATED.value, Status.UNKNOWN.value)


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked: a dossier as JSON data, for a new project or as a new version of ``number``.

    ``days`` are the committee's alone; ``seen`` is the state of the project that it is to be a new
    version of. ``stage`` is that of a new project, the last where none is named; a new version is
    of the stage that the project is at. ``idempotency_key`` makes a repeated request give the first
    answer again. ``supply``: a department fills in what its task asks for. ``origins``: by name, the
    place in a document that a value was taken over from. ``facts``: what is known beside the dossier.
    """

    dossier: Any
    number: str | None = None
    idempotency_key: str | None = None
    days: Days = NO_DAYS
    seen: Seen | None = None
    stage: str | None = None
    supply: Supply | None = None
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """What must be the same for a repetition."""
        more: list[Any] = [] if self.stage is None else [self.stage]
        more += [_plain(dict(self.origins))] if self.origins else []
        more += [dict(self.facts)] if self.facts else []
        text = dump_json([_plain(self.dossier), self.number, self.days.told(), *more])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a submission. ``repeated``: it had been given before under the same key."""

    data: dict[str, Any]
    repeated: bool

    @property
    def number(self) -> str:
        """The 受理编号."""
        return str(self.data["number"])


def submit(store: Store, actor: Actor, asked: Submission, request_id: str | None = None) -> Receipt:
    """Judge and keep a dossier.

    Raises DossierError for a dossier that cannot be read, Missing or Denied for ``number``, and
    Conflict where the Idempotency-Key was used for something else.
    """
    for _ in range(MAX_TRIES):
        day = store.day()
        with store.db.read() as session:
            known = _known(session, actor, asked)
            if known is not None:
                return known
            judge = store.rulesets.current_in(session)
            read = judge.read(stamped(asked.dossier, day))
            project = get_project(session, actor, asked.number) if asked.number else None
            newest = session.get_one(Decision, project.decision_id) if project else None
            stage = stage_for(judge.ruleset, asked.stage, newest)
            earlier = project.submitted_on if project else None
            limit = store.paper_days
            profile, acceptance = accept(read, actor, asked.days, day, limit, earlier)
            profile = _with_record(session, judge, profile)
        judged = judge.judge(profile, acceptance.as_of, stage)
        case = Case(judge, profile, acceptance.told(), judged, day)
        try:
            receipt = record(store, store.work(actor, request_id), asked, case)
        except IntegrityError:
            # Someone else took the same Idempotency-Key at this moment: their answer is ours.
            if asked.idempotency_key is None:
                raise
            continue
        if receipt is not None:
            return receipt
    raise Conflict("规则集正在更换，请稍后重新提交")


@dataclass(frozen=True, slots=True)
class Case:
    """A dossier that was accepted on a day and judged; ``acceptance`` tells how the day came about."""

    judge: Judge
    profile: Profile
    acceptance: dict[str, Any] | None
    judged: Judged
    day: dt.date


def _with_record(session: Session, judge: Judge, profile: Profile) -> Profile:
    """The dossier with the enterprise's past record, where the rulebook has fields for it.

    A rulebook that wants to judge by past fulfilment declares these fields in its ``fields.yaml``;
    what the record says is then part of the snapshot, like everything else that was judged.
    """
    registry = judge.ruleset.registry
    code = profile.values.get("unified_social_credit_code")
    if not isinstance(code, str) or PAST.isdisjoint(registry.fields):
        return profile
    record = past_record(session, SYSTEM, code, today())
    extra = {k: v for k, v in record.items() if k in registry.fields and k not in profile.values}
    return judge.read({**profile.to_dict(registry), **stored(extra)}) if extra else profile


def _known(session: Session, actor: Actor, asked: Submission) -> Receipt | None:
    if asked.idempotency_key is None:
        return None
    earlier = session.get(Idempotency, (actor.account_id, asked.idempotency_key))
    if earlier is None:
        return None
    if earlier.request_digest != asked.digest():
        raise Conflict("这个 Idempotency-Key 已用于另一次内容不同的提交")
    return Receipt(json.loads(earlier.answer), True)


def record(
    store: Store,
    begun: AbstractContextManager[Work],
    asked: Submission,
    case: Case,
    reason: str | None = None,
) -> Receipt | None:
    """All that a submission writes, in one transaction; None where ruleset or day has changed.

    With ``reason`` it is the committee that moves the project on, with the dossier as it was.
    """
    judge, profile, judged = case.judge, case.profile, case.judged
    with begun as work:
        session = work.session
        hold(session)
        if current_identity(session) != judge.ruleset.identity or store.day() != case.day:
            return None
        known = _known(session, work.actor, asked)
        if known is not None:
            return known
        dossier = profile.to_dict(judge.ruleset.registry)
        task = None
        if asked.number is None:
            project, before = _new_project(work, profile), None
        else:
            task = as_asked(work, asked.supply) if asked.supply else None
            project = get_project(session, work.actor, asked.number, lock=True)
            if task is None:
                may_write(work.actor, project)
            if project.state in CONCLUDED:
                raise Conflict("委员会已有结论，不能再改申报材料；有变化请作为新项目申报")
            if task is None:
                as_seen(session, project, asked.seen)
            before = session.get_one(Decision, project.decision_id)
        old_dossier = json.loads(before.dossier) if before else {}
        supplied = carried(before.acceptance, old_dossier, dossier) if before else []
        if task is not None and asked.supply is not None:
            supplied.append(entry(task, work.actor, work.now, asked.supply.names))
        came = origins.of_version(work, asked.origins, before, old_dossier, dossier, judge)
        told = {k: v for k, v in ((KEY, supplied), (origins.KEY, came)) if v}
        rest = {k: v for k, v in (case.acceptance or {}).items() if k not in (KEY, origins.KEY)}
        if supplied or case.acceptance is not None:
            case = replace(case, acceptance=rest | told)
        decision = _decision(work, project, dossier, case)
        _apply(session, project, profile, decision, work.now)
        session.flush()
        if asked.facts:
            facts.write(work, project, asked.facts)
        documents.tie(work, project, {e["sha256"] for e in came if "sha256" in e})
        referred = judged.evaluation.verdict is Verdict.REFER
        departments = _asked_departments(judged) if referred else frozenset()
        days = store.review_workdays
        open_tasks(work, project, decision, departments, store.calendar, days, before)
        if departments:
            project.state = "review"
        answer = receipt_data(project, decision, judged, before, dossier, judge)
        if asked.idempotency_key is not None:
            session.add(
                Idempotency(
                    account_id=work.actor.account_id,
                    key=asked.idempotency_key,
                    status=201,
                    request_digest=asked.digest(),
                    answer=dump_json(answer),
                    created_at=work.now,
                )
            )
        after = {
            "version": decision.version,
            "decision": decision.id,
            "verdict": decision.verdict,
            "digest": decision.digest,
            "dossier_digest": decision.dossier_digest,
            "ruleset": decision.ruleset,
            "as_of": decision.as_of.isoformat(),
            "acceptance": decision.acceptance,
        }
        if decision.stage is not None:
            after["stage"] = decision.stage
        old = {"version": before.version, "verdict": before.verdict} if before else None
        if reason is None:
            work.log("project.submit", f"project:{project.number}", old, after)
        else:
            old = {**(old or {}), "stage": before.stage if before else None}
            work.log("project.stage", f"project:{project.number}", old, after | {"reason": reason})
        if task is not None:
            filled = {"version": decision.version, "decision": decision.id, **supplied[-1]}
            work.log("task.fill", f"task:{task.id}", None, filled)
        return Receipt(answer, False)


def as_seen(session: Session, project: Project, seen: Seen | None) -> None:
    """Raise Changed unless the project is as it was seen."""
    now = of_project(session, project)
    subjects = [f"project:{project.number}", f"decision:{project.decision_id}"]
    must_be(session, seen or Seen(0, ""), now, f"项目 {project.number}", subjects)


def _asked_departments(judged: Judged) -> frozenset[str]:
    """The departments whose findings keep the project from passing.

    Not the applicant, whose part is to supplement: a task of its own would wait for ever.
    """
    ruleset = judged.evaluation.ruleset
    answering = (ruleset.rules[r].departments for r in judged.evaluation.blocking)
    return frozenset(d for departments in answering for d in departments) - {
        ruleset.registry.applicant
    }


def _new_project(work: Work, profile: Profile) -> Project:
    number = next_number(work, f"ZR{china_day(work.now).year}")
    return Project(
        number=number,
        owner_id=work.actor.account_id,
        created_at=work.now,
        version=0,
        project_code=profile.id,
        name=profile.name,
        search="",
        submitted_on=profile.submitted_on,
        verdict="",
        decision_id=0,
        state="decided",
        updated_at=work.now,
    )


def next_number(work: Work, name: str) -> str:
    """The next number under ``name``, without gaps: ``ZR2026-000001``."""
    start = text("INSERT INTO counters (name, last) VALUES (:name, 0) ON CONFLICT DO NOTHING")
    work.session.execute(start, {"name": name})
    bump = update(Counter).where(Counter.name == name).values(last=Counter.last + 1)
    last = work.session.scalar(bump.returning(Counter.last))
    return f"{name}-{last:06d}"


def _decision(work: Work, project: Project, dossier: dict[str, Any], case: Case) -> Decision:
    session, judge, judged = work.session, case.judge, case.judged
    if project.id is None:
        session.add(project)
        session.flush()
    text = dump_json(dossier)
    decision = Decision(
        project_id=project.id,
        version=project.version + 1,
        dossier=text,
        dossier_digest=hashlib.sha256(text.encode()).hexdigest(),
        ruleset=judge.ruleset.identity,
        as_of=judged.evaluation.as_of,
        engine=judge.engine,
        software=SOFTWARE,
        verdict=judged.evaluation.verdict.value,
        result=judged.body.decode(),
        digest=hashlib.sha256(judged.body).hexdigest(),
        decided_by=work.actor.account_id,
        decided_at=work.now,
        acceptance=case.acceptance,
        stage=judged.evaluation.stage.id if judged.evaluation.stage else None,
    )
    session.add(decision)
    session.flush()
    rows = [
        {
            "decision_id": decision.id,
            "rule": f["rule"],
            "department": department,
            "status": f["status"],
            "effect": f["effect"],
        }
        for f in judged.data["findings"]
        if f["status"] in HITS
        for department in dict.fromkeys(f["departments"] or ("",))
    ]
    if rows:
        session.execute(Hit.__table__.insert(), rows)  # type: ignore[attr-defined]
    return decision


def _apply(
    session: Session, project: Project, profile: Profile, decision: Decision, now: dt.datetime
) -> None:
    fill(session, project, profile)
    project.version, project.decision_id = decision.version, decision.id
    project.verdict, project.stage = decision.verdict, decision.stage
    project.state = "decided"
    project.updated_at = now


def _plain(value: Any) -> Any:
    """JSON data with numbers as text, so that Decimal and int digest alike wherever they came from."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value if isinstance(value, (str, bool)) or value is None else {"n": str(value)}
