"""The canonical result: one JSON object for each dossier, byte-identical wherever it is made.

``POST /evaluations``, ``admission evaluate --json`` and the stored decision are this object.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

import orjson

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import findings, told
from evaluator.judgement.questions import questions
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.routes import routes_data
from evaluator.judgement.scores import scores
from evaluator.judgement.trace import trace_of
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import Status, Verdict

BREACHED = {
    "positive": "项正面标准未达到",
    "negative": "项触及负面清单",
    "scorecard": "项评分未达到",
}
DOUBTED = "项需要核实或说明"
OPEN = "项因材料不足不能判断"
# Of a finding: what was decided, by which figures. The rest is words about it.
DECIDED = ("rule", "status", "effect", "value", "required", "unit", "gap", "missing")
# Decided as well, where the rulebook knows stages. What to ask, and who concludes, is advice beside it.
ADDED = ("stage",)
_PLAIN = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Part(StrEnum):
    """What a caller may ask for of a result; the verdict's own part is always there."""

    VERDICT = "verdict"
    REASONS = "reasons"
    REMEDY = "remedy"
    SCORES = "scores"
    QUESTIONS = "questions"
    TRACES = "traces"


PART_LABELS = {
    Part.VERDICT: "结论",
    Part.REASONS: "理由",
    Part.REMEDY: "修改建议",
    Part.SCORES: "得分",
    Part.QUESTIONS: "该问的",
    Part.TRACES: "依据的算式和条件",
}


def result(evaluation: Evaluation, *, with_counterfactual: bool = True) -> dict[str, Any]:
    """The result as JSON data. Numbers are texts, dates ISO, lists in a fixed order."""
    listed = [f.to_dict() for f in findings(evaluation)]
    return {**frame(evaluation, with_counterfactual=with_counterfactual), "findings": listed}


def frame(evaluation: Evaluation, *, with_counterfactual: bool) -> dict[str, Any]:
    """The result without its findings."""
    data = _head(evaluation)
    data["findings"] = []
    data["counterfactual"] = counterfactual(evaluation).to_dict() if with_counterfactual else None
    # A rulebook that knows no stages is judged to the bytes that it always was.
    if evaluation.stage is not None:
        data["questions"] = [question.to_dict() for question in questions(evaluation)]
    # As is one without a card.
    if evaluation.ruleset.scorecards:
        data["scores"] = [graded.to_dict() for graded in scores(evaluation)]
    return data


def selected(evaluation: Evaluation, parts: Collection[Part]) -> dict[str, Any]:
    """The verdict's part of the result and the ``parts``; what is not asked for is not worked out.

    Each part is as it stands in the whole result; "traces", which that does not have, are those of
    every finding. Of the reasons only an empty list is there, for who writes them.
    """
    data = _head(evaluation)
    if Part.REASONS in parts:
        data["findings"] = []
    if Part.REMEDY in parts:
        data["counterfactual"] = counterfactual(evaluation).to_dict()
    if Part.SCORES in parts:
        data["scores"] = [graded.to_dict() for graded in scores(evaluation)]
    if Part.QUESTIONS in parts:
        data["questions"] = [question.to_dict() for question in questions(evaluation)]
    if Part.TRACES in parts:
        data["traces"] = [trace_of(evaluation, rule_id) for rule_id in told(evaluation)]
    return data


def _head(evaluation: Evaluation) -> dict[str, Any]:
    """What was judged, by what, and the verdict."""
    profile = evaluation.profile
    data: dict[str, Any] = {
        "dossier": {"project_id": profile.id, "project_name": profile.name},
        "verdict": evaluation.verdict.value,
        "sentence": sentence(evaluation),
        "cause": evaluation.cause,
        "as_of": evaluation.as_of.isoformat(),
        "ruleset": {
            "identity": evaluation.ruleset.identity,
            "profile": evaluation.ruleset.profile_id,
            "title": evaluation.ruleset.title,
        },
        "labels": [label.title for label in evaluation.labels],
    }
    if evaluation.stage is not None:
        data["stage"] = evaluation.stage.id
    if evaluation.stage is not None or evaluation.ruleset.routes:
        data |= routes_data(evaluation)
    return data


def judgement(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a result decides, without its wording: the same under every version of the program.

    Verdict, labels, and of each finding its status and figures. Sentences, remedies and the advice
    how to pass may be put better by a later version; none of this may come out differently.
    """
    return {
        **({"scores": data["scores"]} if "scores" in data else {}),
        "project_id": data["dossier"]["project_id"],
        "verdict": data["verdict"],
        "undecided": data["cause"] is not None,
        "as_of": data["as_of"],
        "ruleset": data["ruleset"]["identity"],
        "labels": data["labels"],
        "findings": [{key: f[key] for key in DECIDED} for f in data["findings"]],
        **{key: data[key] for key in ADDED if key in data},
    }


def canonical_bytes(data: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces. Floats, which no result holds, have no one spelling.

    Written by orjson, which sorts by UTF-8 as ``json`` does by code points and escapes alike; what it
    refuses (integers above 64 bits, named tuples, keys that are no text) by ``json``.
    """
    try:
        return orjson.dumps(data, option=_PLAIN)
    except TypeError:
        return _ENCODER.encode(data).encode()


def digest(data: dict[str, Any]) -> str:
    """The SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical_bytes(data)).hexdigest()


def how_to(evaluation: Evaluation) -> str:
    """To get where a pass is, as the heading of the advice says it."""
    word = evaluation.pass_word
    return word if word.startswith("可以") else f"可以{word}"


def sentence(evaluation: Evaluation) -> str:
    """The conclusion in one sentence; the negative list and unmet standards read differently."""
    word = evaluation.word
    if evaluation.cause:
        return f"{word}：{evaluation.cause}。"
    rules = evaluation.ruleset.rules
    if evaluation.verdict is Verdict.REFER:
        counts: dict[str, int] = {}
        unsettled = dict(evaluation.unsettled)
        for rule_id in evaluation.blocking:
            unknown = unsettled[rule_id] is Status.UNKNOWN
            group = OPEN if unknown else BREACHED.get(rules[rule_id].list, DOUBTED)
            counts[group] = counts.get(group, 0) + 1
        said = [f"{counts[g]} {g}" for g in (*BREACHED.values(), DOUBTED, OPEN) if g in counts]
        return f"{word}：{'，'.join(said)}。"
    violated = [rules[i] for i, status in evaluation.unsettled if status is Status.VIOLATED]
    if evaluation.verdict is Verdict.REJECT:
        titles = [r.title for r in violated if r.effect is Effect.REJECT]
        return f"{word}：触及 {len(titles)} 项否决项（{'、'.join(titles)}）。"
    graded = [g for g in scores(evaluation) if g.grade is not None]
    notes = "".join(f"，{g.grade.note}" for g in graded if g.grade is not None and g.grade.note)
    advice = sum(r.effect is Effect.ADVISE for r in violated)
    tail = f"，另有 {advice} 项建议" if advice else ""
    label = "，为" + "、".join(x.title for x in evaluation.labels) if evaluation.labels else ""
    waiting = sum(status is Status.NOT_DUE for status in evaluation.statuses.values())
    tail += f"；到以后环节还要看 {waiting} 项" if waiting else ""
    due = "到这一环节为止的" if waiting else ""
    return f"{word}：{due}各项要求均已满足{label}{notes}{tail}。"
