"""What to ask next, as JSON data: for a form that asks one thing after another."""

from __future__ import annotations

from typing import Any

from evaluator.dossier.fields import FieldType
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.questions import CAN, NONE_AFTER_REJECT, Question, answered, questions
from evaluator.judgement.result import sentence
from evaluator.rulebook.verdict import Verdict

CHOICES = {FieldType.BOOL: {"true": "是", "false": "否"}}


def questions_view(evaluation: Evaluation) -> dict[str, Any]:
    """The verdict as far as it goes, how much of what matters is answered, and what to ask."""
    asked = questions(evaluation)
    return {
        "verdict": evaluation.verdict.value,
        "sentence": sentence(evaluation),
        "stage": evaluation.stage.id if evaluation.stage is not None else None,
        "answered": answered(evaluation),
        "needed": sum(question.needed for question in asked),
        "note": NONE_AFTER_REJECT if evaluation.verdict is Verdict.REJECT else None,
        "next": _one(asked[0], evaluation) if asked else None,
        "questions": [_one(question, evaluation) for question in asked],
    }


def _one(question: Question, evaluation: Evaluation) -> dict[str, Any]:
    field, registry = question.field, evaluation.ruleset.registry
    return {
        **question.to_dict(),
        "label": registry.label(question.name),
        "why": CAN[question.can],
        "type": field.type.value,
        "unit": field.unit.name if field.unit is not None else None,
        "choices": CHOICES.get(field.type) or dict(field.values) or None,
        "supplied_by": [registry.department(d) for d in question.departments],
    }
