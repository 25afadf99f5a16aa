"""The words of a counterfactual: one change, and the whole answer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluator.dossier import Value
from evaluator.fields import Field
from evaluator.numbers import shown
from evaluator.rulebook.ast import Rule
from evaluator.verdict import VERDICT_LABELS, Verdict
from evaluator.wording import show_value, with_unit

__all__ = ["Change", "Counterfactual"]


@dataclass(frozen=True, slots=True)
class Change:
    """One field from its present value (None: missing) to another."""

    field: Field
    old: Value | None
    new: Value
    exact: bool

    @property
    def cost(self) -> float:
        """Relative size, for choosing the smallest; supplying what is missing costs nothing."""
        if self.old is None:
            return 0.0
        if isinstance(self.old, Fraction) and isinstance(self.new, Fraction):
            return float(abs(self.new - self.old) / abs(self.old)) if self.old else 1.0
        return 1.0

    def text(self) -> str:
        """The change as a sentence."""
        label, unit = self.field.label, self.field.unit
        if self.old is None:
            return f"补充{label}" + (
                f"（{show_value(self.field, self.new)}）" if self.exact else ""
            )
        if isinstance(self.old, Fraction) and isinstance(self.new, Fraction):
            by = with_unit(shown(abs(self.new - self.old), 6), unit)
            word = "提高" if self.new > self.old else "降低"
            return f"{label}由 {show_value(self.field, self.old)} {word} {by}，达到 {show_value(self.field, self.new)}"
        return (
            f"{label}由“{show_value(self.field, self.old)}”改为“{show_value(self.field, self.new)}”"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        unit = self.field.unit
        return {
            "field": self.field.name,
            "label": self.field.label,
            "from": None if self.old is None else show_value(self.field, self.old),
            "to": show_value(self.field, self.new) if self.exact or self.old is not None else None,
            "unit": unit.name if unit else None,
            "supplied_by": self.field.supplied_by,
            "text": self.text(),
        }


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """``outcome``: none, single, joint, incurable, verify or not_found.

    ``single`` holds alternatives of one change each, ``joint`` changes that are needed together;
    ``incurable`` and ``verify`` name rules; ``open_fields`` are the missing fields whose answer
    could still change the verdict.
    """

    outcome: str
    single: tuple[Change, ...]
    joint: tuple[Change, ...]
    incurable: tuple[Rule, ...]
    verify: tuple[Rule, ...]
    open_fields: tuple[str, ...]
    reaches: Verdict | None

    def text(self) -> str:
        """The whole as one sentence."""
        names = "、".join(f"“{r.title}”" for r in self.incurable)
        doubted = "、".join(f"“{r.title}”" for r in self.verify)
        after = f"；另须核实{doubted}，不能靠修改数字解决" if self.verify else ""
        target = f"，可{VERDICT_LABELS[self.reaches]}" if self.reaches else ""
        match self.outcome:
            case "none":
                return "已符合准入要求，无需修改。"
            case "incurable":
                return f"{names}不能通过修改方案补救。"
            case "single":
                return f"{self.single[0].text()}{target}{after}。"
            case "joint":
                return (
                    f"同时做到以下各项{target}：{'；'.join(c.text() for c in self.joint)}{after}。"
                )
            case "verify":
                return f"须先核实{doubted}，不能靠修改数字解决。"
        return "未能找到可行的修改方案，请与责任部门商议。"

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "outcome": self.outcome,
            "reaches": self.reaches.value if self.reaches else None,
            "single": [c.to_dict() for c in self.single],
            "joint": [c.to_dict() for c in self.joint],
            "incurable": [r.id for r in self.incurable],
            "verify": [r.id for r in self.verify],
            "open_fields": list(self.open_fields),
            "text": self.text(),
        }
