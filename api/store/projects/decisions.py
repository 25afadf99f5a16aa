"""Decisions: the whole record, its findings, traces, and judging it again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy.orm import Session

from api.database.tables import Decision, Project
from api.errors import Denied, Missing
from api.judging.judge import SOFTWARE, Judge, Judged
from api.store.core import Store
from api.store.late import record_read
from api.store.preconditions import of_decision
from api.store.projects import origins
from api.store.projects.changes import moved_findings
from api.store.projects.supplied import visible
from api.store.rulesets import Rulesets
from api.store.visibility import (
    get_decision,
    sees_whole,
    visible_dossier,
    visible_result,
)
from api.store.work import Actor
from api.transport.schemas import StoredResult, VerdictWord, record
from api.transport.seen import SeenText
from api.transport.shapes import Acceptance, Moved, StoredValues, shown_as
from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.result import judgement
from evaluator.judgement.trace import trace_of


@record
class DecisionOut:
    """A decision as the actor may see it; ``digest`` is that of the whole canonical result."""

    id: int
    number: str
    version: int
    verdict: VerdictWord
    stage: str | None
    as_of: dt.date
    ruleset: str
    engine: str
    software: str
    digest: str
    dossier_digest: str
    decided_at: dt.datetime
    decided_by: str
    acceptance: Annotated[dict[str, Any], shown_as(Acceptance)] | None
    whole: bool
    seen: SeenText
    dossier: StoredValues
    result: StoredResult


@record
class ReplayOut:
    """Whether judging the stored dossier by the stored ruleset gives the stored bytes.

    ``same_judgement`` leaves out the wording, which a later version of the program may have put
    better: verdict, statuses and figures are the same.
    """

    decision: int
    identical: bool
    same_judgement: bool
    stored_digest: str
    replayed_digest: str
    stored_intact: bool
    ruleset: str
    as_of: dt.date
    software: str
    software_now: str
    moved: tuple[Annotated[dict[str, Any], shown_as(Moved)], ...]


def get(session: Session, rulesets: Rulesets, actor: Actor, decision_id: int) -> DecisionOut:
    """One decision. Raises Missing or Denied; Unreadable for a department, whose part the ruleset tells."""
    decision, project = get_decision(session, actor, decision_id)
    dossier, acceptance = json.loads(decision.dossier), decision.acceptance
    if not sees_whole(actor, project):
        ruleset = rulesets.past(session, decision.ruleset).ruleset
        dossier = visible_dossier(actor, project, dossier, ruleset)
        acceptance = origins.shown(visible(acceptance, actor.departments), dossier)
    return DecisionOut(
        id=decision.id,
        number=project.number,
        version=decision.version,
        verdict=decision.verdict,
        stage=decision.judged_at,
        as_of=decision.as_of,
        ruleset=decision.ruleset,
        engine=decision.engine,
        software=decision.software,
        digest=decision.digest,
        dossier_digest=decision.dossier_digest,
        decided_at=decision.decided_at,
        decided_by=origins.person_of(session, decision),
        acceptance=acceptance,
        whole=sees_whole(actor, project),
        seen=str(of_decision(session, decision, project)),
        dossier=dossier,
        result=visible_result(actor, project, json.loads(decision.result)),
    )


def log_read(store: Store, actor: Actor, decision_id: int, part: str, request_id: str) -> None:
    """A decision was read: who, when, which part."""
    record_read(store, actor, f"decision:{decision_id}", {"part": part}, request_id)


def findings(
    session: Session, actor: Actor, decision_id: int, department: str | None, status: str | None
) -> tuple[dict[str, Any], ...]:
    """The findings that the actor may see, perhaps of one department or status only."""
    decision, project = get_decision(session, actor, decision_id)
    shown = visible_result(actor, project, json.loads(decision.result))["findings"]
    return tuple(
        f
        for f in shown
        if (department is None or department in f["departments"])
        and (status is None or f["status"] == status)
    )


def counterfactual(session: Session, actor: Actor, decision_id: int) -> dict[str, Any]:
    """How the project would have passed. Raises Denied for a department, which sees only a part."""
    decision, project = get_decision(session, actor, decision_id)
    if not sees_whole(actor, project):
        raise Denied("修改建议涉及其他部门负责的内容，不在您的查看范围内")
    change: dict[str, Any] = json.loads(decision.result)["counterfactual"]
    return change


def _judged_again(
    session: Session, rulesets: Rulesets, decision: Decision
) -> tuple[Judge, Profile]:
    judge = rulesets.past(session, decision.ruleset)
    profile = judge.read_snapshot(json.loads(decision.dossier))
    return judge, profile


def evaluation_of(
    session: Session, rulesets: Rulesets, actor: Actor, decision_id: int
) -> Evaluation:
    """The decision judged again, by the stored ruleset as of its day. Raises Missing."""
    decision, _ = get_decision(session, actor, decision_id)
    judge, profile = _judged_again(session, rulesets, decision)
    return judge.evaluate(profile, decision.as_of, decision.judged_at)


def trace(
    session: Session, rulesets: Rulesets, actor: Actor, decision_id: int, rule_id: str
) -> dict[str, Any]:
    """The whole trace of one finding, by the stored ruleset. Raises Missing or Denied."""
    decision, project = get_decision(session, actor, decision_id)
    finding = _finding(decision, rule_id)
    if not sees_whole(actor, project) and not actor.departments & set(finding["departments"]):
        raise Denied("这一项不由您的部门负责")
    judge, profile = _judged_again(session, rulesets, decision)
    evaluation = judge.evaluate(profile, decision.as_of, decision.judged_at)
    return {
        "decision": decision.id,
        "number": project.number,
        "version": decision.version,
        "ruleset": decision.ruleset,
        "finding": finding,
        "trace": trace_of(evaluation, rule_id),
    }


def _finding(decision: Decision, rule_id: str) -> dict[str, Any]:
    for finding in json.loads(decision.result)["findings"]:
        if finding["rule"] == rule_id:
            same: dict[str, Any] = finding
            return same
    raise Missing(f"这次判定没有用到规则“{rule_id[:80]}”")


@dataclass(frozen=True, slots=True)
class Again:
    """A stored decision judged again: what was kept, what comes out, and whether it is the same.

    ``intact``: what is stored has the digests, and the verdict, that were stored with it.
    """

    judged: Judged
    kept: dict[str, Any]
    identical: bool
    same_judgement: bool
    intact: bool


def judge_again(session: Session, rulesets: Rulesets, decision: Decision) -> Again:
    """Judge the stored dossier by the stored ruleset. Raises Missing where that cannot be read."""
    judge, profile = _judged_again(session, rulesets, decision)
    judged = judge.judge(profile, decision.as_of, decision.judged_at)
    stored = decision.result.encode()
    intact = (
        hashlib.sha256(stored).hexdigest() == decision.digest
        and hashlib.sha256(decision.dossier.encode()).hexdigest() == decision.dossier_digest
    )
    kept = json.loads(decision.result)
    # The columns that lists go by, too; decisions of before have no stage there.
    intact = intact and kept["verdict"] == decision.verdict
    intact = intact and decision.stage in (None, kept.get("stage"))
    same = judgement(kept) == judgement(judged.data)
    return Again(judged, kept, judged.body == stored, same, intact)


def replay(session: Session, rulesets: Rulesets, actor: Actor, decision_id: int) -> ReplayOut:
    """Judge the stored dossier again by the stored ruleset, and compare the bytes."""
    decision, project = get_decision(session, actor, decision_id)
    return replay_decision(session, rulesets, decision, project, actor)


def replay_decision(
    session: Session, rulesets: Rulesets, decision: Decision, project: Project, actor: Actor
) -> ReplayOut:
    """The same for a decision at hand."""
    again = judge_again(session, rulesets, decision)
    old = visible_result(actor, project, again.kept)
    new = visible_result(actor, project, again.judged.data)
    return ReplayOut(
        decision=decision.id,
        identical=again.identical,
        same_judgement=again.same_judgement,
        stored_digest=decision.digest,
        replayed_digest=hashlib.sha256(again.judged.body).hexdigest(),
        stored_intact=again.intact,
        ruleset=decision.ruleset,
        as_of=decision.as_of,
        software=decision.software,
        software_now=SOFTWARE,
        moved=tuple(moved_findings(old, new)),
    )
