"""Rule files, metric files and the label file: YAML nodes to the rulebook's objects."""

from __future__ import annotations

import re
import string

from evaluator.problems.choices import suggest, which
from evaluator.problems.source import Place
from evaluator.reading.yaml.reader import Reader, word_of
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import PREFIX
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.exprs import parse_metric
from evaluator.rulebook.grammar.groups import exempted
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.stage import Stage, default_due
from evaluator.rulebook.verdict import EFFECT_LABELS, LIST_LABELS

PLACEHOLDERS = ("value", "required", "gap", "unit", "row", "missing")
RULE_ID = re.compile(r"[a-z]+(\.[a-z0-9_]{1,64}){1,3}")
MAX_METRIC_SIZE = 500
# The rules of scorecards are made from their grades, and nobody writes one.
OWN_LISTS = {name: label for name, label in LIST_LABELS.items() if name != PREFIX}


def parse_metrics(nodes: list[Node], names: Names) -> None:
    """Read all metric files into ``names``; a metric may stand before those it uses."""
    waiting = _collect(nodes, names)
    uses = {id_: _uses(node) & waiting.keys() for id_, node in waiting.items()}
    places = {id_: node.place for id_, node in waiting.items()}
    users: dict[str, list[str]] = {id_: [] for id_ in waiting}
    for id_, used in uses.items():
        for name in used:
            users[name].append(id_)
    ready = [id_ for id_, used in uses.items() if not used]
    sizes: dict[str, int] = {}
    while ready:
        id_ = ready.pop(0)
        metric = parse_metric(waiting.pop(id_), names)
        if metric is not None:
            sizes[id_] = _size(metric.formula, sizes)
            if sizes[id_] > MAX_METRIC_SIZE:
                message = f"指标“{id_}”逐层代入后有 {sizes[id_]} 项，最多 {MAX_METRIC_SIZE} 项"
                names.report("E319", message, metric.place, "把公式写简单些，少套几层指标")
                metric = None
        if metric is None:
            names.dropped(f"指标“{id_}”", places[id_])
            names.broken.add(id_)
        else:
            names.metrics[id_] = metric
        for user in users[id_]:
            uses[user] = uses[user] - {id_}
            if not uses[user]:
                ready.append(user)
    for id_, node in waiting.items():
        names.report(
            "E313",
            f"指标“{id_}”的公式绕回了自己",
            node.place_of("id"),
            "公式里去掉它自己，或去掉用到它的指标",
        )
        names.broken.add(id_)


def _collect(nodes: list[Node], names: Names) -> dict[str, YMap]:
    metrics: dict[str, YMap] = {}
    for node in nodes:
        if not isinstance(node, YList):
            names.report("E202", "指标文件应是列表，每项以“- id:”开头", node.place)
            continue
        for item in node.items:
            if not isinstance(item, YMap):
                names.report("E202", "指标应是键值表，以“- id:”开头", item.place)
                continue
            id_node = Reader(item, names.problems, "指标").word("id", required=True)
            if id_node is None:
                continue
            if not names.check_id(id_node, "指标"):
                names.broken.add(id_node.text)
                continue
            if id_node.text in metrics:
                first = (("第一处", metrics[id_node.text].place_of("id")),)
                names.report(
                    "E302", f"指标“{id_node.text}”重复", id_node.place, "只保留一处", first
                )
            elif id_node.text in names.registry.references or id_node.text in PLACEHOLDERS:
                names.report("E302", f"“{id_node.text}”已有别的意思，指标请另取名", id_node.place)
                names.broken.add(id_node.text)
            else:
                metrics[id_node.text] = item
    return metrics


def _size(expr: ast.Expr, sizes: dict[str, int]) -> int:
    """Terms of a formula with all metrics put in, and levels of metrics counted as ten each.

    Bounds both the digits a product can grow to and the depth an engine recurses to.
    """
    terms = (node for node in walk.nodes(expr) if not walk.children(node))
    return sum(sizes[t.id] + 10 if isinstance(t, ast.MetricRef) else 1 for t in terms)


def _uses(node: Node | None) -> set[str]:
    if isinstance(node, YScalar):
        return {node.text} if isinstance(node.value, str) else set()
    if isinstance(node, YList):
        return set().union(*(_uses(i) for i in node.items))
    if isinstance(node, YMap):
        inner = [v for k, v in node.entries if k.text not in ("id", "title", "unit", "note")]
        return set().union(*(_uses(i) for i in inner))
    return set()


def parse_dimensions(nodes: list[Node], names: Names) -> dict[str, str]:
    """Read the dimensions of all label files; labels of one file may name those of another."""
    dimensions: dict[str, str] = {}
    entries = [
        entry
        for node in nodes
        if isinstance(node, YMap) and isinstance(table := node.get("dimensions"), YMap)
        for entry in table.entries
    ]
    for key, value in entries:
        text = word_of(value, f"维度“{key.text}”的名称", names.problems)
        if names.check_id(key, "维度") and text is not None:
            dimensions[key.text] = text
    return dimensions


def parse_labels(node: Node, names: Names, dimensions: dict[str, str]) -> list[ast.Label]:
    """Read the labels of one file, which are given by dimension."""
    if not isinstance(node, YMap):
        names.report("E202", "labels.yaml 应是键值表", node.place)
        return []
    r = Reader(node, names.problems, "labels.yaml")
    r.mapping("dimensions")
    labels: list[ast.Label] = []
    for item in r.list_of("labels"):
        if not isinstance(item, YMap):
            names.report("E202", "标签应是键值表，以“- id:”开头", item.place)
            continue
        inner = Reader(item, names.problems, "标签")
        id_ = inner.word("id", required=True)
        title = inner.text("title", required=True)
        words = inner.words("dimensions", required=True)
        inner.text("note")
        inner.finish()
        for word in words:
            if word.text not in dimensions:
                hint = which(word.text, dimensions)
                names.report("E314", f"没有维度“{word.text}”", word.place, hint)
        if id_ and id_.text in (label.id for label in labels):
            names.report("E302", f"标签“{id_.text}”重复", id_.place, "只保留一处")
        if id_ and names.check_id(id_, "标签") and title:
            labels.append(ast.Label(id_.text, title, tuple(w.text for w in words), item.place))
    r.finish()
    return labels


def parse_rule(
    node: Node, names: Names, dimensions: dict[str, str], stages: tuple[Stage, ...]
) -> ast.Rule | None:
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
    list_ = r.choice("list", OWN_LISTS, required=True) or ""
    dimension = r.choice("dimension", dimensions)
    applies_node = r.take("applies_when")
    require_node = r.take("require", required=True)
    effect = r.choice("effect", EFFECT_LABELS, required=True)
    departments = parse_departments(r, names)
    basis = parse_basis(r, names)
    message, remedy, note = r.text("message"), r.text("remedy"), r.text("note")
    start, end = r.date("from"), r.date("until")
    due = r.choice("due", {stage.id: stage.title for stage in stages})
    applies = parse_condition(applies_node, names) if applies_node else None
    failed = bool(applies_node) and applies is None
    applies = exempted(r, applies, effect, names)
    r.finish()
    require = parse_condition(require_node, names) if require_node else None
    if id_:
        _check_id(id_, list_, node.place_of("id"), names)
    if start and end and end < start:
        r.report(
            "E502",
            f"until（{end}）早于 from（{start}）",
            node.place_of("until"),
            "改正其中一个日期",
        )
    _check_message(node, names)
    if effect and effect != ast.Effect.ADVISE:
        _check_known(applies, require, effect, names)
    wrong = names.problems.wrong(before)
    if not wrong and (require is None or failed):
        names.dropped(r.what, node.place)
    if wrong or require is None or failed:
        return None
    return ast.Rule(
        id_,
        title,
        list_,
        dimension,
        applies,
        require,
        ast.Effect(effect or "refer"),
        departments,
        basis,
        message,
        remedy,
        note,
        start,
        end,
        node.place,
        due or default_due(stages),
    )


def _check_id(id_: str, list_: str, place: Place, names: Names) -> None:
    formed = RULE_ID.fullmatch(id_) is not None
    if (list_ or not formed) and not (formed and id_.startswith(f"{list_}.")):
        message = f"规则编号“{id_}”应写作“{list_ or '清单'}.小写英文名”"
        names.report("E312", message, place, f"如 {list_ or 'positive'}.land_tax，前半与 list 相同")


def parse_departments(r: Reader, names: Names) -> tuple[str, ...]:
    """Who answers for a rule or an item of a card; reports E315."""
    words = r.words("departments", required=True)
    known = names.registry.departments
    for word in words:
        if word.text not in known:
            r.report("E315", f"没有部门“{word.text}”", word.place, which(word.text, known))
    return tuple(w.text for w in words)


def parse_basis(r: Reader, names: Names) -> tuple[ast.Basis, ...]:
    """The legal basis of a rule or of an item of a card."""
    out: list[ast.Basis] = []
    for item in r.list_of("basis", required=True):
        if not isinstance(item, YMap):
            r.report(
                "E202",
                "依据应是键值表",
                item.place,
                "如 {criterion: 标准名} 或 {source: 文件, clause: 条款}",
            )
            continue
        inner = Reader(item, names.problems, "依据")
        criterion_node, source_node = inner.word("criterion"), inner.word("source")
        clause = inner.text("clause")
        inner.finish()
        if criterion_node and source_node:
            r.report("E208", "一条依据只写 criterion 或 source", source_node.place, "分成两条依据")
        elif criterion_node:
            criterion = names.criterion(criterion_node)
            if criterion:
                out.append(ast.Basis(None, clause, criterion.id))
        elif source_node:
            source = names.source(source_node)
            if source:
                out.append(ast.Basis(source, clause, None))
        elif item.get("criterion") is None and item.get("source") is None:
            hint = "如 {criterion: 标准名} 或 {source: 文件, clause: 条款}"
            r.report("E201", "依据缺少“criterion”或“source”", item.place, hint)
    return tuple(out)


def _check_message(node: YMap, names: Names) -> None:
    for key in ("message", "remedy"):
        text_node = node.get(key)
        if not isinstance(text_node, YScalar):
            continue
        try:
            parts = list(string.Formatter().parse(text_node.text))
        except ValueError:
            names.report(
                "E316",
                f"“{key}”中的花括号没有配对",
                text_node.place,
                "写作 {value} 这样成对的花括号",
            )
            continue
        known = (*PLACEHOLDERS, *names.registry.references, *names.metrics)
        for _, name, spec, conversion in parts:
            if name is None or name in names.registry.broken or name in names.broken:
                continue
            if name not in known or spec or conversion:
                hint = (
                    suggest(name, known) or f"可用：{'、'.join(PLACEHOLDERS)}，以及字段名、指标名"
                )
                names.report("E316", f"“{key}”里的“{{{name}}}”没有这个内容", text_node.place, hint)


def _check_known(
    applies: ast.Condition | None, require: ast.Condition | None, effect: str, names: Names
) -> None:
    """Keep missing from ever being green and a reject from being undone.

    INVARIANT: a ``known`` may only turn a refer rule's answer from violated to satisfied when the
    field is filled. So it stands positively in ``require`` or negated in ``applies_when``, and in
    no reject rule.
    """
    for leaf, rising in (
        *walk.signed_leaves(applies, positive=False),
        *walk.signed_leaves(require),
    ):
        if not isinstance(leaf, ast.Known):
            continue
        if effect == ast.Effect.REJECT:
            names.report(
                "E601",
                "直接不予准入的规则不能看字段是否填写（known）：补充材料不得推翻不予准入",
                leaf.place,
                "把 effect 改为 refer，或去掉 known",
            )
        elif not rising:
            names.report(
                "E602",
                "此处的 known 会让没填的字段被当作通过",
                leaf.place,
                "known 只能写在 require 里（不带 not），或写在 applies_when 的 not 里",
            )
