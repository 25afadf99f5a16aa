"""Moving a project on to its next stage: the committee's act, with a reason, judged again there.

The dossier, its acceptance day and the day it is judged as of stay what they were; the ruleset is the
one in force. It is a new version with its own decision.
"""

from __future__ import annotations

import json

from api.database.tables import Decision
from api.errors import Conflict, Invalid
from api.store.core import Store
from api.store.projects.stages import next_stage
from api.store.projects.submissions import (
    MAX_TRIES,
    Case,
    Receipt,
    Submission,
    as_seen,
    record,
)
from api.store.review.outcomes import CONCLUDED
from api.store.visibility import get_project
from api.store.work import Actor
from api.transport.seen import Seen


def move_on(
    store: Store,
    actor: Actor,
    number: str,
    seen: Seen,
    reason: str,
    request_id: str | None = None,
) -> Receipt:
    """Judge the newest version at the next stage and keep that.

    Raises Missing or Denied, Changed for a project that is not as it was seen, Conflict for one that is
    concluded or at its last stage, and Invalid without a reason.
    """
    for _ in range(MAX_TRIES):
        day = store.day()
        with store.db.read() as session:
            project = get_project(session, actor, number)
            as_seen(session, project, seen)
            if project.state in CONCLUDED:
                raise Conflict("委员会已有结论，不再转环节")
            if not reason.strip():
                raise Invalid("reason", "须写明理由")
            judge = store.rulesets.current_in(session)
            before = session.get_one(Decision, project.decision_id)
            stage = next_stage(judge.ruleset, before.judged_at)
            if stage is None:
                raise Conflict("项目已在最后一个环节")
            as_of, acceptance = before.as_of, before.acceptance
            profile = judge.read_snapshot(json.loads(before.dossier))
        case = Case(judge, profile, acceptance, judge.judge(profile, as_of, stage.id), day)
        asked = Submission(None, number, seen=seen)
        receipt = record(store, store.work(actor, request_id), asked, case, reason.strip())
        if receipt is not None:
            return receipt
    raise Conflict("规则集正在更换，请稍后再办")
