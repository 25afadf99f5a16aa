"""The canonical result: one JSON object for each dossier, byte-identical wherever it is made.

``POST /evaluations``, ``admission evaluate --json`` and the stored decision are this object.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from evaluator.counterfactual import counterfactual
from evaluator.evaluate import Evaluation
from evaluator.explain import Finding, findings
from evaluator.rulebook.ast import Effect
from evaluator.verdict import VERDICT_LABELS, Status, Verdict

__all__ = ["canonical_bytes", "digest", "result", "sentence"]


def result(evaluation: Evaluation, *, with_counterfactual: bool = True) -> dict[str, Any]:
    """The result as JSON data. Numbers are texts, dates ISO, lists in a fixed order."""
    found = findings(evaluation)
    profile = evaluation.profile
    return {
        "dossier": {"project_id": profile.id, "project_name": profile.name},
        "verdict": evaluation.verdict.value,
        "sentence": sentence(evaluation, found),
        "cause": evaluation.cause,
        "as_of": evaluation.as_of.isoformat(),
        "ruleset": {
            "identity": evaluation.ruleset.identity,
            "profile": evaluation.ruleset.profile_id,
            "title": evaluation.ruleset.title,
        },
        "labels": [label.title for label in evaluation.labels],
        "findings": [f.to_dict() for f in found],
        "counterfactual": counterfactual(evaluation).to_dict() if with_counterfactual else None,
    }


def canonical_bytes(data: dict[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(data: dict[str, Any]) -> str:
    """The SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical_bytes(data)).hexdigest()


def sentence(evaluation: Evaluation, found: tuple[Finding, ...]) -> str:
    """The conclusion in one sentence; the negative list and unmet standards read differently."""
    word = VERDICT_LABELS[evaluation.verdict]
    if evaluation.cause:
        return f"{word}：{evaluation.cause}。"
    violated = [f for f in found if f.status is Status.VIOLATED]
    if evaluation.verdict is Verdict.REJECT:
        titles = "、".join(f.rule.title for f in violated if f.rule.effect is Effect.REJECT)
        return f"{word}：{titles}，属于不予准入的情形。"
    if evaluation.verdict is Verdict.PASS:
        advice = sum(f.rule.effect is Effect.ADVISE for f in violated)
        tail = f"，另有 {advice} 项建议" if advice else ""
        label = "，为" + "、".join(x.title for x in evaluation.labels) if evaluation.labels else ""
        return f"{word}：各项要求均已满足{label}{tail}。"
    blocking = [f for f in found if f.rule.id in evaluation.blocking]
    groups = (
        ("项正面标准未达到", [f for f in blocking if f.status is Status.VIOLATED and f.rule.list == "positive"]),
        ("项触及负面清单", [f for f in blocking if f.status is Status.VIOLATED and f.rule.list == "negative"]),
        ("项需要核实或说明", [f for f in blocking if f.status is Status.VIOLATED and f.rule.list not in ("positive", "negative")]),
        ("项因材料不足不能判断", [f for f in blocking if f.status is Status.UNKNOWN]),
    )  # fmt: skip
    return f"{word}：{'，'.join(f'{len(fs)} {words}' for words, fs in groups if fs)}。"
