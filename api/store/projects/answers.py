"""What a submission is answered: the receipt's data."""

from __future__ import annotations

import json
from typing import Any

from api.database.tables import Decision, Project
from api.judging.judge import Judge, Judged
from api.store.projects.changes import changed_fields, moved_findings


def receipt_data(
    project: Project,
    decision: Decision,
    judged: Judged,
    before: Decision | None,
    dossier: dict[str, Any],
    judge: Judge,
) -> dict[str, Any]:
    result = judged.data
    blocking = set(judged.evaluation.blocking)
    reasons = [f for f in result["findings"] if f["rule"] in blocking]
    changes = None
    if before is not None:
        changes = {
            "verdict": {"from": before.verdict, "to": decision.verdict},
            "fields": changed_fields(json.loads(before.dossier), dossier, judge.ruleset.registry),
            "findings": moved_findings(json.loads(before.result), result),
        }
    return {
        "number": project.number,
        "version": decision.version,
        "decision": decision.id,
        "decided_at": decision.decided_at.isoformat(timespec="seconds"),
        "verdict": decision.verdict,
        "stage": decision.stage,
        "sentence": result["sentence"],
        "as_of": result["as_of"],
        "acceptance": decision.acceptance,
        "ruleset": decision.ruleset,
        "digest": decision.digest,
        "labels": result["labels"],
        "reasons": reasons,
        "counterfactual": result["counterfactual"],
        "changes": changes,
    }
