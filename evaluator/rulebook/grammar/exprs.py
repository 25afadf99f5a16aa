"""Formulas: YAML nodes to expressions, units inferred and checked.

formula: {divide: [fixed_asset_investment, land_area]}
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.choices import allowed, key_labels, which
from evaluator.reading.yaml.reader import Reader, word_of
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Kind
from evaluator.rulebook.grammar.amounts import literal_fault
from evaluator.rulebook.grammar.codes import key_fault
from evaluator.rulebook.grammar.names import Names, same_kind
from evaluator.values.units import ONE, Unit, UnitError, parse_quantity, parse_unit, unit_hint

MAX_DIGITS = 12
EXTREMES = ("min", "max")
FORMS = (
    *ast.OPERATIONS,
    *EXTREMES,
    "choose",
    "one_if",
    "sum",
    "criterion",
    "field",
    "metric",
    "days_between",
)


def in_unit(expr: ast.Expr, unit: Unit) -> ast.Expr:
    """``expr`` converted to ``unit``, which must be of the same kind."""
    factor = expr.unit.factor_to(unit)
    return expr if factor == 1 else ast.Scale(expr, factor, unit, expr.place)


def reference(named: Field | ast.Metric, node: YScalar, names: Names) -> ast.Expr | None:
    """A reference to a numeric field or metric; reports E306 for a field that is no number."""
    if isinstance(named, ast.Metric):
        return ast.MetricRef(named.id, named.unit, node.place)
    if not named.numeric:
        names.report(
            "E306", f"字段“{node.text}”（{named.label}）不是数，不能计算或比大小", node.place
        )
        return None
    return ast.FieldRef(named.name, named.unit or ONE, node.place)


def parse_literal(node: YScalar, unit: Unit, names: Names) -> ast.Number | None:
    """A number, bare (then in ``unit``) or with a unit of its own."""
    value = node.value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return ast.Number(Fraction(value), unit, node.place)
    if isinstance(value, str):
        try:
            return ast.Number(parse_quantity(value, unit), unit, node.place)
        except UnitError as error:
            message, hint = literal_fault(node, unit, error)
            names.report("E402", message, node.place, hint)
            return None
    if not node.unclear:
        names.report("E202", f"“{node.text}”不是数", node.place)
    return None


def parse_expr(node: Node, names: Names) -> ast.Expr | None:
    """Read a formula; None after reporting what is wrong with it."""
    if isinstance(node, YScalar):
        if isinstance(node.value, str) and not node.text[:1].isdigit():
            named = names.value(node)
            return reference(named, node, names) if named else None
        return parse_literal(node, ONE, names)
    if isinstance(node, YList):
        names.report("E202", "公式应写作 {divide: [甲, 乙]} 这样的形式", node.place)
        return None
    if node.get("criterion") is not None:
        return _criterion(node, names)
    if node.get("choose") is not None:
        return _choose(node, names)
    if len(node.entries) != 1:
        names.report("E205", "公式的一层要写且只写一种运算", node.place, allowed(key_labels(FORMS)))
        return None
    key, argument = node.entries[0]
    if key.text in ast.OPERATIONS:
        return _arithmetic(key, argument, names)
    if key.text in EXTREMES:
        return _extreme(key, argument, names)
    if key.text == "one_if":
        condition = _within(argument, names)
        one, zero = (ast.Number(Fraction(n), ONE, node.place) for n in (1, 0))
        return ast.Choose(((condition, one),), zero, ONE, node.place) if condition else None
    if key.text in ("sum", "field", "metric"):
        if word_of(argument, f"“{key.text}”后", names.problems) is None:
            return None
        assert isinstance(argument, YScalar)
        return _named(key.text, argument, names)
    if key.text == "days_between":
        return _days(argument, names)
    hint = which(key.text, key_labels(FORMS))
    names.report("E205", f"没有运算“{key.text}”", key.place, hint)
    return None


def _criterion(node: YMap, names: Names) -> ast.Expr | None:
    r = Reader(node, names.problems, "准入标准的引用")
    word = r.word("criterion", required=True)
    criterion = names.criterion(word) if word else None
    if criterion is None:
        return None
    keys = tuple((d, k.text) for d in criterion.by if (k := _fixed_key(r, d, names)) is not None)
    r.finish()
    if criterion.unit is None and criterion.id in names.broken:
        return None
    if criterion.unit is None or criterion.kind is Kind.LIST:
        names.report(
            "E307",
            f"“{criterion.id}”没有统一的单位，不能用在公式或比较里",
            node.place,
            "各行单位不同的表用 each 逐项比较",
        )
        return None
    return ast.CriterionRef(criterion.id, criterion.unit, keys, node.place)


def _fixed_key(r: Reader, dimension: str, names: Names) -> YScalar | None:
    node = r.word(dimension)
    field = names.registry.fields.get(dimension)
    fault = key_fault(field, node.text) if node and field else None
    if node and fault:
        names.report("E318", fault[0], node.place, fault[1])
    return node


def _named(form: str, node: YScalar, names: Names) -> ast.Expr | None:
    if form == "metric":
        metric = names.metric(node)
        return reference(metric, node, names) if metric else None
    field = names.field(node)
    if field is None:
        return None
    if form == "field":
        return reference(field, node, names)
    if field.type is not FieldType.RECORD or field.unit is None:
        names.report("E306", f"“{node.text}”不是可以合计的清单", node.place)
        return None
    return ast.Sum(field.name, field.unit, node.place)


def _days(node: Node, names: Names) -> ast.Expr | None:
    items = node.items if isinstance(node, YList) else ()
    if len(items) != 2 or not all(isinstance(i, YScalar) for i in items):
        names.report("E202", "days_between 后写两个日期字段", node.place)
        return None
    out: list[str] = []
    for item in items:
        assert isinstance(item, YScalar)
        field = names.field(item)
        if field is None:
            return None
        if field.type is not FieldType.DATE:
            names.report("E306", f"“{item.text}”不是日期", item.place)
            return None
        out.append(field.name)
    return ast.Days(out[0], out[1], parse_unit("日"), node.place)


def _arithmetic(key: YScalar, node: Node, names: Names) -> ast.Expr | None:
    if not isinstance(node, YList) or len(node.items) < 2:
        names.report("E202", f"“{key.text}”后至少写两项", node.place)
        return None
    args = [parse_expr(item, names) for item in node.items]
    first = args[0]
    if first is None or any(a is None for a in args):
        return None
    good = [a for a in args if a is not None]
    if key.text in ("add", "subtract"):
        if not all(same_kind(names, a.unit, first.unit, "相加减", a.place) for a in good[1:]):
            return None
        same = tuple(in_unit(a, first.unit) for a in good)
        return ast.Arith(key.text, same, first.unit, node.place)
    unit = first.unit
    for arg in good[1:]:
        if key.text == "divide" and isinstance(arg, ast.Number) and arg.value == 0:
            names.report("E320", "除数是 0，结果永远是未知", arg.place)
        unit = unit.times(arg.unit) if key.text == "multiply" else unit.per(arg.unit)
    return ast.Arith(key.text, tuple(good), unit, node.place)


def _extreme(key: YScalar, node: Node, names: Names) -> ast.Expr | None:
    if not isinstance(node, YList) or len(node.items) < 2:
        names.report("E202", f"“{key.text}”后至少写两项", node.place)
        return None
    args = _alike([parse_expr(item, names) for item in node.items], names)
    return ast.Extreme(key.text == "max", args, args[0].unit, node.place) if args else None


def _alike(args: list[ast.Expr | None], names: Names) -> tuple[ast.Expr, ...] | None:
    """The arguments in the unit of the first that is no bare number; bare numbers take it on."""
    good = [a for a in args if a is not None]
    if len(good) < len(args):
        return None
    unit = next((a.unit for a in good if not _bare(a)), ONE)
    out: list[ast.Expr] = []
    for arg in good:
        if isinstance(arg, ast.Number) and _bare(arg):
            out.append(ast.Number(arg.value, unit, arg.place))
        elif same_kind(names, arg.unit, unit, "各项", arg.place):
            out.append(in_unit(arg, unit))
        else:
            return None
    return tuple(out)


def _bare(expr: ast.Expr) -> bool:
    return isinstance(expr, ast.Number) and expr.unit == ONE


def _within(node: Node, names: Names) -> ast.Condition | None:
    """A condition within a formula: it may not ask whether a field is filled in."""
    condition = names.condition(node, names)
    for leaf in walk.leaves(condition):
        if isinstance(leaf, ast.Known):
            message = "算式里不能看字段是否填写（known）：没填的不能当作填了别的"
            names.report("E603", message, leaf.place, "写字段填了什么用哪个数")
            return None
        if any(isinstance(n, ast.ScoreRef) for n in walk.nodes(leaf)):
            message = "算式里不能用得分，得分只能在 grades 和规则里比较"
            names.report("E331", message, leaf.place)
            return None
    return condition


def _choose(node: YMap, names: Names) -> ast.Expr | None:
    r = Reader(node, names.problems, "choose")
    conditions: list[ast.Condition | None] = []
    values: list[ast.Expr | None] = []
    for item in r.list_of("choose", required=True):
        if not isinstance(item, YMap):
            names.report("E202", "每种情形应是键值表", item.place, "如 {when: 条件, then: 数}")
            return None
        inner = Reader(item, names.problems, "choose 的一种情形")
        when, then = inner.take("when", required=True), inner.take("then", required=True)
        inner.finish()
        conditions.append(_within(when, names) if when is not None else None)
        values.append(parse_expr(then, names) if then is not None else None)
    rest = r.take("otherwise", required=True)
    r.finish()
    values.append(parse_expr(rest, names) if rest is not None else None)
    args = _alike(values, names)
    good = [c for c in conditions if c is not None]
    if args is None or len(good) < len(conditions) or not good:
        return None
    cases = tuple(zip(good, args[:-1], strict=True))
    return ast.Choose(cases, args[-1], args[0].unit, node.place)


def parse_metric(node: YMap, names: Names) -> ast.Metric | None:
    """Read one metric whose formula uses only names already known."""
    r = Reader(node, names.problems, "指标")
    id_ = r.text("id", required=True)
    title = r.text("title", required=True)
    unit_node = r.word("unit", required=True)
    digits = r.integer("digits", low=0, high=MAX_DIGITS)
    note = r.text("note")
    formula_node = r.take("formula", required=True)
    r.finish()
    formula = parse_expr(formula_node, names) if formula_node else None
    unit: Unit | None = None
    if unit_node is not None:
        try:
            unit = parse_unit(unit_node.text)
        except UnitError as error:
            names.report("E401", str(error), unit_node.place, unit_hint(unit_node.text))
    if not id_ or not title or formula is None or unit is None or unit_node is None:
        return None
    what = f"指标“{title}”的公式得“{formula.unit.name}”"
    if not same_kind(names, formula.unit, unit, what, unit_node.place):
        return None
    return ast.Metric(
        id_, title, unit, 2 if digits is None else digits, in_unit(formula, unit), note, node.place
    )
