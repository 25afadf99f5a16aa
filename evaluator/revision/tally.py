"""What both rulesets say of each dossier, counted: who moves, by which rules, in which direction."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import AMOUNTS
from evaluator.engine.columnar.layout import SHOWN
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from evaluator.judgement.scores import grade_cards
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.revision.changed import changed_cards
from evaluator.revision.outcome import (
    Flow,
    Impact,
    Points,
    ScoreCount,
    Scored,
    Touched,
    change_of,
    industry_of,
)
from evaluator.rulebook import ast
from evaluator.rulebook.verdict import Change, Status
from evaluator.values.numbers import stored

_Key = TypeVar("_Key")
TOUCHED = "touched"  # Beside the changes: how many projects have any.
_NOWHERE = Place(SourceText("(dossier)", ""))


@dataclass(frozen=True, slots=True)
class Row:
    """A dossier as JSON text; ``ref`` names it in the answer. ``as_of`` None: its acceptance date."""

    ref: str
    dossier: str
    as_of: dt.date | None = None


Listed = tuple[int, str, dt.date | None]


class Snapshots(Protocol):
    """Dossiers that are kept somewhere, each under a number of its own."""

    def listed(self) -> Sequence[Listed]:
        """Number, SHA-256 of the text, and the day it is judged as of (None: its acceptance)."""

    def dossiers(self, numbers: Sequence[int]) -> Iterable[tuple[int, str]]:
        """Number and canonical JSON text of these."""

    def names(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """What these are called in the answer."""


def _weight(ruleset: ast.Ruleset, rule: str, status: Status | None) -> str:
    """What a finding puts on the verdict: reject, refer or nothing."""
    if status not in (Status.VIOLATED, Status.UNKNOWN):
        return ""
    effect = ruleset.rules[rule].effect
    if effect is ast.Effect.ADVISE:
        return ""
    return "reject" if effect is ast.Effect.REJECT and status is Status.VIOLATED else "refer"


def moved_rules(
    old: ast.Ruleset, new: ast.Ruleset, before: Mapping[str, Status], after: Mapping[str, Status]
) -> tuple[str, ...]:
    """The rules that weigh otherwise on the verdict after than before.

    Where none does, a project moves only because some rule applies at all, or no longer: those.
    """
    either = sorted(before.keys() | after.keys())
    moved = tuple(
        r for r in either if _weight(old, r, before.get(r)) != _weight(new, r, after.get(r))
    )
    if moved:
        return moved
    none = (None, Status.NOT_APPLICABLE)
    return tuple(r for r in either if (before.get(r) in none) != (after.get(r) in none))


def changes_of(
    before: Mapping[str, Status], after: Mapping[str, Status]
) -> tuple[tuple[str, Change], ...]:
    """What became of each rule's finding, where it changed."""
    either = sorted(before.keys() | after.keys())
    found = ((r, change_of(before.get(r), after.get(r))) for r in either)
    return tuple((r, change) for r, change in found if change is not None)


@dataclass
class Tally:
    """Counts while dossiers go by; ``impact`` closes them."""

    old: ast.Ruleset
    new: ast.Ruleset
    total: int = 0
    unread: int = 0
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    touched: list[Touched] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    since: dt.date | None = None

    def impact(self, engine: str, note: str) -> Impact:
        """The outcome of everything counted."""
        known = {**_departments(self.old), **_departments(self.new)}
        owners = lru_cache(maxsize=10_000)(
            lambda parts: tuple(dict.fromkeys(d for part in parts for d in known[part]))
        )
        rules: Counter[str] = Counter()
        departments: Counter[str] = Counter()
        industries: dict[str, Counter[tuple[str, str]]] = {}
        findings: dict[str, Counter[str]] = {}
        scores: dict[str, list[Scored]] = {}
        flows: dict[tuple[str, str], list[Touched]] = {}
        by_department: dict[str, Counter[str]] = {}
        by_industry: dict[str, Counter[str]] = {}
        touched = []
        for given in self.touched:
            parts = (*given.rules, *(r for r, _ in given.findings), *(s.card for s in given.scores))
            concerned = owners(parts)
            one = dataclasses.replace(given, departments=concerned)
            touched.append(one)
            flows.setdefault((one.old, one.new), []).append(one)
            changes = {change.value for _, change in one.findings} | {TOUCHED}
            by_industry.setdefault(industry_of(one.industry), Counter()).update(changes)
            for department in concerned:
                mine = {c.value for r, c in one.findings if department in known[r]} | {TOUCHED}
                by_department.setdefault(department, Counter()).update(mine)
            for rule, change in one.findings:
                findings.setdefault(rule, Counter())[change.value] += 1
            for scored in one.scores:
                scores.setdefault(scored.card, []).append(scored)
            if one.moved:
                rules.update(one.rules)
                departments.update(owners(one.rules))
                industries.setdefault(industry_of(one.industry), Counter())[one.old, one.new] += 1
        return Impact(
            engine=engine,
            total=self.total,
            unread=self.unread,
            matrix=dict(self.matrix),
            touched=tuple(touched),
            rules=_ranked(rules),
            departments=_ranked(departments),
            industries=_by_total(industries),
            findings=_by_total(findings),
            scores={card: _score_count(found) for card, found in sorted(scores.items())},
            flows={pair: _flow(found) for pair, found in flows.items()},
            by_department=_by_touched(by_department),
            by_industry=_by_touched(by_industry),
            note=note,
            reading=tuple(self.notes),
            since=self.since,
        )


def _departments(ruleset: ast.Ruleset) -> dict[str, tuple[str, ...]]:
    """Whose each rule and each card is."""
    cards = {id_: card.departments for id_, card in ruleset.scorecards.items()}
    return cards | {id_: rule.departments for id_, rule in ruleset.rules.items()}


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda x: (-x[1], x[0])))


def _by_total(counts: Mapping[str, Counter[_Key]]) -> dict[str, Counter[_Key]]:
    return dict(sorted(counts.items(), key=lambda x: (-x[1].total(), x[0])))


def _by_touched(counts: Mapping[str, Counter[str]]) -> dict[str, Counter[str]]:
    return dict(sorted(counts.items(), key=lambda x: (-x[1][TOUCHED], x[0])))


def _flow(touched: Sequence[Touched]) -> Flow:
    stated = [
        [v for v in column if v is not None]
        for column in zip(*(t.amounts for t in touched), strict=True)
    ]
    return Flow(len(touched), tuple((sum(column, Fraction(0)), len(column)) for column in stated))


def _score_count(found: Sequence[Scored]) -> ScoreCount:
    steps = [end for scored in found for end in scored.steps or ()]
    return ScoreCount(
        Counter(s.way for s in found),
        max(steps, default=Fraction(0)),
        min(steps, default=Fraction(0)),
        Counter((s.old.grade, s.new.grade) for s in found if s.old.grade != s.new.grade),
    )


def profile_of(ruleset: ast.Ruleset, raw: Any) -> Profile | None:
    problems = Problems()
    return parse_dossier(stored(raw), ruleset.registry, lambda _: _NOWHERE, problems)


class Judges:
    """Both rulesets by the reference engine."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.old, self.new = ReferenceEngine(tally.old), ReferenceEngine(tally.new)
        self.cards = sorted(changed_cards(tally.old, tally.new))

    def count(self, row: Row, before: Profile | None, after: Profile | None) -> None:
        """Count one dossier, as read under each ruleset; None where it cannot be read."""
        tally = self.tally
        tally.total += 1
        if before is None or after is None:
            tally.unread += 1
            return
        day = row.as_of or after.submitted_on
        a, b = self.old.statuses(before, day), self.new.statuses(after, day)
        x, y = combine(tally.old, a).value, combine(tally.new, b).value
        tally.matrix[x, y] += 1
        findings = changes_of(a, b)
        scores = self._scores(before, after, day) if self.cards else ()
        if x == y and not findings and not scores:
            return
        industry = after.values.get("industry_code")
        amounts = [after.values.get(name) for name in AMOUNTS]
        tally.touched.append(
            Touched(
                row.ref,
                after.id,
                industry if isinstance(industry, str) else None,
                x,
                y,
                moved_rules(tally.old, tally.new, a, b) if x != y else (),
                findings,
                scores,
                tuple(Fraction(v) if isinstance(v, int | Fraction) else None for v in amounts),
            )
        )

    def _scores(self, before: Profile, after: Profile, day: dt.date) -> tuple[Scored, ...]:
        sides = (self._points(self.old, before, day), self._points(self.new, after, day))
        none = Points()
        old, new = sides
        pairs = (Scored(c, old.get(c, none), new.get(c, none)) for c in self.cards)
        return tuple(s for s in pairs if s.old != s.new)

    def _points(self, engine: ReferenceEngine, profile: Profile, day: dt.date) -> dict[str, Points]:
        return {
            g.card.id: Points(
                SHOWN.of(g.score.low), SHOWN.of(g.score.high), g.grade.id if g.grade else None
            )
            for g in grade_cards(engine, profile, day)
            if g.card.id in self.cards
        }


def judge_each(tally: Tally, rows: Iterable[Row]) -> None:
    """Judge dossiers one by one by both rulesets."""
    judges = Judges(tally)
    same = tally.old.registry.fields == tally.new.registry.fields
    for row in rows:
        raw = json.loads(row.dossier, parse_float=Decimal)
        after = profile_of(tally.new, raw)
        judges.count(row, after if same else profile_of(tally.old, raw), after)
