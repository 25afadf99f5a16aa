"""What the cases of a rulebook touch: statuses of rules, branches, table rows, thresholds.

A rule's own cases count for that rule, whole-dossier cases for every rule. A branch is a leaf
condition being true, false or unknown; a threshold is touched by a case that stands exactly on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evaluator.cases.book import Cases
from evaluator.cases.card_coverage import card_parts
from evaluator.cases.layers import CaseLayers
from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.engine.reference.traces import LeafTrace, RuleTrace
from evaluator.judgement.inwords import condition_words
from evaluator.judgement.wording import subject_name, with_unit
from evaluator.problems.source import Place
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Criterion, Hit, Period, Row, lookup
from evaluator.rulebook.reads import criterion_refs
from evaluator.rulebook.verdict import STATUS_LABELS, Status
from evaluator.values.numbers import shown

TRUTHS = {True: "为真", False: "为假", None: "未知"}
KINDS = {
    "status": "规则的结论",
    "branch": "条件的真、假、未知",
    "row": "标准表的行",
    "threshold": "恰在界限上",
    "points": "评分表给分的各种情形",
    "band": "评分表的分档",
    "step": "评分表的步",
    "cap": "评分表的上下限",
    "grade": "评分表的等次",
}
CARDS = frozenset({"points", "band", "step", "cap", "grade"})  # Kinds that only scorecards have.


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that cases can touch; ``kind`` is a key of KINDS."""

    kind: str
    subject: str
    what: str
    place: Place
    covered: bool


@dataclass(frozen=True)
class Coverage:
    """Every item, covered or not."""

    items: tuple[Item, ...]

    def of(self, kind: str) -> tuple[Item, ...]:
        """The items of one kind."""
        return tuple(i for i in self.items if i.kind == kind)

    def ratio(self, kind: str | None = None) -> float:
        """The share that is covered, 0 to 1; 1 where there is nothing to cover."""
        items = self.of(kind) if kind else self.items
        return sum(i.covered for i in items) / len(items) if items else 1.0

    def render(self, ruleset: ast.Ruleset | None = None) -> str:
        """The report for a terminal: shares, then what no case touches; ``ruleset`` gives titles."""
        lines = []
        for kind, title in KINDS.items():
            items = self.of(kind)
            if kind in CARDS and not items:
                continue
            done = sum(i.covered for i in items)
            lines.append(f"{title}：{done}/{len(items)}（{self.ratio(kind):.1%}）")
        open_ = [i for i in self.items if not i.covered]
        lines += [
            f"{i.place.label()}：{subject_name(i.subject, ruleset)} 没有案例触及：{i.what}"
            for i in open_
        ]
        return "\n".join(lines)


@dataclass
class _Seen:
    statuses: set[tuple[str, Status]] = field(default_factory=set)
    branches: set[tuple[int, object]] = field(default_factory=set)
    rows: set[tuple[str, Place]] = field(default_factory=set)
    exact: set[tuple[str, Place]] = field(default_factory=set)
    exact_leaves: set[int] = field(default_factory=set)


def coverage(ruleset: ast.Ruleset, cases: Cases) -> Coverage:
    """What ``cases`` touch of ``ruleset``."""
    engine = ReferenceEngine(ruleset)
    seen = _Seen()
    for case in cases.rules:
        rule = ruleset.rules[case.rule]
        for trace in engine.assess_rules([rule], case.profile, case.as_of):
            _note(ruleset, trace, case.profile, case.as_of, seen)
    for whole in cases.dossiers:
        for trace in engine.assess(whole.profile, whole.as_of).traces.values():
            _note(ruleset, trace, whole.profile, whole.as_of, seen)
    cards = (
        Item(part.kind, card.rule_id, part.what, part.place, covered)
        for card, part, covered in card_parts(ruleset, cases, engine)
    )
    return Coverage((*_items(ruleset, seen), *cards))


def _note(
    ruleset: ast.Ruleset, trace: RuleTrace, profile: Profile, day: dt.date, seen: _Seen
) -> None:
    seen.statuses.add((trace.rule.id, trace.status))
    for leaf in (*trace.applies_leaves, *trace.require_leaves):
        seen.branches.add((id(leaf.leaf), leaf.truth))
        _note_rows(ruleset, leaf, profile, day, seen)


def _note_rows(
    ruleset: ast.Ruleset, trace: LeafTrace, profile: Profile, day: dt.date, seen: _Seen
) -> None:
    leaf = trace.leaf
    if isinstance(leaf, ast.Each):
        for item in trace.items:
            if item.hit is not None:
                seen.rows.add((leaf.criterion, item.hit.row.place))
                if item.value == item.hit.row.value:
                    seen.exact.add((leaf.criterion, item.hit.row.place))
    if not isinstance(leaf, ast.Compare):
        return
    for ref in criterion_refs(leaf, ruleset):
        criterion = ruleset.criteria[ref.id]
        hit = lookup(criterion, profile.values, day, profile.submitted_on, dict(ref.keys))
        if isinstance(hit, Hit):
            seen.rows.add((ref.id, hit.row.place))
            if trace.left is not None and trace.left == trace.right and leaf.right == ref:
                seen.exact.add((ref.id, hit.row.place))
    if trace.left is not None and trace.left == trace.right:
        seen.exact_leaves.add(id(leaf))


# --- what there is to touch --------------------------------------------------------------------


def _items(ruleset: ast.Ruleset, seen: _Seen) -> Iterator[Item]:
    layers = CaseLayers(ruleset)
    rules, here = layers.rules, layers.criteria
    for rule in rules:
        for status in _possible(rule):
            covered = (rule.id, status) in seen.statuses
            yield Item("status", rule.id, STATUS_LABELS[status], rule.place, covered)
    for rule in rules:
        for leaf in walk.leaves(*rule.halves):
            for truth, word in TRUTHS.items():
                if truth is None and isinstance(leaf, ast.Known):
                    continue
                what = f"“{condition_words(leaf, ruleset)}”{word}"
                yield Item("branch", rule.id, what, leaf.place, (id(leaf), truth) in seen.branches)
    compared = _compared(ruleset)
    for id_, criterion in ruleset.criteria.items():
        if id_ in compared and id_ in here:
            yield from _row_items(criterion, compared[id_], seen)
    for rule in rules:
        for leaf in walk.leaves(rule.require):
            if isinstance(leaf, ast.Compare) and not isinstance(leaf.right, ast.CriterionRef):
                what = f"“{condition_words(leaf, ruleset)}”两边相等"
                yield Item("threshold", rule.id, what, leaf.place, id(leaf) in seen.exact_leaves)


def _possible(rule: ast.Rule) -> tuple[Status, ...]:
    statuses = [Status.SATISFIED, Status.VIOLATED]
    if not all(isinstance(leaf, ast.Known) for leaf in walk.leaves(*rule.halves)):
        statuses.append(Status.UNKNOWN)
    if rule.applies_when is not None:
        statuses.append(Status.NOT_APPLICABLE)
    return tuple(statuses)


def _compared(ruleset: ast.Ruleset) -> Mapping[str, bool]:
    """Criteria that rules use; True where something is held right against them in ``require``."""
    out: dict[str, bool] = {}
    for rule in ruleset.rules.values():
        for condition, required in ((rule.applies_when, False), (rule.require, True)):
            for leaf in walk.leaves(condition):
                if isinstance(leaf, ast.Each):
                    out[leaf.criterion] = True
                for ref in criterion_refs(leaf, ruleset):
                    against = isinstance(leaf, ast.Compare) and leaf.right == ref and required
                    out[ref.id] = out.get(ref.id, False) or against
    return out


def _row_items(criterion: Criterion, against: bool, seen: _Seen) -> Iterator[Item]:
    done: set[Place] = set()
    for period in criterion.periods:
        for row in period.rows:
            if row.place in done:
                continue
            done.add(row.place)
            what = _row_words(criterion, period, row)
            key = (criterion.id, row.place)
            yield Item("row", criterion.id, what, row.place, key in seen.rows)
            if against:
                yield Item("threshold", criterion.id, f"恰为 {what}", row.place, key in seen.exact)


def _row_words(criterion: Criterion, period: Period, row: Row) -> str:
    name = f"{row.title()} " if row.keys else ""
    since = f"（{period.start.isoformat()} 起）" if len(criterion.periods) > 1 else ""
    return f"{name}{with_unit(shown(row.value, 6), row.unit)}{since}"
