"""What a receipt of a stored decision holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.tables import AuditEntry, StoredRuleset
from api.errors import Conflict, Denied
from api.signing.keys import NO_KEY, Signer
from api.signing.receipts import seal
from api.store import audit
from api.store.visibility import get_decision, sees_whole
from api.store.work import Actor


def receipt_of(
    session: Session, actor: Actor, decision_id: int, signer: Signer | None
) -> dict[str, Any]:
    """The receipt of a decision. Raises Missing, Denied, or Conflict where nothing can sign."""
    decision, project = get_decision(session, actor, decision_id)
    if not sees_whole(actor, project):
        raise Denied("凭证含有其他部门负责的内容，不在您的查看范围内")
    if signer is None:
        raise Conflict(NO_KEY)
    stored = session.get_one(StoredRuleset, decision.ruleset)
    last = audit.head(session)
    content = {
        "decision": {
            "id": decision.id,
            "number": project.number,
            "version": decision.version,
            "verdict": decision.verdict,
            "as_of": decision.as_of.isoformat(),
            "decided_at": decision.decided_at.isoformat(),
            "acceptance": decision.acceptance,
            "engine": decision.engine,
            "software": decision.software,
        },
        "dossier": decision.dossier,
        "ruleset": {
            "identity": stored.identity,
            "layers": stored.layers,
            "fields": stored.fields,
        },
        "result": decision.result,
        "chain": {
            "entry": audit.entry_data(_entry(session, project.number, decision.id)),
            "head": {"seq": last.seq, "hash": last.hash},
        },
    }
    return seal(content, signer)


def _entry(session: Session, number: str, decision: int) -> AuditEntry:
    """The entry that registered a decision. Raises Conflict where the log has none."""
    query = select(AuditEntry).where(
        AuditEntry.subject == f"project:{number}", AuditEntry.action == "project.submit"
    )
    for entry in session.scalars(query.order_by(AuditEntry.seq)):
        if isinstance(entry.after, dict) and entry.after.get("decision") == decision:
            return entry
    raise Conflict("审计日志里没有登记这次决定的条目")
