"""A stored decision as a page: the conclusion first, the verdict second, then review and promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.access.security import allowed, store_of
from api.database.tables import Decision
from api.errors import Missing, Unreadable
from api.pages.assess.cases import Case, Origin, case_of
from api.pages.assess.judged import verdict_page
from api.pages.committee.heads import heads_of, shown_value
from api.pages.frame.render import page
from api.pages.frame.words import VERDICTS
from api.store import accounts
from api.store.core import Store
from api.store.projects import decisions, documents, lookup, origins, stages
from api.store.projects.changes import changed_fields, moved_findings
from api.store.projects.decisions import DecisionOut
from api.store.projects.duplicates import Wanted, duplicates
from api.store.projects.supplied import KEY, label_of
from api.store.promises import commitments, supervision
from api.store.promises.commitments import MILESTONES
from api.store.review import conclusions
from api.store.review.conclusions import ConclusionOut
from api.store.review.outcomes import CONCLUDED, bodies_of, counts_undecided, undecided_of
from api.store.review.tasks import TaskOut, find_tasks
from api.store.service import facts, obstacles
from api.store.service.obstacles import Sought
from api.store.work import Actor
from api.transport.telemetry import request_id
from api.workdays.china import today

CONDITION_ROWS = 6
# What may be promised, with its unit.
KINDS = {
    **MILESTONES,
    "funded": "资金到位（万元，可不填）",
    "investment": "投资（万元）",
    "output": "产值（万元/年）",
    "tax": "税收（万元/年）",
    "energy": "能耗（吨标准煤/年）",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """What was posted and not taken: what is wrong where, and what was typed.

    ``form``: "conclude", "promise", "obstacle", or "report" with the promise's number.
    """

    field: str
    text: str
    given: Mapping[str, str]
    form: str = "conclude"

    @property
    def at(self) -> str:
        """The form's element that is meant."""
        if self.form != "conclude":
            return f"{self.form}-{self.field}"
        if self.field == "conditions":
            return "conditions.0.text"
        return "o-suspend" if self.field == "outcome" else self.field.replace("/", ".")


def case_at(
    store: Store, session: Session, actor: Actor, decision_id: int
) -> tuple[DecisionOut, Case]:
    """A stored decision and what pages show of it."""
    view = decisions.get(session, store.rulesets, actor, decision_id)
    judge = store.rulesets.past(session, view.ruleset)
    origin = Origin(
        "decision",
        f"/decisions/{view.id}",
        number=view.number,
        version=view.version,
        decision=view.id,
        decided_at=view.decided_at,
        digest=view.digest,
        whole=view.whole,
    )
    names = origins.names_in(view.dossier, judge.ruleset.registry)
    came = origins.by_name(view.acceptance, view.decided_by, names)
    return view, case_of(origin, view.result, judge.read_snapshot(view.dossier), judge, came)


def conclusion_at(session: Session, actor: Actor, decision_id: int) -> ConclusionOut | None:
    """The conclusion that stands; None where there is none."""
    try:
        return conclusions.conclusion_of(session, actor, decision_id)
    except Missing:
        return None


def tasks_at(
    store: Store, session: Session, actor: Actor, number: str, decision: int
) -> list[TaskOut]:
    """What departments were asked about a decision."""
    if not allowed(actor, "review.read"):
        return []
    listed = find_tasks(session, actor, store.calendar, today(), number=number)
    return [t for t in listed if t.decision == decision]


def decision_page(
    request: Request,
    actor: Actor,
    decision_id: int,
    status: int = 200,
    refused: Refused | None = None,
    told: str = "",
    received: bool = False,
) -> Response:
    """A decision: verdict, review, what was promised, earlier versions. ``told``: what has just happened."""
    store = store_of(request)
    with store.db.read() as session:
        # Held, so that what follows finds it in the session instead of reading it again.
        held = session.get(Decision, decision_id)
        try:
            view, case = case_at(store, session, actor, decision_id)
        except Unreadable as error:
            return _as_stored(request, store, session, actor, decision_id, error)
        project = lookup.get(session, actor, view.number)
        project_seen = str(lookup.seen(session, actor, view.number))
        versions = lookup.versions(session, actor, view.number)
        tasks = tasks_at(store, session, actor, view.number, view.id)
        concluded = conclusions.conclusions_of(session, actor, view.id)
        promised = commitments.of_project(session, actor, view.number, today())
        kept = documents.of_project(session, actor, view.number)
        changes = _changes(store, session, actor, view, versions)
        like = duplicates(
            session,
            actor,
            Wanted(
                project_id=project.project_id,
                name=project.name,
                enterprise=project.enterprise,
                credit_code=view.dossier.get("unified_social_credit_code"),
                number=project.number,
            ),
        )
        known = facts.of_project(session, actor, view.number)
        blocked = obstacles.find(session, actor, today(), Sought(view.number, solved=None)).items
        pressed = (
            supervision.listed(session, number=view.number)
            if allowed(actor, "review.read") and view.whole
            else ()
        )
        people = accounts.display_names(session) if blocked or pressed else {}
        del held
    decisions.log_read(store, actor, decision_id, "decision", request_id.get())
    in_force = store.rulesets.reading().ruleset
    registry = case.ruleset.registry
    waiting = [t for t in tasks if t.light is not None and t.department != registry.applicant]
    response = verdict_page(
        request,
        case,
        versions,
        changes,
        "decision.html",
        signs=request.app.state.signer is not None,
        project=project,
        acceptance=view.acceptance,
        supplied=_supplied(case, view),
        seen=view.seen,
        project_seen=project_seen,
        stage=view.stage,
        next_stage=stages.next_stage(in_force, view.stage),
        tasks=tasks,
        conclusion=concluded[0] if concluded else None,
        earlier=concluded[1:],
        promised=promised,
        documents=kept,
        kinds=KINDS,
        heads=heads_of(view.dossier, known, registry),
        blocked=blocked,
        obstacle_kinds=obstacles.KINDS,
        pressed=pressed,
        people=people,
        mine=actor.departments,
        like=like if allowed(actor, "review.conclude") else None,
        received=received,
        told=told,
        newest=project.decision == view.id,
        closed=project.state in CONCLUDED,
        early=[t for t in waiting if t.due_on >= today()],
        silent=[t for t in waiting if t.due_on < today()],
        no_objection=store.silence == "no_objection",
        undecided=undecided_of(view.result) if counts_undecided("admit", view.verdict) else [],
        bodies=bodies_of(view.result),
        refused=refused,
        given=refused.given if refused and refused.form == "conclude" else {},
        rows=range(CONDITION_ROWS),
        day=today(),
    )
    response.status_code = status
    return response


def _supplied(case: Case, view: DecisionOut) -> list[dict[str, str]]:
    """What departments filled in, and who did it, in words."""
    registry = case.ruleset.registry
    return [
        {
            "names": "、".join(label_of(n, registry) for n in e["names"]),
            "department": registry.department(e["department"]),
            "person": e["person"],
        }
        for e in (view.acceptance or {}).get(KEY, ())
    ]


def _as_stored(
    request: Request,
    store: Store,
    session: Session,
    actor: Actor,
    decision_id: int,
    error: Unreadable,
) -> Response:
    """What was kept, where its ruleset cannot be read any more: nothing is judged again for it."""
    view = decisions.get(session, store.rulesets, actor, decision_id)
    conclusion = conclusion_at(session, actor, decision_id)
    decisions.log_read(store, actor, decision_id, "decision", request_id.get())
    return page(
        request,
        "stored.html",
        view=view,
        data=view.result,
        why=str(error),
        conclusion=conclusion,
    )


def _changes(
    store: Store, session: Session, actor: Actor, view: DecisionOut, versions: tuple[Any, ...]
) -> dict[str, Any] | None:
    """What this version changed against the one before; None for a first version."""
    before = next((v for v in versions if v.version == view.version - 1), None)
    if before is None:
        return None
    old = decisions.get(session, store.rulesets, actor, before.decision)
    registry = store.rulesets.past(session, view.ruleset).ruleset.registry
    return {
        "verdict": {
            "from": old.verdict,
            "to": view.verdict,
            "from_word": str(old.result["sentence"]).partition("：")[0].rstrip("。")
            if old.stage
            else VERDICTS[old.verdict],
        },
        "fields": [
            {
                "label": f["label"],
                **{k: shown_value(registry, f["field"], f[k]) for k in ("from", "to")},
            }
            for f in changed_fields(old.dossier, view.dossier, registry)
        ],
        "findings": moved_findings(old.result, view.result),
    }
