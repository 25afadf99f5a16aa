"""Scorecard files (``rules/scorecards/``): YAML nodes to cards.

- id: project
  title: 项目综合评价
  full_marks: 100
  items: [...]
  grades: [...]
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from evaluator.problems.choices import allowed
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import POINTS, Grade, Item, ItemKind, Scorecard
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.exprs import in_unit, parse_expr, parse_literal
from evaluator.rulebook.grammar.names import Names, same_kind
from evaluator.rulebook.grammar.parse import parse_basis, parse_departments
from evaluator.rulebook.grammar.points_of import parse_points
from evaluator.rulebook.stage import STANDARD, Stage, default_due
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict
from evaluator.values.numbers import ROUNDINGS, Rounding

KINDS = {"regular": "基本项", "bonus": "加分项", "deduction": "扣分项"}
ORDER = [Verdict.PASS.value, Verdict.REFER.value, Verdict.REJECT.value]


def parse_card(node: Node, names: Names, stages: tuple[Stage, ...] = STANDARD) -> Scorecard | None:
    """Read one card; None after reporting what is wrong with it."""
    if not isinstance(node, YMap):
        names.report("E202", "评分表应是键值表，以“- id:”开头", node.place)
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "评分表")
    id_ = r.word("id", required=True)
    if id_ is not None:
        r.what = f"评分表“{id_.text}”"
        names.check_id(id_, "评分表")
    title = r.text("title", required=True) or ""
    full = number(r, "full_marks", required=True)
    applies = r.take("applies_when")
    departments = parse_departments(r, names)
    basis = parse_basis(r, names)
    items = _items(r, names)
    cap, floor = number(r, "cap"), number(r, "floor")
    caps = tuple(
        (kind, value)
        for kind, key in ((ItemKind.BONUS, "bonus_cap"), (ItemKind.DEDUCTION, "deduction_cap"))
        if (value := number(r, key)) is not None
    )
    rounding = _rounding(r)
    grades = _grades(r, id_.text if id_ else "", names)
    remedy, note = r.text("remedy"), r.text("note")
    start, end = r.date("from"), r.date("until")
    due = r.choice("due", {stage.id: stage.title for stage in stages})
    r.finish()
    if start and end and end < start:
        message = f"until（{end}）早于 from（{start}）"
        names.report("E502", message, node.place_of("until"), "改正其中一个日期")
    where = parse_condition(applies, names) if applies else None
    _no_known(where, names)
    if names.problems.wrong(before) or id_ is None or full is None:
        names.dropped(r.what, node.place)
        return None
    return Scorecard(
        id_.text,
        title,
        full,
        items,
        cap,
        floor,
        caps,
        rounding,
        grades,
        where,
        departments,
        basis,
        remedy,
        note,
        start,
        end,
        due or default_due(stages),
        node.place,
    )


def number(r: Reader, key: str, *, required: bool = False) -> Fraction | None:
    """A plain number under ``key``."""
    node = r.take(key, required=required)
    if node is None:
        return None
    value = node.value if isinstance(node, YScalar) else None
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Fraction(value)
    r.report("E202", f"“{key}”应是数", node.place, "只写数字，不加引号和单位")
    return None


def _rounding(r: Reader) -> Rounding | None:
    node = r.mapping("round")
    if node is None:
        return None
    inner = Reader(node, r.problems, "round")
    digits = inner.integer("digits", required=True, low=0, high=6)
    mode = inner.choice("mode", ROUNDINGS) or "half_up"
    inner.finish()
    return None if digits is None else Rounding(digits, mode)


def _no_known(condition: ast.Condition | None, names: Names) -> None:
    """INVARIANT: an answer may only narrow a score, so nothing in a card asks whether there is one."""
    for node in walk.nodes(condition):
        if isinstance(node, ast.Known):
            message = "评分表里不能看字段是否填写（known）：没填的按可能的最低分到最高分算"
            names.report("E603", message, node.place, "写字段填了什么值得多少分")
        if isinstance(node, ast.ScoreRef):
            message = "评分项和适用条件里不能再用得分，得分只能在 grades 和规则里比较"
            names.report("E331", message, node.place)


# --- items -------------------------------------------------------------------------------------


def _items(r: Reader, names: Names) -> tuple[Item, ...]:
    return names.once((_item(node, names) for node in r.list_of("items", required=True)), "评分项")


def _item(node: Node, names: Names) -> Item | None:
    if not isinstance(node, YMap):
        names.report("E202", "评分项应是键值表，以“- id:”开头", node.place)
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "评分项")
    id_ = r.word("id", required=True)
    if id_ is not None:
        r.what = f"评分项“{id_.text}”"
        names.check_id(id_, "评分项")
    title = r.text("title", required=True) or ""
    kind = ItemKind(r.choice("kind", KINDS) or "regular")
    full = number(r, "full_marks", required=True)
    least = number(r, "least")
    applies = r.take("applies_when")
    departments = parse_departments(r, names) if r.given("departments") else ()
    basis = parse_basis(r, names) if r.given("basis") else ()
    rounding = _rounding(r)
    note = r.text("note")
    points = parse_points(r, full or Fraction(0), names)
    r.finish()
    where = parse_condition(applies, names) if applies else None
    if full is not None and full <= 0:
        names.report("E317", "满分（full_marks）应大于 0", node.place_of("full_marks"))
    if names.problems.wrong(before) or id_ is None or full is None or points is None:
        names.dropped(r.what, node.place)
        return None
    low, high = (-full, Fraction(0)) if kind is ItemKind.DEDUCTION else (least or Fraction(0), full)
    if low > high:
        names.report("E317", "least 大于满分，没有分数能满足", node.place_of("least"))
    item = Item(
        id_.text,
        title,
        kind,
        low,
        high,
        departments,
        basis,
        where,
        points,
        rounding,
        note,
        node.place,
    )
    for root in item.roots():
        for inner in walk.nodes(root, metrics=names.metrics):
            if isinstance(inner, ast.Condition):
                _no_known(inner, names)
                break
    return item


# --- grades ------------------------------------------------------------------------------------


def _grades(r: Reader, card: str, names: Names) -> tuple[Grade, ...]:
    nodes = r.list_of("grades", required=True)
    out = names.once((_grade(node, card, names) for node in nodes), "等次")
    if len(out) < len(nodes):
        return out
    for grade in out[:-1]:
        if grade.reached is None:
            message = f"等次“{grade.id}”没有分数线也没有条件，后面的等次谁也到不了"
            names.report("E332", message, grade.place, "只有最后一个等次可以什么也不写")
    if out and out[-1].reached is not None:
        message = f"最后一个等次“{out[-1].id}”还有条件，有的项目哪个等次也到不了"
        names.report("E332", message, out[-1].place, "最后写一个没有 at_least 和 when 的等次")
    if out and out[0].verdict != Verdict.PASS.value:
        message = f"第一个等次“{out[0].id}”的结论不是准入，谁也不能准入"
        names.report("E333", message, out[0].place, "第一个等次写 verdict: pass")
    for above, below in pairwise(out):
        if ORDER.index(below.verdict) < ORDER.index(above.verdict):
            message = f"等次“{below.id}”排在“{above.id}”之后，结论却更好"
            names.report("E333", message, below.place, "等次从好到差写")
    return out


def _grade(node: Node, card: str, names: Names) -> Grade | None:
    if not isinstance(node, YMap):
        names.report("E202", "等次应是键值表，以“- id:”开头", node.place)
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "等次")
    id_ = r.word("id", required=True)
    title = r.text("title", required=True) or ""
    verdict = r.choice("verdict", {v.value: w for v, w in VERDICT_LABELS.items()}, required=True)
    floor_node, when_node = r.take("at_least"), r.take("when")
    note, message = r.text("note"), r.text("message")
    r.finish()
    floor = amount(floor_node, names) if floor_node else None
    names.card = card
    when = parse_condition(when_node, names) if when_node else None
    names.card = None
    for leaf in walk.leaves(when):
        if isinstance(leaf, ast.Known):
            _no_known(leaf, names)
    if names.problems.wrong(before) or id_ is None or verdict is None:
        return None
    names.check_id(id_, "等次")
    parts: list[ast.Condition] = [] if when is None else [when]
    if floor is not None:
        score = ast.ScoreRef(card, POINTS, floor.place)
        parts.insert(0, ast.Compare(score, ast.Op.AT_LEAST, floor, None, floor.place))
    reached = None if not parts else parts[0] if len(parts) == 1 else None
    if len(parts) > 1:
        reached = ast.AllOf(tuple(parts), node.place)
    return Grade(id_.text, title, verdict, floor, when, reached, note, message, node.place)


def amount(node: Node, names: Names) -> ast.Expr | None:
    """A number of points: a literal, or the value of a criterion."""
    if isinstance(node, YScalar):
        return parse_literal(node, POINTS, names)
    if isinstance(node, YList):
        names.report("E202", "这里写一个数", node.place, allowed({"数": "", "{criterion: 名}": ""}))
        return None
    expr = parse_expr(node, names)
    if expr is None or not same_kind(names, expr.unit, POINTS, "分数", node.place):
        return None
    return in_unit(expr, POINTS)
