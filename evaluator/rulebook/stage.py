"""环节: where a project is, from a lead to the signing, and what a verdict is called there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evaluator.problems.source import Place, SourceText
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict

# The stage from which a rule's missing answer counts, where the rule does not say.
DUE = "review"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. ``words`` are the names of the verdicts at it; ``fields`` are asked for first on its
    form, beside those that its rules wait for."""

    id: str
    title: str
    words: Mapping[Verdict, str]
    fields: tuple[str, ...]
    note: str | None
    place: Place


def _standard(id_: str, title: str, passing: str, refer: str, reject: str) -> Stage:
    words = {Verdict.PASS: passing, Verdict.REFER: refer, Verdict.REJECT: reject}
    place = Place(SourceText("stages.yaml", ""))
    return Stage(id_, title, MappingProxyType(words), (), None, place)


# Of a rulebook that names none; only the last is an admission.
STANDARD = (
    _standard("lead", "线索初筛", "可以跟进", "补充后再看", "不予跟进"),
    _standard("review", "联合会审", "可以上会", "提交会审", "不予准入"),
    _standard("signing", "签约前", *VERDICT_LABELS.values()),
)


def default_due(stages: tuple[Stage, ...]) -> str:
    """The stage of a rule that names none: the review, or the first where there is no review."""
    return DUE if any(stage.id == DUE for stage in stages) else stages[0].id
