"""Rule files, metric files and the label file: YAML nodes to the rulebook's objects."""

from __future__ import annotations

import re
import string

from evaluator.rulebook.ast import (
    All,
    Any,
    Basis,
    Condition,
    Effect,
    Known,
    Label,
    Not,
    Rule,
)
from evaluator.rulebook.conditions import parse_condition
from evaluator.rulebook.exprs import parse_metric
from evaluator.rulebook.names import Names
from evaluator.source import Place
from evaluator.yamlio import Node, Reader, YList, YMap, YScalar, suggest

__all__ = ["LISTS", "PLACEHOLDERS", "parse_labels", "parse_metrics", "parse_rule"]

LISTS = {"positive": "正面标准", "negative": "负面清单", "prudence": "审慎事项", "integrity": "真实性核查"}
PLACEHOLDERS = ("value", "required", "gap", "unit", "row", "missing")
RULE_ID = re.compile(r"[a-z]+(\.[a-z0-9_]+)+")


def parse_metrics(nodes: list[Node], names: Names) -> None:
    """Read all metric files into ``names``; a metric may stand before those it uses."""
    waiting: dict[str, YMap] = {}
    for node in nodes:
        for item in node.items if isinstance(node, YList) else ():
            id_node = item.get("id") if isinstance(item, YMap) else None
            if not isinstance(item, YMap) or not isinstance(id_node, YScalar):
                names.report("E201", "指标缺少“id”", item.place)
            elif id_node.text in waiting:
                names.report("E302", f"指标“{id_node.text}”重复", id_node.place)
            elif id_node.text in names.registry.references:
                names.report("E302", f"“{id_node.text}”已经是字段名，指标请另取名", id_node.place)
            else:
                waiting[id_node.text] = item
        if not isinstance(node, YList):
            names.report("E202", "指标文件应是列表，每项以“- id:”开头", node.place)
    while waiting:
        ready = [i for i, n in waiting.items() if not _uses(n) & (waiting.keys() - {i}) - {i}]
        ready = [i for i in ready if i not in _uses(waiting[i])]
        if not ready:
            for id_, node in waiting.items():
                names.report("E313", f"指标“{id_}”的公式绕回了自己", node.place)
                names.broken.add(id_)
            return
        for id_ in ready:
            metric = parse_metric(waiting.pop(id_), names)
            if metric is None:
                names.broken.add(id_)
            else:
                names.metrics[id_] = metric


def _uses(node: Node | None) -> set[str]:
    if isinstance(node, YScalar):
        return {node.text} if isinstance(node.value, str) else set()
    if isinstance(node, YList):
        return set().union(*(_uses(i) for i in node.items))
    if isinstance(node, YMap):
        inner = [v for k, v in node.entries if k.text not in ("id", "title", "unit", "note")]
        return set().union(*(_uses(i) for i in inner))
    return set()


def parse_labels(node: Node, names: Names) -> tuple[dict[str, str], list[Label]]:
    """Read the dimensions and the labels that are given by dimension."""
    if not isinstance(node, YMap):
        names.report("E202", "labels.yaml 应是键值表", node.place)
        return {}, []
    r = Reader(node, names.problems, "labels.yaml")
    table = r.mapping("dimensions", required=True)
    dimensions = {k: v.text for k, v in table if isinstance(v, YScalar)} if table else {}
    labels: list[Label] = []
    for item in r.list_of("labels"):
        if not isinstance(item, YMap):
            names.report("E202", "标签应是键值表", item.place)
            continue
        inner = Reader(item, names.problems, "标签")
        id_ = inner.text("id", required=True)
        title = inner.text("title", required=True)
        words = inner.words("dimensions", required=True)
        inner.text("note")
        inner.finish()
        for word in words:
            if word.text not in dimensions:
                names.report("E314", f"没有维度“{word.text}”", word.place, suggest(word.text, dimensions))
        if id_ and title:
            labels.append(Label(id_, title, tuple(w.text for w in words), item.place))
    r.finish()
    return dimensions, labels


def parse_rule(node: Node, names: Names, dimensions: dict[str, str]) -> Rule | None:
    """Read one rule; None after reporting what is wrong with it."""
    if not isinstance(node, YMap):
        names.report("E202", "规则应是键值表，以“- id:”开头", node.place)
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "规则")
    id_ = r.text("id", required=True) or ""
    if id_:
        r.what = f"规则“{id_}”"
    title = r.text("title", required=True) or ""
    list_ = r.choice("list", LISTS, required=True) or ""
    dimension = r.choice("dimension", dimensions)
    applies_node = r.take("applies_when")
    require_node = r.take("require", required=True)
    effect = r.choice("effect", [e.value for e in Effect], required=True)
    departments = _departments(r, names)
    basis = _basis(r, names)
    message, remedy, note = r.text("message"), r.text("remedy"), r.text("note")
    start, end = r.date("from"), r.date("until")
    r.finish()
    applies = parse_condition(applies_node, names) if applies_node else None
    require = parse_condition(require_node, names) if require_node else None
    id_place = _place(node, "id")
    if id_ and not (RULE_ID.fullmatch(id_) and id_.startswith(f"{list_}.")):
        names.report("E312", f"规则编号“{id_}”应写作“{list_ or '清单'}.小写英文名”", id_place)
    if start and end and end < start:
        r.report("E502", f"until（{end}）早于 from（{start}）", _place(node, "until"))
    _check_message(node, message, names)
    if effect and effect != Effect.ADVISE:
        _check_known(applies, require, effect, names)
    if any(p.severity == "error" for p in names.problems[before:]) or require is None:
        return None
    return Rule(
        id_, title, list_, dimension, applies, require, Effect(effect or "refer"), departments,
        basis, message, remedy, note, start, end, node.place,
    )  # fmt: skip


def _place(node: YMap, key: str) -> Place:
    found = node.get(key)
    return found.place if found else node.place


def _departments(r: Reader, names: Names) -> tuple[str, ...]:
    words = r.words("departments", required=True)
    known = names.registry.departments
    for word in words:
        if word.text not in known:
            hint = suggest(word.text, known) or f"可用：{'、'.join(known)}"
            r.report("E315", f"没有部门“{word.text}”", word.place, hint)
    return tuple(w.text for w in words)


def _basis(r: Reader, names: Names) -> tuple[Basis, ...]:
    out: list[Basis] = []
    for item in r.list_of("basis", required=True):
        if not isinstance(item, YMap):
            r.report("E202", "依据应是键值表", item.place, "如 {criterion: 标准名} 或 {source: 文件, clause: 条款}")
            continue
        inner = Reader(item, names.problems, "依据")
        criterion_node, source_node = inner.take("criterion"), inner.take("source")
        clause = inner.text("clause")
        inner.finish()
        if isinstance(criterion_node, YScalar):
            criterion = names.criterion(criterion_node)
            if criterion:
                out.append(Basis(None, clause, criterion.id))
        elif isinstance(source_node, YScalar):
            source = names.source(source_node)
            if source:
                out.append(Basis(source, clause, None))
        else:
            r.report("E201", "依据缺少“criterion”或“source”", item.place)
    return tuple(out)


def _check_message(node: YMap, message: str | None, names: Names) -> None:
    for key in ("message", "remedy"):
        text_node = node.get(key)
        if not isinstance(text_node, YScalar):
            continue
        try:
            parts = list(string.Formatter().parse(text_node.text))
        except ValueError:
            names.report("E316", f"“{key}”中的花括号没有配对", text_node.place)
            continue
        known = (*PLACEHOLDERS, *names.registry.references, *names.metrics)
        for _, name, spec, conversion in parts:
            if name is None:
                continue
            if name not in known or spec or conversion:
                hint = suggest(name, known) or f"可用：{'、'.join(PLACEHOLDERS)}，以及字段名、指标名"
                names.report("E316", f"“{key}”里的“{{{name}}}”没有这个内容", text_node.place, hint)


def _check_known(
    applies: Condition | None, require: Condition | None, effect: str, names: Names
) -> None:
    """Keep missing from ever being green and a reject from being undone.

    INVARIANT: a ``known`` may only turn a refer rule's answer from violated to satisfied when the
    field is filled. So it stands positively in ``require`` or negated in ``applies_when``, and in
    no reject rule.
    """
    found = [*_known_at(applies, False), *_known_at(require, True)]
    for leaf, rising in found:
        if effect == Effect.REJECT:
            names.report(
                "E601", "直接不予准入的规则不能看字段是否填写（known）：补充材料不得推翻不予准入",
                leaf.place, "把 effect 改为 refer，或去掉 known",
            )  # fmt: skip
        elif not rising:
            names.report(
                "E602", "此处的 known 会让没填的字段被当作通过", leaf.place,
                "known 只能写在 require 里（不带 not），或写在 applies_when 的 not 里",
            )  # fmt: skip


def _known_at(condition: Condition | None, positive: bool) -> list[tuple[Known, bool]]:
    match condition:
        case Known():
            return [(condition, positive)]
        case Not(item=item):
            return _known_at(item, not positive)
        case All(items=items) | Any(items=items):
            return [k for item in items for k in _known_at(item, positive)]
        case _:
            return []
