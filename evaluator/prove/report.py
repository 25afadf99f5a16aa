"""What a proof run says: one answer for each question, with its witness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Registry


class State(StrEnum):
    """``ok`` as it should be, ``alarm`` a fault found, ``note`` worth knowing, no fault."""

    OK = "ok"
    ALARM = "alarm"
    NOTE = "note"
    UNDECIDED = "undecided"
    FAULT = "fault"


STATE_LABELS = {
    State.OK: "成立",
    State.ALARM: "发现问题",
    State.NOTE: "说明",
    State.UNDECIDED: "未能判定",
    State.FAULT: "系统内部错误",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One question settled: ``check`` is its kind, ``subjects`` the rules or criteria it is about.

    ``proven`` says that no dossier does otherwise; ``witnesses`` show one that does.
    """

    check: str
    subjects: tuple[str, ...]
    state: State
    message: str
    proven: bool = False
    witnesses: tuple[Profile, ...] = ()
    hint: str | None = None

    def to_dict(self, registry: Registry) -> dict[str, Any]:
        """The answer as JSON data; witnesses are dossiers that can be submitted."""
        out: dict[str, Any] = {
            "check": self.check,
            "subjects": list(self.subjects),
            "state": self.state.value,
            "message": self.message,
            "proven": self.proven,
            "witnesses": [w.to_dict(registry) for w in self.witnesses],
        }
        if self.hint:
            out["hint"] = self.hint
        return out


@dataclass(frozen=True)
class Report:
    """All answers for one ruleset on one day, with the number of solver questions asked."""

    as_of: dt.date
    registry: Registry
    answers: tuple[Answer, ...]
    questions: int

    def of(self, *states: State) -> tuple[Answer, ...]:
        """The answers in one of the states."""
        return tuple(a for a in self.answers if a.state in states)

    @property
    def clean(self) -> bool:
        """No alarm, nothing left open, no fault of the prover."""
        return not self.of(State.ALARM, State.UNDECIDED, State.FAULT)

    def render(self, verbose: bool = False) -> str:
        """The report for a terminal: what is not as it should be, then a count."""
        states = list(State) if verbose else [State.ALARM, State.NOTE, State.UNDECIDED, State.FAULT]
        lines = [f"证明日期：{self.as_of.isoformat()}"]
        for answer in self.of(*states):
            lines.append(f"[{STATE_LABELS[answer.state]}] {answer.message}")
            if answer.hint:
                lines.append(f"  提示：{answer.hint}")
            if answer.state is not State.OK:
                lines += self._witnesses(answer)
        counts = [f"{STATE_LABELS[s]} {len(self.of(s))}" for s in State if self.of(s)]
        lines.append(f"共 {len(self.answers)} 项：{'，'.join(counts) or '无'}")
        return "\n".join(lines)

    def _witnesses(self, answer: Answer) -> list[str]:
        lines: list[str] = []
        first: list[str] = []
        for number, witness in enumerate(answer.witnesses, 1):
            word = "反例" if answer.state is State.ALARM else "例"
            title = word if len(answer.witnesses) == 1 else f"{word} {number}"
            shown = list(dossier_lines(witness, self.registry))
            if number > 1 and len(shown) > 8:  # The second of a pair: only where it differs.
                shown = [line for line in shown if line not in first]
                title += f"（其余同{word} 1）"
            first = first or shown
            lines += [f"  {title}：", *(f"    {line}" for line in shown)]
        return lines


def dossier_lines(profile: Profile, registry: Registry) -> Iterable[str]:
    """A witness in words: label, value, unit."""
    for name, raw in profile.to_dict(registry).items():
        if name in ("project_id", "project_name"):
            continue
        field = registry.fields[name]
        unit = (
            f" {field.unit.name}" if field.numeric and field.unit and field.unit.name != "1" else ""
        )
        if isinstance(raw, bool):
            raw = "是" if raw else "否"
        elif isinstance(raw, list):
            raw = "、".join(
                f"{field.keys.get(i['key'], i['key'])} {i['value']} {i['unit']}"
                if isinstance(i, dict)
                else str(i)
                for i in raw
            )
        else:
            raw = field.values.get(str(raw), raw)
        yield f"{field.label}：{raw}{unit}"
