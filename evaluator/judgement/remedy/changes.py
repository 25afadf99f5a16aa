"""The words of a counterfactual: a change, a missing answer, and the whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import Field
from evaluator.dossier.values import Value
from evaluator.judgement.wording import difference, show_value, with_unit
from evaluator.rulebook.ast import Rule
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict
from evaluator.values.numbers import shown_apart, shown_nonzero

MAX_LISTED = 8
MAX_ALTERNATIVES = 3
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Change:
    """One stated field from its present value to another."""

    field: Field
    old: Value
    new: Value

    @property
    def cost(self) -> float:
        """Relative size, for choosing the smallest."""
        if isinstance(self.old, Fraction) and isinstance(self.new, Fraction):
            return float(abs(self.new - self.old) / abs(self.old)) if self.old else 1.0
        return 1.0

    def text(self) -> str:
        """The change as a sentence."""
        label, (old, new) = self.field.label, self.shown()
        if isinstance(self.old, Fraction) and isinstance(self.new, Fraction):
            by = abs(self.new - self.old)
            unit = self.field.unit.name if self.field.unit else None
            amount = difference(shown_nonzero(by.numerator, by.denominator, DIGITS), unit)
            word = "提高" if self.new > self.old else "降低"
            return f"{label}由 {old}{word}到 {new}（{word} {amount}）"
        return f"{label}由“{old}”改为“{new}”"

    def shown(self) -> tuple[str, str]:
        """Both values for reading; two numbers never look the same."""
        if isinstance(self.old, Fraction) and isinstance(self.new, Fraction):
            old, new = shown_apart(self.old, self.new, DIGITS)
            return with_unit(old, self.field.unit), with_unit(new, self.field.unit)
        return show_value(self.field, self.old), show_value(self.field, self.new)

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        old, new = self.shown()
        return {
            "field": self.field.name,
            "label": self.field.label,
            "from": old,
            "to": new,
            "unit": self.field.unit.name if self.field.unit else None,
            "supplied_by": self.field.supplied_by,
            "text": self.text(),
        }


@dataclass(frozen=True, slots=True)
class Fill:
    """A missing field; ``condition`` says what its answer has to be, where that is settled."""

    field: Field
    condition: str | None

    def text(self) -> str:
        """The field and its condition."""
        return f"{self.field.label}（{self.condition}）" if self.condition else self.field.label

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "field": self.field.name,
            "label": self.field.label,
            "condition": self.condition,
            "supplied_by": self.field.supplied_by,
        }


class Outcome(StrEnum):
    """What a search for a way to pass came to."""

    NONE = "none"
    """It passes."""
    SINGLE = "single"
    """One change mends what is breached."""
    JOINT = "joint"
    """Several changes are needed together."""
    FILL = "fill"
    """Only answers are missing."""
    REVIEW = "review"
    """Only a joint review or a verification can settle what is left."""
    INCURABLE = "incurable"
    """A reject that no change of the plan mends."""
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """How a project would pass. ``single`` holds alternatives, ``joint`` what is needed
    together, ``fill`` the missing fields beside them. ``incurable``, ``review`` and ``verify`` name
    rules. ``open_fields`` are the missing fields whose answer could still change the verdict.
    ``reaches`` is the verdict after the changes (the first of ``single``) and some answer to every
    missing field, by the engine; None where no such answer was found or something else remains.
    ``disputed``: the engines disagreed, and nothing was looked for. ``pass_word`` is what a pass is
    called at the stage.
    """

    outcome: Outcome
    single: tuple[Change, ...] = ()
    joint: tuple[Change, ...] = ()
    fill: tuple[Fill, ...] = ()
    incurable: tuple[Rule, ...] = ()
    review: tuple[Rule, ...] = ()
    verify: tuple[Rule, ...] = ()
    open_fields: tuple[str, ...] = ()
    reaches: Verdict | None = None
    disputed: bool = False
    pass_word: str = VERDICT_LABELS[Verdict.PASS]

    def text(self) -> str:
        """The whole in a sentence or two."""
        if self.disputed:
            return "系统内部核对不一致，不给出修改建议。"
        if self.outcome is Outcome.NONE:
            return "已符合准入要求，无需修改。"
        if self.outcome is Outcome.INCURABLE:
            return f"{_titles(self.incurable)}不能通过修改方案补救。"
        # With answers missing, only the first alternative was followed through to a verdict.
        offered = self.single[: 1 if self.fill else MAX_ALTERNATIVES]
        alternatives = "，或".join(c.text() for c in offered)
        parts = [alternatives] if self.single else [c.text() for c in self.joint]
        if self.fill:
            listed = "、".join(f.text() for f in self.fill[:MAX_LISTED])
            more = f"等 {len(self.fill)} 项" if len(self.fill) > MAX_LISTED else ""
            parts.append(f"补充{listed}{more}")
        text = "；".join(parts)
        if text and self.reaches:
            answers = "，各项答复符合要求" if self.fill else ""
            text += f"{answers}，即可{self.pass_word.removeprefix('可以')}"
        if self.verify:
            text += f"{'；' if text else ''}须核实{_titles(self.verify)}，据实更正，不能为达标改数"
        if self.review:
            text += f"{'；' if text else ''}{_titles(self.review)}须由会审决定"
        return f"{text}。" if text else "未能找到可行的修改方案，请与责任部门商议。"

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "outcome": self.outcome.value,
            "reaches": self.reaches.value if self.reaches else None,
            "single": [c.to_dict() for c in self.single],
            "joint": [c.to_dict() for c in self.joint],
            "fill": [f.to_dict() for f in self.fill],
            "incurable": [r.id for r in self.incurable],
            "review": [r.id for r in self.review],
            "verify": [r.id for r in self.verify],
            "open_fields": list(self.open_fields),
            "text": self.text(),
        }


def _titles(rules: tuple[Rule, ...]) -> str:
    return "、".join(f"“{r.title}”" for r in rules)
