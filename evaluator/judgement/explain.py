"""Findings as a person reads them: measured, required, gap, basis, what is missing, what to do.

Works only from the trace that the reference engine left; computes no truth of its own.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.traces import NOTHING, ItemTrace, LeafTrace, RuleTrace, Unknown
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.scores import graded_by, score_sentence
from evaluator.judgement.wording import (
    BREACH_WORDS,
    EXAMPLE,
    OP_WORDS,
    Citation,
    cite,
    cite_source,
    difference,
    gap_words,
    show_value,
    with_unit,
)
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.criteria import Hit, Period, Provenance
from evaluator.rulebook.reads import held_against
from evaluator.rulebook.verdict import Status
from evaluator.values.kleene import Truth, all_of, any_of, negate
from evaluator.values.numbers import shown, shown_apart

FORMATTER = string.Formatter()


class Measure(NamedTuple):
    """What was measured against what, as texts in ``unit``; ``row`` is the table row taken."""

    value: str | None = None
    required: str | None = None
    unit: str | None = None
    row: str | None = None
    gap: str | None = None
    gap_relative: str | None = None


class Finding(NamedTuple):
    """One rule's outcome for reading. Numbers are texts, rounded without hiding their order."""

    rule: ast.Rule
    status: Status
    measure: Measure
    example: bool
    basis: tuple[Citation, ...]
    missing: tuple[str, ...]
    reasons: tuple[str, ...]
    message: str
    remedy: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON data with a fixed set of keys."""
        rule = self.rule
        measure = self.measure
        gap = {"absolute": measure.gap, "relative": measure.gap_relative} if measure.gap else None
        return {
            "rule": rule.id,
            "title": rule.title,
            "list": rule.list,
            "dimension": rule.dimension,
            "status": self.status.value,
            "effect": rule.effect.value,
            "departments": list(rule.departments),
            "value": measure.value,
            "required": measure.required,
            "unit": measure.unit,
            "row": measure.row,
            "gap": gap,
            "example": self.example,
            "basis": [c.to_dict() for c in self.basis],
            "missing": list(self.missing),
            "reasons": list(self.reasons),
            "message": self.message,
            "remedy": self.remedy,
        }


def findings(evaluation: Evaluation) -> tuple[Finding, ...]:
    """Every finding, by rule id."""
    return tuple(explain(evaluation, id_) for id_ in told(evaluation))


def told(evaluation: Evaluation) -> Iterable[str]:
    """The rules that a finding is given of, by id: of the two of a card, one."""
    cards = evaluation.ruleset.scorecards
    if not cards:
        return evaluation.statuses
    hidden = {_silent(card, evaluation) for card in cards.values()}
    return [id_ for id_ in evaluation.statuses if id_ not in hidden]


def _silent(card: Scorecard, evaluation: Evaluation) -> str | None:
    """Of the two rules of a card the one that the other speaks for: its grade is one finding."""
    if card.reject_id not in evaluation.statuses:
        return None
    rejected = evaluation.statuses[card.reject_id] is Status.VIOLATED
    return card.rule_id if rejected else card.reject_id


def explain(evaluation: Evaluation, rule_id: str) -> Finding:
    """The finding of one rule. Raises KeyError where the rule was not in force."""
    return _Explainer(evaluation, evaluation.assessment.traces[rule_id]).finding()


def left_open(trace: RuleTrace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields and reasons that leave a rule open, from its unknown branches only."""
    lacking = NOTHING
    parts: list[tuple[ast.Condition | None, tuple[LeafTrace, ...]]] = [
        (trace.rule.applies_when, trace.applies_leaves),
        (trace.rule.require, trace.require_leaves),
    ]
    for condition, leaves in parts:
        if condition is not None:
            truth, unknown = _open(condition, iter(leaves))
            if truth is None:
                lacking = lacking.joined(unknown)
    return lacking.missing, lacking.reasons


class _Explainer:
    def __init__(self, evaluation: Evaluation, trace: RuleTrace) -> None:
        self.ruleset: ast.Ruleset = evaluation.ruleset
        self.profile: Profile = evaluation.profile
        self.evaluation = evaluation
        self.trace = trace
        self.rule = trace.rule

    def finding(self) -> Finding:
        trace = self.trace
        self.primary = leaf, positive = self._primary()
        # What does not apply was not measured against anything.
        applies = trace.status is not Status.NOT_APPLICABLE
        measure = self._measure(leaf, positive) if applies else Measure()
        unknown = trace.status is Status.UNKNOWN
        status = trace.status
        if unknown and self.rule.id in self.evaluation.later:
            status = Status.NOT_DUE
        missing, reasons = left_open(trace) if unknown else ((), ())
        basis, example = self._basis()
        message = self._message(measure, missing, reasons, example)
        remedy = self._fill(self.rule.remedy, measure, missing)
        return Finding(
            self.rule, status, measure, example, basis, missing, reasons, message, remedy
        )

    # --- which leaf speaks for the rule ----------------------------------------------------------

    def _primary(self) -> tuple[LeafTrace, bool]:
        """The leaf that decided the requirement, preferring one with numbers; and its polarity."""
        if self.trace.require_leaves[0].leaf is self.rule.require:
            return self.trace.require_leaves[0], True
        signed = walk.signed_leaves(self.rule.require)
        flat = [
            (leaf, positive)
            for leaf, (_, positive) in zip(self.trace.require_leaves, signed, strict=True)
        ]
        wanted = self.trace.required

        def rank(entry: tuple[LeafTrace, bool]) -> tuple[bool, bool]:
            leaf, positive = entry
            truth = leaf.truth if positive else negate(leaf.truth)
            return truth is not wanted, not isinstance(leaf.leaf, (ast.Compare, ast.Each))

        return min(flat, key=rank)

    def _measure(self, trace: LeafTrace, positive: bool) -> Measure:
        leaf = trace.leaf
        if isinstance(leaf, ast.Compare):
            return self._compared(trace, leaf, positive)
        if isinstance(leaf, ast.Each):
            return self._itemised(trace)
        if isinstance(leaf, ast.Member):
            return self._member(leaf, positive)
        field = self.ruleset.registry.references.get(leaf.field)
        value = show_value(field, self.profile.values.get(leaf.field))
        return Measure(value, "已填写" if positive else "未填写")

    def _compared(self, trace: LeafTrace, leaf: ast.Compare, positive: bool) -> Measure:
        digits = self._digits(leaf.left)
        unit = leaf.right.unit.name
        left, right = trace.left, trace.right
        row = self._row(trace.hit) if trace.hit is not None else None
        if not isinstance(left, Fraction) or not isinstance(right, Fraction):
            value = shown(left, digits) if isinstance(left, Fraction) else None
            required = shown(right, digits) if isinstance(right, Fraction) else None
            return Measure(value, required, unit, row)
        value, required = shown_apart(left, right, digits)
        failed = trace.truth is not positive and (positive or left != right)
        if failed and leaf.op is not ast.Op.EQUALS:
            return Measure(value, required, unit, row, *gap_words(left, right, digits))
        return Measure(value, required, unit, row)

    def _row(self, hit: Hit) -> str | None:
        words = self.ruleset.registry.row_words
        return "，".join(words(d, [word]) for d, word in hit.taken) or None

    def _itemised(self, trace: LeafTrace) -> Measure:
        worst: ItemTrace | None = next((i for i in trace.items if i.truth is trace.truth), None)
        if worst is None:
            return Measure()
        if worst.hit is None or worst.value is None or worst.hit.row.unit is None:
            return Measure(row=worst.item.key)
        limit, unit = worst.hit.row.value, worst.hit.row.unit.name
        value, required = shown_apart(worst.value, limit)
        gap = gap_words(worst.value, limit, 2) if worst.truth is False else (None, None)
        return Measure(value, required, unit, worst.item.key, *gap)

    def _member(self, leaf: ast.Member, positive: bool) -> Measure:
        field = self.ruleset.registry.fields.get(leaf.field)
        stated = self.profile.values.get(leaf.field)
        value = show_value(field, stated) if stated is not None else None
        if leaf.criterion is not None:
            title = self.ruleset.criteria[leaf.criterion].title
            return Measure(value, f"{'在' if positive else '不在'}“{title}”之列")
        words = "、".join(show_value(field, o) for o in leaf.options)
        around = f"以 {words} 开头" if leaf.prefix else words
        return Measure(value, around if positive else f"不为{around}")

    def _digits(self, expr: ast.Expr) -> int:
        expr = walk.unscaled(expr)
        return self.ruleset.metrics[expr.id].digits if isinstance(expr, ast.MetricRef) else 2

    # --- basis -------------------------------------------------------------------------------------

    def _basis(self) -> tuple[tuple[Citation, ...], bool]:
        """The citations, and whether a value that was used is an example."""
        # What the requirement takes goes before what only decides whether it applies.
        leaves = self.trace.applies_leaves + self.trace.require_leaves
        used = [_used(leaf) for leaf in leaves]
        # Rows and periods live as long as the ruleset, so that they are the same by identity.
        rows = [id(taken.row) if isinstance(taken, Hit) else id(taken) for taken in used]
        rows += [id(inner.hit.row) for leaf in leaves for inner in leaf.inner]
        key = ("basis", self.rule.id, self.evaluation.stretch, tuple(rows))
        return self.evaluation.memo.recall(key, lambda: self._cited(leaves, used))

    def _cited(
        self, leaves: Sequence[LeafTrace], used: Sequence[Hit | Period | None]
    ) -> tuple[tuple[Citation, ...], bool]:
        cited: dict[str, tuple[Provenance | None, Period]] = {}
        example = False
        for leaf, taken in zip(leaves, used, strict=True):
            for inner in leaf.inner:
                cited[inner.ref.id] = inner.hit.row.provenance, inner.hit.period
                example |= inner.required and not inner.hit.row.provenance.verified
            name = held_against(leaf.leaf)
            if taken is None or name is None:
                continue
            provenance = taken.row.provenance if isinstance(taken, Hit) else taken.provenance
            cited[name] = provenance, taken.period if isinstance(taken, Hit) else taken
            example |= provenance is not None and not provenance.verified
        return self._cite(cited), example

    def _cite(self, used: Mapping[str, tuple[Provenance | None, Period]]) -> tuple[Citation, ...]:
        out: list[Citation] = []
        for basis in self.rule.basis:
            if basis.criterion is None:
                if basis.source is not None:
                    out.append(cite_source(basis.source, basis.clause))
                continue
            cited = used.get(basis.criterion)
            if cited is None:
                period = self.ruleset.criteria[basis.criterion].period(
                    self.evaluation.as_of, self.profile.submitted_on
                )
                if period is None or period.gap is not None:
                    continue
                first = period.rows[0].provenance if period.rows else None
                cited = (period.provenance or first, period)
            if cited[0] is not None:
                out.append(cite(cited[0], cited[1], basis.criterion))
        return tuple(out)

    # --- words -------------------------------------------------------------------------------------

    def _message(
        self, measure: Measure, missing: tuple[str, ...], reasons: tuple[str, ...], example: bool
    ) -> str:
        status = self.trace.status
        graded = graded_by(self.evaluation, self.rule)
        if graded is not None and status is not Status.NOT_APPLICABLE:
            waits = f"：没有填{'、'.join(map(self._supplied, missing))}" if missing else ""
            own = graded.grade.message if graded.grade else None
            said = f"；{self._fill(own, measure, missing)}" if own else ""
            return f"{score_sentence(graded)}{waits}{'；'.join(['', *reasons])}{said}"
        note = f"（要求值为{EXAMPLE}）" if example and measure.required is not None else ""
        if status is Status.UNKNOWN:
            before = self._before_due()
            parts = ["没有填" + "、".join(self._supplied(m) for m in missing)] if missing else []
            return f"{self.rule.title}：{before}{'；'.join([*parts, *reasons]) or '无法判断'}"
        if status is Status.VIOLATED:
            return (self._fill(self.rule.message, measure, missing) or self._breach(measure)) + note
        if status is Status.NOT_APPLICABLE:
            return f"{self.rule.title}：不适用于本项目"
        return f"{self.rule.title}：符合要求{note}"

    def _before_due(self) -> str:
        """From which stage the answer counts, where that is later."""
        if self.rule.id not in self.evaluation.later:
            return ""
        titles = {stage.id: stage.title for stage in self.ruleset.stages}
        return f"到{titles[self.rule.due]}环节才要，"

    def _breach(self, measure: Measure) -> str:
        leaf, positive = self.primary
        value = f"{measure.value or '未填'} {measure.unit or ''}".strip()
        if isinstance(leaf.leaf, ast.Compare):
            word = (BREACH_WORDS if positive else OP_WORDS)[leaf.leaf.op]
            return f"{self.rule.title} {value}，{word}要求的 {measure.required} {measure.unit or ''}".strip()
        return f"{self.rule.title}不符合要求：{value}，应{measure.required}"

    def _supplied(self, name: str) -> str:
        registry = self.ruleset.registry
        field = registry.references.get(name)
        if field is None:
            return name
        by = f"（{registry.department(field.supplied_by)}提供）" if field.supplied_by else ""
        return f"“{field.label}”{by}"

    def _fill(self, template: str | None, measure: Measure, missing: tuple[str, ...]) -> str | None:
        if template is None or "{" not in template:
            return template
        value, required, unit, row, gap, _ = measure
        tail = "" if unit in (None, "1") else unit if unit in ("%", "‰") else f" {unit}"
        words: dict[str, str] = {
            "value": f"{value}{tail}" if value is not None else "未填",
            "required": f"{required}{tail}" if required is not None else "（无标准值）",
            "gap": difference(gap, unit) if gap is not None else "",
            "unit": unit or "",
            "row": row or "默认",
            "missing": "、".join(self.ruleset.registry.label(m) for m in missing),
        }
        # Not str.format: it would take the dot of "emissions.COD" for an attribute.
        return "".join(
            literal
            if name is None
            else literal + (words[name] if name in words else self.named(name))
            for literal, name, _, _ in FORMATTER.parse(template)
        )

    def named(self, name: str) -> str:
        """A field or metric that a message names."""
        metric = self.ruleset.metrics.get(name)
        if metric is None:
            field = self.ruleset.registry.references.get(name)
            return show_value(field, self.profile.values.get(name))
        amount = self.evaluation.assessment.metrics.get(name)
        if isinstance(amount, Fraction):
            return with_unit(shown(amount, metric.digits), metric.unit)
        return "未知"


def _open(condition: ast.Condition, leaves: Iterator[LeafTrace]) -> tuple[Truth, Unknown]:
    match condition:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            parts = [_open(item, leaves) for item in items]
            combined = all_of if isinstance(condition, ast.AllOf) else any_of
            unknown = NOTHING
            for truth, part in parts:
                if truth is None:
                    unknown = unknown.joined(part)
            return combined(t for t, _ in parts), unknown
        case ast.NotOf(item=item):
            truth, unknown = _open(item, leaves)
            return negate(truth), unknown
        case _:
            trace = next(leaves)
            return trace.truth, trace.unknown


def _used(trace: LeafTrace) -> Hit | Period | None:
    """What of a criterion a leaf was held against."""
    if isinstance(trace.leaf, ast.Each):
        # What decided goes before what did not.
        hits = [i for i in trace.items if i.hit is not None]
        item = next((i for i in hits if i.truth is trace.truth), hits[0] if hits else None)
        return item and item.hit
    return trace.hit or trace.period
