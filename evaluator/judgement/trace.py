"""The whole trace of one finding: formula with its numbers, leaf by leaf, the row, the YAML lines."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from evaluator.engine.reference.traces import LeafTrace, Unknown
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import explain
from evaluator.judgement.inwords import SIGNS, condition_words
from evaluator.judgement.wording import OP_WORDS, cite, show_value, with_unit
from evaluator.problems.source import Place
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Hit
from evaluator.rulebook.verdict import STATUS_LABELS
from evaluator.values.kleene import Truth, all_of, any_of, negate
from evaluator.values.numbers import exact_text, shown, shown_apart

TRUTH_NAMES = {True: "true", False: "false", None: "unknown"}


def trace_of(evaluation: Evaluation, rule_id: str) -> dict[str, Any]:
    """The trace as JSON data. Raises KeyError where the rule was not in force."""
    return _Tracer(evaluation, rule_id).data()


class _Tracer:
    def __init__(self, evaluation: Evaluation, rule_id: str) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.registry = evaluation.ruleset.registry
        self.values = evaluation.profile.values
        self.trace = evaluation.assessment.traces[rule_id]
        self.rule = self.trace.rule

    def data(self) -> dict[str, Any]:
        rule, trace = self.rule, self.trace
        applies = None
        if rule.applies_when is not None:
            applies = self._node(rule.applies_when, iter(trace.applies_leaves))[0]
        finding = explain(self.evaluation, rule.id)
        return {
            "finding": finding.to_dict(),
            "status_label": STATUS_LABELS[finding.status],
            "as_of": self.evaluation.as_of.isoformat(),
            "applies_when": applies,
            "require": self._node(rule.require, iter(trace.require_leaves))[0],
            "metrics": [self._metric(m) for m in self._metrics()],
            "criteria": list(self._criteria()),
            "source": {
                "file": rule.place.source.name,
                "line": rule.place.line,
                "yaml": _lines(rule.place),
            },
        }

    # --- conditions ------------------------------------------------------------------------------

    def _node(
        self, condition: ast.Condition, traces: Iterator[LeafTrace]
    ) -> tuple[dict[str, Any], Truth]:
        match condition:
            case ast.AllOf(items=items) | ast.AnyOf(items=items):
                parts = [self._node(item, traces) for item in items]
                every = isinstance(condition, ast.AllOf)
                truth = (all_of if every else any_of)(t for _, t in parts)
                text = "以下各项同时成立" if every else "以下至少一项成立"
                return self._entry(
                    "all" if every else "any", text, truth, [n for n, _ in parts]
                ), truth
            case ast.NotOf(item=item):
                node, inner = self._node(item, traces)
                return self._entry("not", "以下不成立", negate(inner), [node]), negate(inner)
            case _:
                trace = next(traces)
                return self._entry(
                    "leaf", self._leaf(trace), trace.truth, self._items(trace)
                ), trace.truth

    def _entry(
        self, kind: str, text: str, truth: Truth, children: list[dict[str, Any]]
    ) -> dict[str, Any]:
        out: dict[str, Any] = {"kind": kind, "text": text, "truth": TRUTH_NAMES[truth]}
        if children:
            out["children"] = children
        return out

    def _leaf(self, trace: LeafTrace) -> str:
        leaf = trace.leaf
        if isinstance(leaf, ast.Compare):
            digits = 2
            if isinstance(trace.left, Fraction) and isinstance(trace.right, Fraction):
                left, right = shown_apart(trace.left, trace.right, digits)
            else:
                left = shown(trace.left, digits) if isinstance(trace.left, Fraction) else "未知"
                right = shown(trace.right, digits) if isinstance(trace.right, Fraction) else "未知"
            unit = leaf.right.unit
            rounded = f"（修约到 {leaf.rounded} 位后比较）" if leaf.rounded is not None else ""
            words = OP_WORDS[leaf.op]
            return (
                f"{self._name(leaf.left)} {with_unit(left, unit)}，应{words}"
                f"{self._name(leaf.right)} {with_unit(right, unit)}{rounded}{self._why(trace.unknown)}"
            )
        field = self.registry.references[leaf.field]
        value = show_value(field, self.values.get(leaf.field))
        if isinstance(leaf, ast.Known):
            return f"{field.label}已填写（{value}）"
        if isinstance(leaf, ast.Each):
            word = OP_WORDS[leaf.op]
            return f"{field.label}逐项{word}“{self.ruleset.criteria[leaf.criterion].title}”{self._why(trace.unknown)}"
        start = "以下列内容开头" if leaf.prefix else "为"
        options = (
            f"“{self.ruleset.criteria[leaf.criterion].title}”所列"
            if leaf.criterion
            else "、".join(show_value(field, o) for o in leaf.options)
        )
        return f"{field.label}（{value}）{start}{'：' if leaf.prefix else ''}{options}{self._why(trace.unknown)}"

    def _items(self, trace: LeafTrace) -> list[dict[str, Any]]:
        out = []
        for item in trace.items:
            unit = item.hit.row.unit if item.hit else None
            if item.value is not None and item.hit is not None:
                value, limit = shown_apart(item.value, item.hit.row.value)
                text = f"{item.item.key}：{with_unit(value, unit)}，标准 {with_unit(limit, unit)}"
            else:
                text = f"{item.item.key}：{item.reason}"
            out.append(self._entry("item", text, item.truth, []))
        return out

    def _why(self, unknown: Unknown) -> str:
        parts = [self.registry.label(m) + "未填" for m in unknown.missing] + list(unknown.reasons)
        return f"（{'；'.join(parts)}）" if parts else ""

    def _name(self, expr: ast.Expr) -> str:
        match expr:
            case ast.FieldRef(name=name):
                return self.registry.label(name)
            case ast.MetricRef(id=id):
                return self.ruleset.metrics[id].title
            case ast.CriterionRef(id=id):
                return self.ruleset.criteria[id].title
            case ast.Scale(expr=inner):
                return self._name(inner)
            case ast.ScoreRef(card=card):
                return f"{self.ruleset.scorecards[card].title}得分"
            case ast.Number():
                return ""
            case _:
                return self._formula(expr, False)

    # --- formulas --------------------------------------------------------------------------------

    def _metrics(self) -> list[ast.Metric]:
        """The metrics the rule reads, those they are made from first."""
        read: dict[str, ast.Metric] = {}

        def visit(*roots: walk.Node | None) -> None:
            for id_ in walk.named("metric", *roots):
                metric = self.ruleset.metrics[id_]
                visit(metric.formula)
                read[id_] = metric

        visit(*self.rule.halves)
        return list(read.values())

    def _metric(self, metric: ast.Metric) -> dict[str, Any]:
        amount = self.evaluation.assessment.metrics.get(metric.id)
        known = isinstance(amount, Fraction)
        return {
            "id": metric.id,
            "title": metric.title,
            "unit": metric.unit.name,
            "formula": self._formula(metric.formula, False),
            "numbers": self._formula(metric.formula, True),
            "value": shown(amount, metric.digits) if isinstance(amount, Fraction) else None,
            "exact": exact_text(amount) if isinstance(amount, Fraction) else None,
            "unknown": None
            if known
            else self._why(amount if isinstance(amount, Unknown) else Unknown(())),
            "file": metric.place.source.name,
            "line": metric.place.line,
        }

    def _formula(self, expr: ast.Expr, numbers: bool, inside: bool = False) -> str:
        match expr:
            case ast.Arith(op=op, args=args):
                text = SIGNS[op].join(self._formula(a, numbers, True) for a in args)
                return f"（{text}）" if inside else text
            case ast.Scale(expr=inner, factor=factor):
                return f"{self._formula(inner, numbers, True)} × {exact_text(factor)}"
            case ast.Extreme(most=most, args=args):
                listed = "，".join(self._formula(a, numbers) for a in args)
                return f"{'较大' if most else '较小'}（{listed}）"
            case ast.Choose(cases=cases, otherwise=otherwise):
                parts = [
                    f"{condition_words(c, self.ruleset)}：{self._formula(e, numbers)}"
                    for c, e in cases
                ]
                return f"（{'；'.join(parts)}；其余：{self._formula(otherwise, numbers)}）"
            case ast.Sum(field=field):
                return f"{self.registry.fields[field].label}合计"
            case ast.Days(start=start, end=end):
                return f"{self.registry.label(start)}至{self.registry.label(end)}的天数"
            case ast.Number(value=value):
                return exact_text(value)
        if not numbers:
            return self._name(expr)
        if isinstance(expr, ast.FieldRef):
            return show_value(self.registry.references[expr.name], self.values.get(expr.name))
        if isinstance(expr, ast.MetricRef):
            amount = self.evaluation.assessment.metrics.get(expr.id)
            return (
                with_unit(shown(amount, 6), expr.unit) if isinstance(amount, Fraction) else "未知"
            )
        if isinstance(expr, ast.CriterionRef) and (hit := self._inner(expr)) is not None:
            return with_unit(exact_text(hit.row.value), hit.row.unit)
        return self._name(expr)

    def _inner(self, ref: ast.CriterionRef) -> Hit | None:
        """The row that a criterion within an expression took."""
        traces = (*self.trace.require_leaves, *self.trace.applies_leaves)
        rows = (i for trace in traces for i in trace.inner)
        return next((i.hit for i in rows if (i.ref.id, i.ref.keys) == (ref.id, ref.keys)), None)

    # --- criteria --------------------------------------------------------------------------------

    def _criteria(self) -> Iterator[dict[str, Any]]:
        seen: set[tuple[str, int]] = set()
        for trace in (*self.trace.applies_leaves, *self.trace.require_leaves):
            for id_, hit in self._hits(trace):
                key = (id_, hit.row.number)
                if key in seen:
                    continue
                seen.add(key)
                row, period = hit.row, hit.period
                yield {
                    "id": id_,
                    "title": self.ruleset.criteria[id_].title,
                    "row": "，".join(self.registry.row_words(d, [w]) for d, w in hit.taken)
                    or "默认",
                    "value": exact_text(row.value),
                    "unit": row.unit.name if row.unit else None,
                    "basis": cite(row.provenance, period, id_).to_dict(),
                    "note": row.provenance.note,
                    "file": row.place.source.name,
                    "line": row.place.line,
                }

    def _hits(self, trace: LeafTrace) -> Iterator[tuple[str, Hit]]:
        leaf = trace.leaf
        for inner in trace.inner:
            yield inner.ref.id, inner.hit
        if isinstance(leaf, ast.Compare) and isinstance(leaf.right, ast.CriterionRef) and trace.hit:
            yield leaf.right.id, trace.hit
        elif isinstance(leaf, ast.Each):
            for item in trace.items:
                if item.hit is not None:
                    yield leaf.criterion, item.hit


def _lines(place: Place) -> str:
    """The YAML of a list entry: from its line to the next entry of the same indentation."""
    lines = place.source.text.splitlines()
    start = (place.line or 1) - 1
    indent = max((place.column or 1) - 1, 0)
    out = [lines[start]] if start < len(lines) else []
    for line in lines[start + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            break
        out.append(line)
    while out and not out[-1].strip():
        out.pop()
    return "\n".join(out)
