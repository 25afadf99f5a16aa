"""What a changed rulebook does to dossiers, as counts and as the projects behind each count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import AMOUNTS
from evaluator.rulebook.verdict import Change, Status
from evaluator.values.numbers import exact_text

Matrix = Mapping[tuple[str, str], int]


_NOW = {
    Status.VIOLATED: Change.VIOLATED,
    Status.SATISFIED: Change.MET,
    Status.UNKNOWN: Change.UNKNOWN,
}


def change_of(before: Status | None, after: Status | None) -> Change | None:
    """What became of a finding; not in force counts as not applicable."""
    a, b = (None if s is Status.NOT_APPLICABLE else s for s in (before, after))
    if a is b:
        return None
    return Change.LEFT if b is None else _NOW[b]


@dataclass(frozen=True, slots=True)
class Points:
    """What one card gives a dossier, as results show it; all None where it gives nothing."""

    low: Fraction | None = None
    high: Fraction | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A score that changed."""

    card: str
    old: Points
    new: Points

    @property
    def steps(self) -> tuple[Fraction, Fraction] | None:
        """By how much the least and the most points changed; None where one side has no score."""
        a, b = self.old, self.new
        if a.low is None or a.high is None or b.low is None or b.high is None:
            return None
        return b.low - a.low, b.high - a.high

    @property
    def way(self) -> str:
        """Whether it "raised", "lowered" or otherwise "changed"."""
        steps = self.steps
        if steps is None or not any(steps):
            return "changed"
        return "raised" if min(steps) >= 0 else "lowered" if max(steps) <= 0 else "changed"

    def to_dict(self) -> dict[str, Any]:
        """JSON data; points as exact text, null where the card gives none."""
        ends = {
            f"{side}_{end}": None if value is None else exact_text(value)
            for side, points in (("old", self.old), ("new", self.new))
            for end, value in (("low", points.low), ("high", points.high))
        }
        grades = {"old_grade": self.old.grade, "new_grade": self.new.grade}
        return {"card": self.card, "way": self.way, **ends, **grades}


@dataclass(frozen=True, slots=True)
class Touched:
    """A project for which anything changes: verdict, a finding or a score.

    ``rules`` are those that moved its verdict, none where that stays. ``amounts`` follow ``AMOUNTS``,
    in the units of the fields. ``departments`` are those of the rules whose findings changed.
    """

    ref: str
    project_id: str
    industry: str | None
    old: str
    new: str
    rules: tuple[str, ...] = ()
    findings: tuple[tuple[str, Change], ...] = ()
    scores: tuple[Scored, ...] = ()
    amounts: tuple[Fraction | None, ...] = (None,) * len(AMOUNTS)
    departments: tuple[str, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether its verdict changes."""
        return self.old != self.new

    def short(self) -> dict[str, Any]:
        """The change of its verdict as JSON data."""
        return {
            "ref": self.ref,
            "project_id": self.project_id,
            "industry": self.industry,
            "old": self.old,
            "new": self.new,
            "rules": list(self.rules),
        }

    def to_dict(self) -> dict[str, Any]:
        """All that changes for it as JSON data."""
        return {
            **self.short(),
            "findings": {rule: change.value for rule, change in self.findings},
            "scores": [s.to_dict() for s in self.scores],
            "departments": list(self.departments),
            "amounts": dict(zip(AMOUNTS, map(_text, self.amounts), strict=True)),
        }

    def groups(self) -> list[tuple[str, str]]:
        """The counts that it is part of, so that each of them can be opened."""
        return [
            ("industry", industry_of(self.industry)),
            *(("department", d) for d in self.departments),
            *(("rule", f"{rule}:{change.value}") for rule, change in self.findings),
            *(("card", f"{s.card}:{s.way}") for s in self.scores),
            ("verdict", f"{self.old}:{self.new}"),
        ]


def _text(value: Fraction | None) -> str | None:
    return None if value is None else exact_text(value)


NO_INDUSTRY = "未填"


def industry_of(code: str | None) -> str:
    """The 大类 that a project is counted under."""
    return (code or NO_INDUSTRY)[:3]


@dataclass(frozen=True, slots=True)
class Flow:
    """The touched projects of one change of verdict (or none), and what they amount to.

    ``amounts`` is for each of ``AMOUNTS`` the sum and how many projects state it.
    """

    count: int
    amounts: tuple[tuple[Fraction, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON data; sums as exact text in the units of the fields."""
        sums = zip(AMOUNTS, self.amounts, strict=True)
        return {
            "count": self.count,
            "amounts": {name: {"sum": exact_text(s), "known": n} for name, (s, n) in sums},
        }


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """How often the score of a card changed, how far at most, and from which grade to which."""

    ways: Mapping[str, int]
    up: Fraction
    down: Fraction
    grades: Mapping[tuple[str | None, str | None], int]

    def to_dict(self) -> dict[str, Any]:
        """JSON data; points as exact text."""
        return {
            **{way: self.ways.get(way, 0) for way in ("raised", "lowered", "changed")},
            "most_up": exact_text(self.up),
            "most_down": exact_text(self.down),
            "grades": [
                {"old": a, "new": b, "count": n}
                for (a, b), n in sorted(self.grades.items(), key=lambda x: (-x[1], str(x[0])))
            ],
        }


@dataclass(frozen=True)
class Impact:
    """The outcome over one set of dossiers.

    ``matrix`` counts (old, new) verdicts of all; ``rules``, ``departments`` and ``industries`` count
    those whose verdict moves, by rule, by department of these rules, and by 大类 and (old, new).
    ``findings`` counts by rule what became of it, ``scores`` by card, ``flows`` by (old, new) what
    the touched amount to, ``by_department`` and ``by_industry`` the touched, by ``Change`` and
    "touched" for all. ``unread`` dossiers cannot be read under one of the rulesets. ``note`` says why
    an engine was chosen, ``reading`` how the file was read and which rows were refused.
    ``since`` is the day that all are judged as of, where the change begins after their own.
    """

    engine: str
    total: int
    unread: int
    matrix: Matrix
    touched: tuple[Touched, ...]
    rules: Mapping[str, int]
    departments: Mapping[str, int]
    industries: Mapping[str, Matrix]
    findings: Mapping[str, Mapping[str, int]]
    scores: Mapping[str, ScoreCount]
    flows: Mapping[tuple[str, str], Flow]
    by_department: Mapping[str, Mapping[str, int]]
    by_industry: Mapping[str, Mapping[str, int]]
    note: str = ""
    reading: tuple[str, ...] = ()
    since: dt.date | None = None

    @property
    def moved(self) -> tuple[Touched, ...]:
        """The projects whose verdict changes."""
        return tuple(t for t in self.touched if t.moved)

    def to_dict(self, most: int | None = None, each: int | None = None) -> dict[str, Any]:
        """JSON data; at most ``most`` moved projects, their full number in ``moved_total``, and of
        the touched those among the first ``each`` of some count."""
        moved = self.moved
        return {
            "engine": self.engine,
            "note": self.note,
            "since": self.since.isoformat() if self.since else None,
            "total": self.total,
            "unread": self.unread,
            "matrix": _pairs(self.matrix),
            "moved_total": len(moved),
            "moved": [m.short() for m in moved[:most]],
            "rules": dict(self.rules),
            "departments": dict(self.departments),
            "industries": {k: _pairs(v) for k, v in self.industries.items()},
            "touched_total": len(self.touched),
            "touched": [t.to_dict() for t in first_of_each(self.touched, each)],
            "findings": {r: dict(n) for r, n in self.findings.items()},
            "scores": {card: n.to_dict() for card, n in self.scores.items()},
            "flows": [
                {"old": a, "new": b, **flow.to_dict()}
                for (a, b), flow in sorted(self.flows.items())
            ],
            "by_department": {k: dict(v) for k, v in self.by_department.items()},
            "by_industry": {k: dict(v) for k, v in self.by_industry.items()},
        }


def _pairs(counts: Matrix) -> list[dict[str, Any]]:
    return [{"old": a, "new": b, "count": n} for (a, b), n in sorted(counts.items())]


def first_of_each(touched: tuple[Touched, ...], each: int | None) -> list[Touched]:
    """Those that are among the first ``each`` of any count; all without it."""
    if each is None:
        return list(touched)
    seen: dict[tuple[str, str], int] = {}
    out = []
    for one in touched:
        wanted = False
        for group in one.groups():
            seen[group] = seen.get(group, 0) + 1
            wanted = wanted or seen[group] <= each
        if wanted:
            out.append(one)
    return out
