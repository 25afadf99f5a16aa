"""Problems found in anything a person wrote: rules, criteria, dossiers.

    AdmissionError                base of every error this package raises on purpose
    ├── InputError                bad input; carries every Problem found, never only the first
    │   ├── RulebookError         rules/, criteria.yaml, fields.yaml
    │   └── DossierError          a dossier file or request body
    └── InternalError             our own fault: engines disagree, a rule that had to fire did not

A Problem is one sentence with a stable code, the place it was found, and a hint. There is one text
form (``render``) for terminals and one JSON form (``to_dict``) for the API and editors. ``Problems``
collects them while something is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from evaluator.problems.source import Place, printable

MAX_RENDERED = 50
MAX_MESSAGE = 400
LEVELS = {"warning": "（提醒）", "accepted": "（已接受）"}


def _shown(text: str) -> str:
    """A sentence that may quote user input: bounded, without control characters."""
    return printable(text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: ``code`` is listed in docs/errors.md; ``message`` is one Chinese sentence.

    ``severity`` is "error", "warning" or, for a warning that the ruleset's maintainer has looked at
    and let stand, "accepted"; ``accepted`` is then the reason. ``subject`` is the id of the rule or
    criterion that a lint is about.
    """

    code: str
    message: str
    place: Place
    hint: str | None = None
    notes: tuple[tuple[str, Place], ...] = ()
    severity: str = "error"
    subject: str | None = None
    accepted: str | None = None

    def render(self) -> str:
        """The problem for a terminal: position, sentence, source line with a caret, hint."""
        level = LEVELS.get(self.severity, "")
        lines = [f"{self.place.label()}: {self.code}{level} {_shown(self.message)}"]
        excerpt = self.place.excerpt()
        if excerpt:
            lines.append(excerpt)
        for text, place in self.notes:
            lines.append(f"  另见 {place.label()}: {_shown(text)}")
        if self.accepted:
            lines.append(f"  理由：{_shown(self.accepted)}")
        elif self.hint:
            lines.append(f"  提示：{_shown(self.hint)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The problem for the API and editors; positions are 1-based, columns count characters."""
        out: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "message": _shown(self.message),
            **self.place.to_dict(),
        }
        if self.subject:
            out["subject"] = self.subject
        if self.hint:
            out["hint"] = _shown(self.hint)
        if self.accepted:
            out["accepted"] = _shown(self.accepted)
        if self.notes:
            out["notes"] = [
                {"message": _shown(text), **place.to_dict()} for text, place in self.notes
            ]
        return out


class Problems(list[Problem]):
    """The problems of one reading, in the order found; all parts of the reading add to the same."""

    def report(
        self,
        code: str,
        message: str,
        place: Place,
        hint: str | None = None,
        notes: tuple[tuple[str, Place], ...] = (),
    ) -> None:
        """Add an error."""
        self.append(Problem(code, message, place, hint, notes))

    def wrong(self, since: int = 0) -> bool:
        """Whether there is an error, and not only warnings, from number ``since`` on."""
        return any(p.severity == "error" for p in self[since:])


class AdmissionError(Exception):
    """Base of every error raised on purpose."""


class InternalError(AdmissionError):
    """A promise of this package was broken by itself; never the user's mistake."""


@dataclass(eq=False)
class InputError(AdmissionError):
    """Bad input, with every problem found in it."""

    problems: tuple[Problem, ...]
    title: str = field(default="输入有误")

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        shown = [p.render() for p in self.problems[:MAX_RENDERED]]
        rest = len(self.problems) - len(shown)
        if rest > 0:
            shown.append(f"另有 {rest} 处问题未列出。")
        return "\n".join(shown)


class RulebookError(InputError):
    """The rulebook cannot be used as it stands."""

    title = "规则集有误"


class DossierError(InputError):
    """A dossier cannot be read as it stands."""

    title = "申报材料有误"
