"""What both rulesets say of each dossier, counted: who moves, by which rules, in which direction."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from evaluator.judgement.wording import rule_names
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.revision.diff import bare
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.reads import criteria_of
from evaluator.rulebook.verdict import VERDICT_LABELS, Status, Verdict
from evaluator.values.numbers import stored

NO_INDUSTRY = "未填"


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


@dataclass(frozen=True, slots=True)
class Moved:
    """A project whose verdict changes; ``rules`` are those that moved it."""

    ref: str
    project_id: str
    industry: str | None
    old: str
    new: str
    rules: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "ref": self.ref,
            "project_id": self.project_id,
            "industry": self.industry,
            "old": self.old,
            "new": self.new,
            "rules": list(self.rules),
        }


@dataclass(frozen=True)
class Impact:
    """The outcome over one set of dossiers.

    ``matrix`` counts (old, new) verdicts; ``rules``, ``departments`` and ``industries`` count moved
    projects, by rule, by department of these rules, and by 大类 and (old, new). ``unread`` dossiers
    cannot be read under one of the rulesets. ``note`` says why an engine was chosen, ``reading``
    how the file was read and which rows were refused.
    """

    engine: str
    total: int
    unread: int
    matrix: Mapping[tuple[str, str], int]
    moved: tuple[Moved, ...]
    rules: Mapping[str, int]
    departments: Mapping[str, int]
    industries: Mapping[str, Mapping[tuple[str, str], int]]
    note: str = ""
    reading: tuple[str, ...] = ()

    def to_dict(self, most: int | None = None) -> dict[str, Any]:
        """JSON data; at most ``most`` moved projects, their full number in ``moved_total``."""
        return {
            "engine": self.engine,
            "note": self.note,
            "total": self.total,
            "unread": self.unread,
            "matrix": [
                {"old": a, "new": b, "count": n} for (a, b), n in sorted(self.matrix.items())
            ],
            "moved_total": len(self.moved),
            "moved": [m.to_dict() for m in self.moved[:most]],
            "rules": dict(self.rules),
            "departments": dict(self.departments),
            "industries": {
                k: [{"old": a, "new": b, "count": n} for (a, b), n in sorted(v.items())]
                for k, v in self.industries.items()
            },
        }

    def render(self, new: ast.Ruleset, most: int = 20, old: ast.Ruleset | None = None) -> str:
        """The outcome for a terminal; ``old`` names the rules that are no more."""
        both = (new, old) if old else (new,)
        words = {v.value: VERDICT_LABELS[v] for v in Verdict}
        lines = [f"共 {self.total:,} 份材料，结论改变 {len(self.moved):,} 份（{self.note}）"]
        if self.unread:
            lines.append(f"另有 {self.unread:,} 份按其中一个规则集读不了，没有计入")
        for a in Verdict:
            row = "，".join(
                f"新“{words[b.value]}” {self.matrix.get((a.value, b.value), 0):,}" for b in Verdict
            )
            lines.append(f"  原“{words[a.value]}”：{row}")
        names = new.registry
        for title, counts in (
            ("引起变化的规则", {rule_names([r], *both): n for r, n in self.rules.items()}),
            ("按部门", {names.department(d): n for d, n in self.departments.items()}),
            ("按行业", {k: sum(v.values()) for k, v in self.industries.items()}),
        ):
            listed = "，".join(f"{k} {n:,} 份" for k, n in list(counts.items())[:most])
            lines += [f"{title}：{listed}"] if listed else []
        for m in self.moved[:most]:
            change = f"{words[m.old]} → {words[m.new]}"
            lines.append(f"  {m.ref} {m.project_id}：{change}，因 {rule_names(m.rules, *both)}")
        if len(self.moved) > most:
            lines.append(f"  另有 {len(self.moved) - most:,} 份没有列出")
        return "\n".join(lines)


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


def changed_rules(old: ast.Ruleset, new: ast.Ruleset) -> frozenset[str]:
    """Rules of either ruleset that may give another finding, or weigh otherwise, in the other."""
    either = old.rules.keys() | new.rules.keys()
    return frozenset(r for r in either if _meaning(old, r) != _meaning(new, r))


def _meaning(ruleset: ast.Ruleset, rule_id: str) -> object:
    rule = ruleset.rules.get(rule_id)
    if rule is None:
        return None
    cards = [ruleset.scorecards[id_] for id_ in sorted({*walk.named("scorecard", *rule.halves)})]
    roots = (*rule.halves, *(root for card in cards for root in card.roots()))
    metrics = {
        id_: (bare(ruleset.metrics[id_].formula), _units(ruleset.metrics[id_].formula))
        for id_ in walk.named("metric", *roots, metrics=ruleset.metrics)
    }
    scored = [(_scored(card), _units(*card.roots())) for card in cards]
    return _own(rule), metrics, bare(criteria_of(rule, ruleset)), scored


def _scored(card: Scorecard) -> object:
    """What a card's score is made of."""
    return (
        bare(card.items),
        card.cap,
        card.floor,
        card.caps,
        bare(card.rounding),
    )


def _own(rule: ast.Rule) -> object:
    return (
        bare(rule.applies_when),
        bare(rule.require),
        _units(*rule.halves),
        rule.effect,
        rule.start,
        rule.end,
    )


def _units(*roots: walk.Node | None) -> tuple[Fraction | None, ...]:
    """The unit conversions among the nodes, which ``bare`` leaves out."""
    return tuple(n.factor if isinstance(n, ast.Scale) else None for n in walk.nodes(*roots))


@dataclass
class Tally:
    """Counts while dossiers go by; ``impact`` closes them."""

    old: ast.Ruleset
    new: ast.Ruleset
    total: int = 0
    unread: int = 0
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: list[Moved] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def impact(self, engine: str, note: str) -> Impact:
        """The outcome of everything counted."""
        rules: Counter[str] = Counter()
        departments: Counter[str] = Counter()
        industries: dict[str, Counter[tuple[str, str]]] = {}
        known = {r: self._departments(r) for r in self.old.rules.keys() | self.new.rules.keys()}
        for m in self.moved:
            rules.update(m.rules)
            departments.update({d for r in m.rules for d in known[r]})
            industry = (m.industry or NO_INDUSTRY)[:3]
            industries.setdefault(industry, Counter())[m.old, m.new] += 1
        ranked = sorted(industries.items(), key=lambda x: (-x[1].total(), x[0]))
        return Impact(
            engine,
            self.total,
            self.unread,
            dict(self.matrix),
            tuple(self.moved),
            dict(sorted(rules.items(), key=lambda x: (-x[1], x[0]))),
            dict(sorted(departments.items(), key=lambda x: (-x[1], x[0]))),
            dict(ranked),
            note,
            tuple(self.notes),
        )

    def _departments(self, rule: str) -> tuple[str, ...]:
        return (self.new.rules.get(rule) or self.old.rules[rule]).departments


def profile_of(ruleset: ast.Ruleset, raw: Any) -> Profile | None:
    problems = Problems()
    return parse_dossier(stored(raw), ruleset.registry, lambda _: _NOWHERE, problems)


def judge_each(tally: Tally, rows: Iterable[Row]) -> None:
    """Judge dossiers one by one by both rulesets."""
    engines = ReferenceEngine(tally.old), ReferenceEngine(tally.new)
    same = tally.old.registry.fields == tally.new.registry.fields
    for row in rows:
        raw = json.loads(row.dossier, parse_float=Decimal)
        after = profile_of(tally.new, raw)
        before = after if same else profile_of(tally.old, raw)
        judge_one(tally, engines, row, before, after)


def judge_one(
    tally: Tally,
    engines: tuple[ReferenceEngine, ReferenceEngine],
    row: Row,
    before: Profile | None,
    after: Profile | None,
) -> None:
    tally.total += 1
    if before is None or after is None:
        tally.unread += 1
        return
    day = row.as_of or after.submitted_on
    a, b = engines[0].statuses(before, day), engines[1].statuses(after, day)
    x, y = combine(tally.old, a).value, combine(tally.new, b).value
    tally.matrix[x, y] += 1
    if x != y:
        industry = after.values.get("industry_code")
        tally.moved.append(
            Moved(
                row.ref,
                after.id,
                industry if isinstance(industry, str) else None,
                x,
                y,
                moved_rules(tally.old, tally.new, a, b),
            )
        )
