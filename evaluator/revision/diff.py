"""What changed between two rulesets, in words: old → new, and from which day.

Order of rules and files, comments, and splitting a period without changing a value are no change.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.judgement.inwords import condition_words, expr_words
from evaluator.revision.card_lines import card_lines, whole_card
from evaluator.revision.criteria import criterion_lines, quoted, whole_criterion
from evaluator.revision.fields import field_lines
from evaluator.rulebook import ast
from evaluator.rulebook.invariants import Invariant, invariants_of
from evaluator.rulebook.stage import Stage
from evaluator.rulebook.verdict import EFFECT_LABELS, LIST_LABELS, VERDICT_LABELS, Verdict

WEIGHT = {ast.Effect.REJECT: 2, ast.Effect.REFER: 1, ast.Effect.ADVISE: 0}
KINDS = {
    "rule": "规则",
    "scorecard": "评分表",
    "criterion": "标准",
    "invariant": "不变式",
    "metric": "指标",
    "label": "标签",
    "stage": "环节",
    "route": "审定层级",
    "field": "字段",
    "accepted": "接受的提醒",
}
CHANGES = {"added": "新增", "removed": "删除", "changed": "修改"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that changed; ``lines`` are full sentences, ``warnings`` what looks like a slip."""

    kind: str
    id: str
    title: str
    change: str
    lines: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that changed; rules first."""

    entries: tuple[Entry, ...]

    def render(self) -> str:
        """The changes for a terminal or a record."""
        if not self.entries:
            return "两个规则集的内容相同。"
        lines: list[str] = []
        for entry in self.entries:
            lines.append(f"{CHANGES[entry.change]}{KINDS[entry.kind]} {entry.id}（{entry.title}）")
            lines += [f"  {line}" for line in entry.lines]
            lines += [f"  注意：{w}" for w in entry.warnings]
        return "\n".join(lines)


def diff(old: ast.Ruleset, new: ast.Ruleset) -> Diff:
    """Rules, criteria, metrics, labels, stages, fields and accepted warnings that differ."""
    entries = [
        *_each(
            "rule",
            old.rules,
            new.rules,
            lambda a, b: _rule(a, b, old, new),
            lambda r: _whole_rule(r, old, new),
        ),
        *_each(
            "scorecard",
            old.scorecards,
            new.scorecards,
            lambda a, b: card_lines(a, b, old, new),
            lambda c: whole_card(c, new if c.id in new.scorecards else old),
        ),
        *_criteria(old, new),
        *_invariants(old, new),
        *_each(
            "metric",
            old.metrics,
            new.metrics,
            lambda a, b: _metric(a, b, old, new),
            lambda m: _whole_metric(m, old, new),
        ),
    ]
    labels_a, labels_b = ({x.id: x for x in r.labels} for r in (old, new))
    words = {"title": "名称", "dimensions": "维度"}
    entries += _each("label", labels_a, labels_b, _parts(words), lambda _: [])
    fields_a, fields_b = old.registry.fields, new.registry.fields
    entries += _each(
        "field",
        fields_a,
        fields_b,
        lambda a, b: field_lines(a, b, old.registry, new.registry),
        lambda _: [],
    )
    entries += _stages(old, new)
    entries += _routes(old, new)
    entries += _accepted(old, new)
    return Diff(tuple(entries))


def _each(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any], compare: Any, whole: Any
) -> list[Entry]:
    out: list[Entry] = []
    for id_ in sorted(old.keys() | new.keys()):
        a, b = old.get(id_), new.get(id_)
        some = b or a
        title = str(
            getattr(some, "title", None) or getattr(some, "label", getattr(some, "body", id_))
        )
        if a is None or b is None:
            lines = tuple(whole(some))
            out.append(Entry(kind, id_, title, "added" if a is None else "removed", lines))
        elif lines := tuple(compare(a, b)):
            out.append(Entry(kind, id_, title, "changed", lines))
    return out


def bare(node: object) -> object:
    """A tree by its meaning: without places, and without the unit conversions put in by reading.

    Where those change, the unit of a field, metric or criterion did, which is told there.
    """
    if isinstance(node, ast.Scale):
        return bare(node.expr)
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        derived = not isinstance(node, (ast.Number, ast.Metric)) and isinstance(node, ast.Expr)
        skipped = ("place", "unit") if derived else ("place",)
        names = [f.name for f in dataclasses.fields(node) if f.name not in skipped]
        return (type(node).__name__, *((n, bare(getattr(node, n))) for n in names))
    if isinstance(node, (tuple, list)):
        return tuple(bare(x) for x in node)
    if isinstance(node, Mapping):
        return tuple((k, bare(v)) for k, v in node.items())
    return node


def _parts(words: Mapping[str, str]) -> Any:
    def compare(a: object, b: object) -> Iterator[str]:
        for name, word in words.items():
            x, y = getattr(a, name), getattr(b, name)
            if bare(x) != bare(y):
                yield f"{word}：{_text(x)} → {_text(y)}"

    return compare


def _text(value: object) -> str:
    if value is None:
        return "（无）"
    if isinstance(value, tuple):
        return "、".join(map(str, value))
    if isinstance(value, Mapping):
        return "、".join(f"{k}={v}" for k, v in value.items())
    return str(value)


def _criteria(old: ast.Ruleset, new: ast.Ruleset) -> Iterator[Entry]:
    for entry in _each(
        "criterion",
        old.criteria,
        new.criteria,
        lambda a, b: criterion_lines(a, b)[0],
        whole_criterion,
    ):
        a, b = old.criteria.get(entry.id), new.criteria.get(entry.id)
        warnings = criterion_lines(a, b)[1] if a and b else ()
        yield dataclasses.replace(entry, warnings=warnings)


def _invariants(old: ast.Ruleset, new: ast.Ruleset) -> list[Entry]:
    def lines(i: Invariant) -> list[str]:
        ruleset = new if i in kept_b.values() else old
        never = "、".join(VERDICT_LABELS[v] for v in Verdict if v in i.never)
        return [f"{condition_words(i.when, ruleset)}的项目，结论从不是{never}"]

    def compare(a: Invariant, b: Invariant) -> Iterator[str]:
        if lines(a) != lines(b):
            yield f"{lines(a)[0]} → {lines(b)[0]}"

    kept_a, kept_b = ({i.id: i for i in invariants_of(r)} for r in (old, new))
    return _each("invariant", kept_a, kept_b, compare, lines)


def _stages(old: ast.Ruleset, new: ast.Ruleset) -> list[Entry]:
    def words(stage: Stage, ruleset: ast.Ruleset) -> list[str]:
        said = "、".join(f"{VERDICT_LABELS[v]}叫“{stage.words[v]}”" for v in Verdict)
        number = 1 + [s.id for s in ruleset.stages].index(stage.id)
        asked = "、".join(ruleset.registry.label(name) for name in stage.fields)
        return [f"第 {number} 个环节；{said}", *([f"另外先问：{asked}"] if asked else [])]

    def compare(a: Stage, b: Stage) -> Iterator[str]:
        if a.title != b.title:
            yield f"名称：{quoted(a.title)} → {quoted(b.title)}"
        x, y = "；".join(words(a, old)), "；".join(words(b, new))
        if x != y:
            yield f"{x} → {y}"

    before, after = ({s.id: s for s in r.stages} for r in (old, new))
    return _each("stage", before, after, compare, lambda s: words(s, new if s.id in after else old))


def _routes(old: ast.Ruleset, new: ast.Ruleset) -> list[Entry]:
    def words(route: ast.Route, ruleset: ast.Ruleset) -> list[str]:
        when = condition_words(route.when.require, ruleset) if route.when else "全部项目"
        days = f"，{route.workdays} 个工作日" if route.workdays is not None else ""
        number = 1 + [r.id for r in ruleset.routes].index(route.id)
        return [
            f"第 {number} 个：{when}，由{route.body}审定{days}",
            f"依据：{_basis(route.basis, ruleset)}",
        ]

    def compare(a: ast.Route, b: ast.Route) -> Iterator[str]:
        for x, y in zip(words(a, old), words(b, new), strict=True):
            if x != y:
                yield f"{x} → {y}"

    before, after = ({r.id: r for r in ruleset.routes} for ruleset in (old, new))
    return _each("route", before, after, compare, lambda r: words(r, new if r.id in after else old))


def _accepted(old: ast.Ruleset, new: ast.Ruleset) -> list[Entry]:
    """No change of judgement, but who reviews a proposal has to see what it lets stand."""

    def words(a: ast.Acceptance) -> str:
        return f"理由：{a.reason}" + (f"（到 {a.until.isoformat()} 为止）" if a.until else "")

    def compare(a: ast.Acceptance, b: ast.Acceptance) -> Iterator[str]:
        if words(a) != words(b):
            yield f"{words(a)} → {words(b)}"

    before, after = ({f"{a.code} {a.name}": a for a in r.accepted} for r in (old, new))
    return _each("accepted", before, after, compare, lambda a: [words(a)])


# --- rules and metrics -------------------------------------------------------------------------


def _rule(a: ast.Rule, b: ast.Rule, old: ast.Ruleset, new: ast.Ruleset) -> Iterator[str]:
    if bare(a.applies_when) != bare(b.applies_when):
        yield f"适用范围：{condition_words(a.applies_when, old)} → {condition_words(b.applies_when, new)}"
    if bare(a.require) != bare(b.require):
        yield f"要求：{condition_words(a.require, old)} → {condition_words(b.require, new)}"
    if a.effect is not b.effect:
        way = "加严" if WEIGHT[b.effect] > WEIGHT[a.effect] else "放宽"
        yield f"不符合的处置：{EFFECT_LABELS[a.effect]} → {EFFECT_LABELS[b.effect]}（{way}）"
    if (a.start, a.end) != (b.start, b.end):
        yield f"施行期间：{_span(a.start, a.end)} → {_span(b.start, b.end)}"
    if a.due != b.due:
        yield f"从哪个环节起要齐：{_due(a, old)} → {_due(b, new)}"
    if a.departments != b.departments:
        x, y = (
            "、".join(r.registry.department(d) for d in rule.departments)
            for rule, r in ((a, old), (b, new))
        )
        yield f"责任部门：{x} → {y}"
    if bare(a.basis) != bare(b.basis):
        yield f"依据：{_basis(a.basis, old)} → {_basis(b.basis, new)}"
    named = {
        "title": "名称",
        "dimension": "维度",
        "message": "提示语",
        "remedy": "整改建议",
        "note": "说明",
    }
    for name, word in named.items():
        x, y = getattr(a, name), getattr(b, name)
        if x != y:
            yield f"{word}：{quoted(x)} → {quoted(y)}"


def _whole_rule(rule: ast.Rule, old: ast.Ruleset, new: ast.Ruleset) -> Iterator[str]:
    ruleset = new if rule.id in new.rules else old
    yield f"清单：{LIST_LABELS[rule.list]}；不符合的处置：{EFFECT_LABELS[rule.effect]}"
    yield f"适用范围：{condition_words(rule.applies_when, ruleset)}"
    yield f"要求：{condition_words(rule.require, ruleset)}"
    yield f"依据：{_basis(rule.basis, ruleset)}"
    if rule.start or rule.end:
        yield f"施行期间：{_span(rule.start, rule.end)}"


def _due(rule: ast.Rule, ruleset: ast.Ruleset) -> str:
    return {stage.id: stage.title for stage in ruleset.stages}[rule.due]


def _basis(basis: tuple[ast.Basis, ...], ruleset: ast.Ruleset) -> str:
    parts = [
        b.source.citation(b.clause)
        if b.source
        else f"标准“{ruleset.criteria[b.criterion].title}”的依据"
        if b.criterion
        else "（无）"
        for b in basis
    ]
    return "、".join(parts) or "（无）"


def _span(start: dt.date | None, end: dt.date | None) -> str:
    if start is None and end is None:
        return "一直"
    return f"{start.isoformat() if start else '一直'} 至 {end.isoformat() if end else '今后'}"


def _metric(a: ast.Metric, b: ast.Metric, old: ast.Ruleset, new: ast.Ruleset) -> Iterator[str]:
    if bare(a.formula) != bare(b.formula):
        yield f"公式：{expr_words(a.formula, old)} → {expr_words(b.formula, new)}"
    if a.unit != b.unit:
        yield f"单位：{a.unit.name} → {b.unit.name}"
    for name, word in {"title": "名称", "digits": "显示位数", "note": "说明"}.items():
        x, y = getattr(a, name), getattr(b, name)
        if x != y:
            yield f"{word}：{_text(x)} → {_text(y)}"


def _whole_metric(metric: ast.Metric, old: ast.Ruleset, new: ast.Ruleset) -> Iterator[str]:
    yield f"公式：{expr_words(metric.formula, new if metric.id in new.metrics else old)}，单位 {metric.unit.name}"
