"""What gives the points of an item: YAML nodes to expressions and bands.

points: {options: enterprise_grade, values: {high_tech: 5}, otherwise: 0}
points: {bands: land_tax, rows: [{at_least: 10, points: 10}, {points: 0}]}
points: {ratio: land_tax, to: {criterion: land_tax_line}, cap: 1}
points: {count: [条件, 条件], each: 2}
points: {condition: 条件, then: 3}
points: {given: expert_points}
"""

from __future__ import annotations

from fractions import Fraction

from evaluator.dossier.fields import FieldType
from evaluator.problems.choices import key_labels, which
from evaluator.problems.source import Place
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YMap, YScalar
from evaluator.rulebook import ast
from evaluator.rulebook.cards import POINTS, Band, Bands, Points, Step
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.exprs import in_unit, parse_expr, parse_literal
from evaluator.rulebook.grammar.names import Names, same_kind
from evaluator.values.units import ONE, Unit

FORMS = {
    "options": "按选项",
    "bands": "按分档",
    "ratio": "按达标比例",
    "count": "按满足几条",
    "condition": "按是否满足",
    "given": "由专家或部门打分",
    "formula": "按算式",
}
DOWN, UP = ("at_least", "more_than"), ("at_most", "less_than")
STEPS = {"whole": "满一步才算", "prorated": "不满一步按比例"}


def parse_points(r: Reader, full: Fraction, names: Names) -> Points | None:
    """What an item's ``points`` say; ``full`` are its full marks. None after reporting."""
    node = r.mapping("points", required=True)
    if node is None:
        return None
    form = next((k for k, _ in node.entries if k.text in FORMS), None)
    if form is None:
        first = node.entries[0][0] if node.entries else None
        hint = which(first.text if first else "", key_labels(FORMS, FORMS))
        names.report("E334", "没有写怎样给分", first.place if first else node.place, hint)
        return None
    inner = Reader(node, names.problems, "points")
    made = _FORMS[form.text](inner, node, full, names)
    inner.finish()
    return made


def _points(node: Node | None, names: Names) -> ast.Expr | None:
    """A number of points; reports what is none."""
    return None if node is None else _amount(node, POINTS, names)


def _amount(node: Node, unit: Unit, names: Names) -> ast.Expr | None:
    if isinstance(node, YScalar) and (node.text[:1].isdigit() or node.text[:1] in "+-."):
        return parse_literal(node, unit, names)
    expr = parse_expr(node, names)
    if expr is None or not same_kind(names, expr.unit, unit, "两个数", node.place):
        return None
    return in_unit(expr, unit)


def number_of(value: Fraction | int, place: Place) -> ast.Number:
    """So many points."""
    return ast.Number(Fraction(value), POINTS, place)


def _options(r: Reader, node: YMap, _full: Fraction, names: Names) -> Points | None:
    word, table = r.word("options", required=True), r.mapping("values", required=True)
    rest = r.take("otherwise")
    field = names.field(word) if word is not None else None
    if word is None or field is None or table is None:
        return None
    if field.type not in (FieldType.ENUM, FieldType.BOOL):
        hint = "数用 bands，条件用 condition"
        names.report("E306", f"“{word.text}”（{field.label}）没有选项", word.place, hint)
        return None
    flag = field.type is FieldType.BOOL
    words = {"true": "是", "false": "否"} if flag else field.values
    cases: list[tuple[ast.Condition, ast.Expr]] = []
    for key, value in table.entries:
        if key.text not in words:
            hint = which(key.text, words)
            names.report("E311", f"“{field.label}”没有取值“{key.text}”", key.place, hint)
            continue
        points = _points(value, names)
        if points is None:
            return None
        option = key.text == "true" if flag else key.text
        cases.append((ast.Member(field.name, (option,), None, False, key.place), points))
    written = {key.text for key, _ in table.entries}
    lacking = [w for w in words if w not in written]
    otherwise = _points(rest, names)
    if rest is None and lacking:
        shown = "、".join(f"{w}（{words[w]}）" if words[w] else w for w in lacking)
        names.report("E335", f"选项没有写全，缺 {shown}", node.place, "补上，或写 otherwise")
        return None
    if (rest is not None and otherwise is None) or not cases:
        return None
    if otherwise is None or not lacking:
        otherwise = cases.pop()[1]
    return ast.Choose(tuple(cases), otherwise, POINTS, node.place) if cases else otherwise


def _ratio(r: Reader, node: YMap, full: Fraction, names: Names) -> Points | None:
    of, to, cap = r.take("ratio", required=True), r.take("to", required=True), r.take("cap")
    points = r.take("points")
    if of is None or to is None:
        return None
    measured = parse_expr(of, names)
    if measured is None:
        return None
    standard = _amount(to, measured.unit, names)
    most = _amount(cap, ONE, names) if cap is not None else number_of(1, node.place)
    worth = _points(points, names) if points is not None else number_of(full, node.place)
    if standard is None or most is None or worth is None:
        return None
    share: ast.Expr = ast.Arith("divide", (measured, standard), ONE, node.place)
    share = ast.Extreme(False, (share, most), ONE, node.place)
    return ast.Arith("multiply", (share, worth), POINTS, node.place)


def _count(r: Reader, node: YMap, _full: Fraction, names: Names) -> Points | None:
    conditions = [parse_condition(n, names) for n in r.list_of("count", required=True)]
    each = _points(r.take("each", required=True), names)
    if each is None or not conditions:
        return None
    zero = number_of(0, node.place)
    parts = [ast.Choose(((c, each),), zero, POINTS, c.place) for c in conditions if c is not None]
    if len(parts) < len(conditions):
        return None
    return ast.Arith("add", tuple(parts), POINTS, node.place) if len(parts) > 1 else parts[0]


def _condition(r: Reader, node: YMap, full: Fraction, names: Names) -> Points | None:
    held, then, rest = r.take("condition", required=True), r.take("then"), r.take("otherwise")
    condition = parse_condition(held, names) if held is not None else None
    yes = _points(then, names) if then is not None else number_of(full, node.place)
    no = _points(rest, names) if rest is not None else number_of(0, node.place)
    if condition is None or yes is None or no is None:
        return None
    return ast.Choose(((condition, yes),), no, POINTS, node.place)


def _given(r: Reader, node: YMap, full: Fraction, names: Names) -> Points | None:
    word = r.word("given", required=True)
    field = names.field(word) if word is not None else None
    if word is None or field is None:
        return None
    if not field.numeric or field.unit is None or not field.unit.same_kind(POINTS):
        names.report("E306", f"“{word.text}”（{field.label}）不是分数", word.place)
        return None
    if field.minimum is None or field.maximum != full:
        message = f"“{field.label}”要写明 min 和 max，max 应与满分 {full} 相同"
        names.report("E336", message, word.place, "在 fields.yaml 里写 min: 0 和 max")
        return None
    return in_unit(ast.FieldRef(field.name, field.unit, node.place), POINTS)


def _formula(r: Reader, _node: YMap, _full: Fraction, names: Names) -> Points | None:
    formula = r.take("formula", required=True)
    return _amount(formula, POINTS, names) if formula is not None else None


# --- bands -------------------------------------------------------------------------------------


def _bands(r: Reader, node: YMap, _full: Fraction, names: Names) -> Points | None:
    of, rows = r.take("bands", required=True), r.list_of("rows", required=True)
    measured = parse_expr(of, names) if of is not None else None
    if measured is None or not rows:
        return None
    read = [_band(n, measured.unit, names) for n in rows]
    bands = [b for b in read if b is not None]
    if len(bands) < len(rows):
        return None
    words = [word for word, _ in bands]
    if words[-1]:
        hint = "最后写一档没有界限的，如 {points: 0}"
        names.report("E337", "分档没有写到底，有的数哪一档也不在", rows[-1].place, hint)
        return None
    order = DOWN if words[0] in DOWN else UP
    for word, band in bands[:-1]:
        if word not in order:
            hint = "从高到低用 at_least、more_than，从低到高用 at_most、less_than"
            names.report("E337", "分档要朝一个方向写，只有最后一档没有界限", band.place, hint)
            return None
    made = [band for _, band in bands]
    if order is UP and len(made) > 1:
        made = _turned(made, words)
    return Bands(measured, tuple(made), node.place)


def _turned(bands: list[Band], words: list[str]) -> list[Band]:
    """Bands written upwards by their upper ends, as bands downwards by their lower ends."""
    out: list[Band] = []
    for n in range(len(bands) - 1, -1, -1):
        band = bands[n]
        bound, strict = (None, False) if n == 0 else (bands[n - 1].bound, words[n - 1] == "at_most")
        out.append(Band(bound, strict, band.points, band.step, band.least, band.most, band.place))
    return out


def _band(node: Node, unit: Unit, names: Names) -> tuple[str, Band] | None:
    if not isinstance(node, YMap):
        names.report("E202", "一档应是键值表", node.place, "如 {at_least: 10, points: 5}")
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "分档")
    given = [(word, n) for word in (*DOWN, *UP) if (n := r.take(word)) is not None]
    if len(given) > 1:
        names.report("E207", "一档只写一个界限", given[1][1].place, "另一头由相邻的一档定")
    word, bound_node = given[0] if given else ("", None)
    bound = _amount(bound_node, unit, names) if bound_node is not None else None
    start, each = r.take("points"), r.mapping("each")
    least, most = r.take("least"), r.take("most")
    steps = r.choice("steps", STEPS, required=each is not None)
    r.finish()
    step = _step(each, steps, unit, names) if each is not None else None
    if each is None and steps is not None:
        names.report("E204", "没有 each 就不用写 steps", node.place_of("steps"))
    if start is None and each is None:
        names.report("E201", "一档缺少“points”", node.place, "写 points: 分数")
    points = _points(start, names) if start is not None else number_of(0, node.place)
    low, high = _points(least, names), _points(most, names)
    if names.problems.wrong(before) or points is None:
        return None
    return word, Band(bound, word == "more_than", points, step, low, high, node.place)


def _step(node: YMap, steps: str | None, unit: Unit, names: Names) -> Step | None:
    r = Reader(node, names.problems, "each")
    size, points = r.take("step", required=True), r.take("points", required=True)
    above, below = r.take("above"), r.take("below")
    r.finish()
    origin = above if below is None else below
    if origin is None or (above is not None and below is not None):
        hint = "above: 从哪个数往上数；below: 从哪个数往下数"
        names.report("E201", "each 里要写 above 或 below 之一", node.place, hint)
        return None
    if size is None or points is None or steps is None:
        return None
    width, start, worth = (
        _amount(size, unit, names),
        _amount(origin, unit, names),
        _points(points, names),
    )
    if width is None or start is None or worth is None:
        return None
    if isinstance(width, ast.Number) and width.value <= 0:
        names.report("E317", "step 应大于 0", size.place)
        return None
    return Step(worth, width, start, below is not None, steps == "whole")


_FORMS = {
    "options": _options,
    "bands": _bands,
    "ratio": _ratio,
    "count": _count,
    "condition": _condition,
    "given": _given,
    "formula": _formula,
}
