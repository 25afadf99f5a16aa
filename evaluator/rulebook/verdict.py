"""The words of a decision: the status of a rule, the verdict, and how both are called."""

from __future__ import annotations

from enum import StrEnum

from evaluator.values.kleene import Truth


class Status(StrEnum):
    """One rule's outcome on one dossier."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    NOT_DUE = "not_due"
    """Unknown, at a stage before the one from which that counts; no engine gives it."""


class Verdict(StrEnum):
    """The outcome of all rules on one dossier."""

    PASS = "pass"
    REFER = "refer"
    REJECT = "reject"


LIST_LABELS = {
    "positive": "正面标准",
    "negative": "负面清单",
    "prudence": "审慎事项",
    "integrity": "真实性核查",
    "scorecard": "评分",
}
# 处置: what a breach of a rule leads to.
EFFECT_LABELS = {"reject": "不予准入", "refer": "提交会审", "advise": "只作建议"}
STATUS_LABELS = {
    Status.SATISFIED: "符合",
    Status.VIOLATED: "不符合",
    Status.UNKNOWN: "材料不足",
    Status.NOT_APPLICABLE: "不适用",
    Status.NOT_DUE: "未到环节",
}
VERDICT_LABELS = {
    Verdict.PASS: "准入",
    Verdict.REFER: "提交会审",
    Verdict.REJECT: "不予准入",
}


class Change(StrEnum):
    """What became of one rule's finding under other rules, by what it is now."""

    VIOLATED = "violated"
    MET = "met"
    UNKNOWN = "unknown"
    LEFT = "left"


CHANGE_LABELS = {
    Change.VIOLATED: "新不符合",
    Change.MET: "新符合",
    Change.UNKNOWN: "新变为材料不足",
    Change.LEFT: "不再适用",
}


def status_of(applies: Truth, required: Truth) -> Status:
    """The finding ``applies ⇒ required``."""
    if applies is False:
        return Status.NOT_APPLICABLE
    if required is True:
        return Status.SATISFIED
    if applies is True and required is False:
        return Status.VIOLATED
    return Status.UNKNOWN
