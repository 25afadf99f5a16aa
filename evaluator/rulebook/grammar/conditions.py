"""Conditions: YAML nodes to the three-valued condition tree.

{metric: investment_intensity, at_least: {criterion: investment_intensity_floor}}
{field: land_use_mode, in: [new_industrial_land, stock_land]}
{any: [{field: two_high, equals: false}, {known: capacity_replacement_ratio}]}
"""

from __future__ import annotations

from itertools import combinations
from math import comb

from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.choices import allowed, key_labels, which, wide_comma
from evaluator.reading.yaml.reader import Reader, word_of
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook import ast
from evaluator.rulebook.cards import POINTS
from evaluator.rulebook.criteria import Criterion, Kind
from evaluator.rulebook.grammar.codes import CODE_HINT, code_fault
from evaluator.rulebook.grammar.dates import between_dates
from evaluator.rulebook.grammar.exprs import in_unit, parse_expr, parse_literal, reference
from evaluator.rulebook.grammar.names import Names, same_kind

ORDER = ("at_least", "at_most", "more_than", "less_than")
MAX_WAYS = 120  # In how many ways ``at_least_n_of`` may be met.
OPERATORS = (*ORDER, "between", "equals", "in", "not_in", "starts_with", "known")
SUBJECTS = ("all", "any", "not", "at_least_n_of", "known", "each", "field", "metric", "score")


def parse_condition(node: Node, names: Names) -> ast.Condition | None:
    """Read a condition; None after reporting what is wrong with it."""
    if not isinstance(node, YMap):
        names.report(
            "E202",
            "条件应是键值表",
            node.place,
            "如 {field: land_area, at_least: 10} 或 {all: [...]}",
        )
        return None
    subject = next((k for k, _ in node.entries if k.text in SUBJECTS), None)
    if subject is None:
        key = node.entries[0][0] if node.entries else None
        hint = f"先写对象，{which(key.text if key else '', key_labels(SUBJECTS))}"
        names.report("E206", "条件没有对象", key.place if key else node.place, hint)
        return None
    r = Reader(node, names.problems, "条件")
    match subject.text:
        case "all" | "any":
            items = [parse_condition(i, names) for i in r.list_of(subject.text, required=True)]
            r.finish()
            if not items:
                names.report("E206", f"“{subject.text}”后没有条件", node.place)
            if not items or any(i is None for i in items):
                return None
            kind = ast.AllOf if subject.text == "all" else ast.AnyOf
            return kind(tuple(i for i in items if i is not None), node.place)
        case "not":
            inner = r.take("not", required=True)
            r.finish()
            item = parse_condition(inner, names) if inner else None
            return ast.NotOf(item, node.place) if item else None
        case "at_least_n_of":
            return _some_of(r, node, names)
        case "known":
            return _known(r, names)
        case "score":
            return _score(r, node, names)
        case "each":
            return _each(r, node, names)
        case _:
            return _comparison(r, node, subject.text, names)


def _some_of(r: Reader, node: YMap, names: Names) -> ast.Condition | None:
    """At least n of the conditions: any n of them together, which is exact in three values."""
    count = r.integer("at_least_n_of", required=True, low=1)
    items = [parse_condition(i, names) for i in r.list_of("of", required=True)]
    r.finish()
    good = [i for i in items if i is not None]
    if count is None or not good or len(good) < len(items):
        return None
    if count > len(good):
        message = f"只有 {len(good)} 个条件，不能要求满足 {count} 个"
        names.report("E317", message, node.place_of("at_least_n_of"))
        return None
    if comb(len(good), count) > MAX_WAYS:
        message = f"{len(good)} 个条件里选 {count} 个有太多种，最多 {MAX_WAYS} 种"
        names.report("E319", message, node.place, "分成几条规则，或用评分表的 count")
        return None
    ways = [
        way[0] if count == 1 else ast.AllOf(way, node.place) for way in combinations(good, count)
    ]
    return ways[0] if len(ways) == 1 else ast.AnyOf(tuple(ways), node.place)


def _score(r: Reader, node: YMap, names: Names) -> ast.Condition | None:
    word = r.word("score", required=True)
    operator = _operator(node, names, (*ORDER, "between"))
    right = r.take(operator, required=True) if operator else None
    if operator is None:
        return None
    r.finish()
    card = names.scorecard(word) if word is not None else None
    if word is None or right is None or card is None:
        return None
    left = ast.ScoreRef(card, POINTS, word.place)
    if operator == "between":
        return _between(left, right, names)
    return _compare(left, ast.Op(operator), right, names)


def _known(r: Reader, names: Names) -> ast.Condition | None:
    node = r.word("known", required=True)
    r.finish()
    if node is None:
        return None
    field = names.field(node)
    return ast.Known(field.name, node.place) if field else None


# What people write for "is not equal": the nearest spelling would be the opposite.
UNEQUAL = frozenset(
    {"not_equals", "not_equal", "unequal", "notequals", "ne", "neq", "!=", "<>", "≠"}
)


def _operator(node: YMap, names: Names, known: tuple[str, ...]) -> str | None:
    present = [k for k, _ in node.entries if k.text in known]
    if len(present) == 1:
        return present[0].text
    if present:
        names.report("E207", "一个条件只写一种比较", present[1].place, "多个比较请用 all 组合")
        return None
    other = next((k for k, _ in node.entries if k.text not in SUBJECTS), None)
    hint = which(other.text if other else "", key_labels(known))
    if other is not None and other.text in UNEQUAL:
        hint = "没有这种比较；“不等于”写作 not: {…, equals: …}，放在整个条件外面"
    names.report("E207", "条件没有比较方式", other.place if other else node.place, hint)
    return None


def _each(r: Reader, node: YMap, names: Names) -> ast.Condition | None:
    record = r.word("each", required=True)
    operator = _operator(node, names, ORDER)
    right = r.mapping(operator, required=True) if operator else None
    if operator is None:
        return None
    r.finish()
    if record is None or right is None:
        return None
    field = names.field(record)
    if field is None:
        return None
    if field.type is not FieldType.RECORD:
        names.report("E306", f"“{record.text}”不是清单，不能用 each", record.place)
        return None
    criterion = _criterion(right, names)
    if criterion is None:
        return None
    if criterion.kind is Kind.LIST:
        names.report("E308", f"“{criterion.id}”是代码清单，不能与数比较", right.place)
        return None
    _check_direction(criterion, ast.Op(operator), right, names)
    if field.key not in criterion.by:
        names.report(
            "E308", f"“{criterion.id}”不按“{field.key}”分档，不能与清单逐项比较", right.place
        )
        return None
    return ast.Each(field.name, ast.Op(operator), criterion.id, node.place)


def _criterion(node: YMap, names: Names) -> Criterion | None:
    r = Reader(node, names.problems, "比较的右边")
    word = r.word("criterion", required=True)
    r.finish()
    return names.criterion(word) if word else None


def _comparison(r: Reader, node: YMap, subject: str, names: Names) -> ast.Condition | None:
    word = r.word(subject, required=True)
    operator = _operator(node, names, OPERATORS)
    right = r.take(operator, required=True) if operator else None
    if operator:
        r.finish()
    if word is None or right is None or operator is None:
        return None
    measured = names.metric(word) if subject == "metric" else names.field(word)
    if measured is None:
        return None
    if operator == "known":
        return _known_flag(word, right, names)
    if isinstance(measured, Field) and measured.type is FieldType.DATE:
        return between_dates(measured, operator, word, right, names)
    if isinstance(measured, Field) and not measured.numeric:
        return _membership(measured, operator, right, names)
    left = reference(measured, word, names)
    if left is None:
        return None
    if operator == "between":
        return _between(left, right, names)
    whole = isinstance(measured, Field) and measured.type is FieldType.INT
    if operator in ("in", "not_in") and whole:
        return _one_of(left, operator, right, names)
    if operator not in (*ORDER, "equals"):
        hint = allowed(key_labels((*ORDER, "between", "equals")))
        names.report("E309", f"“{word.text}”是数，不能用“{operator}”", r.node.place, hint)
        return None
    return _compare(left, ast.Op(operator), right, names)


def _one_of(left: ast.Expr, operator: str, right: Node, names: Names) -> ast.Condition | None:
    """Whether a whole number is one of several: equal to any of them."""
    nodes = right.items if isinstance(right, YList) else ()
    if not nodes:
        names.report("E206", f"“{operator}”后没有值", right.place, "写作列表，如 [1, 2]")
        return None
    parts: list[ast.Condition] = []
    for node in nodes:
        number = parse_literal(node, left.unit, names) if isinstance(node, YScalar) else None
        if number is None:
            if not isinstance(node, YScalar):
                names.report("E202", f"“{operator}”后只写数", node.place)
            return None
        if number.value.denominator != 1:
            names.report("E317", "整数的字段不会等于小数", node.place)
        parts.append(ast.Compare(left, ast.Op.EQUALS, number, None, node.place))
    one = parts[0] if len(parts) == 1 else ast.AnyOf(tuple(parts), right.place)
    return ast.NotOf(one, right.place) if operator == "not_in" else one


def _known_flag(word: YScalar, right: Node, names: Names) -> ast.Condition | None:
    if word.text not in names.registry.references:
        names.report("E309", "known 只能用于字段", word.place)
        return None
    if not isinstance(right, YScalar) or not isinstance(right.value, bool):
        names.report("E202", "known 后写 true 或 false", right.place)
        return None
    known = ast.Known(word.text, word.place)
    return known if right.value else ast.NotOf(known, word.place)


def _compare(left: ast.Expr, op: ast.Op, right: Node, names: Names) -> ast.Condition | None:
    if isinstance(right, YScalar):
        number = parse_literal(right, left.unit, names)
        return ast.Compare(left, op, number, None, left.place) if number else None
    expr = parse_expr(right, names)
    if expr is None:
        return None
    if not same_kind(names, left.unit, expr.unit, "比较的两边", right.place):
        return None
    rounded = None
    if isinstance(expr, ast.CriterionRef):
        criterion = names.criteria[expr.id]
        rounded = criterion.rounded
        _check_direction(criterion, op, right, names)
    return ast.Compare(in_unit(left, expr.unit), op, expr, rounded, left.place)


def _check_direction(criterion: Criterion, op: ast.Op, right: Node, names: Names) -> None:
    if op.direction == {Kind.FLOOR: -1, Kind.CEILING: 1}.get(criterion.kind):
        kind, fit = ("下限", "at_least") if criterion.kind is Kind.FLOOR else ("上限", "at_most")
        message = f"“{criterion.title}”是{kind}，与“{op}”方向相反"
        names.report("E310", message, right.place, f"{kind}用 {fit}")


def _between(left: ast.Expr, right: Node, names: Names) -> ast.Condition | None:
    if not isinstance(right, YList) or len(right.items) != 2:
        hint = "两个数之间用半角逗号，小的在前"
        names.report("E202", "between 后写两个数，如 [10, 20]", right.place, hint)
        return None
    low = _compare(left, ast.Op.AT_LEAST, right.items[0], names)
    high = _compare(left, ast.Op.AT_MOST, right.items[1], names)
    ends = [c.right for c in (low, high) if isinstance(c, ast.Compare)]
    if len(ends) == 2 and all(isinstance(e, ast.Number) for e in ends):
        first, second = (e for e in ends if isinstance(e, ast.Number))
        if first.value > second.value:
            names.report(
                "E317", "between 的两个数写反了，没有数能满足", right.place, "小的在前，大的在后"
            )
    return ast.AllOf((low, high), left.place) if low and high else None


def _membership(field: Field, operator: str, right: Node, names: Names) -> ast.Condition | None:
    if operator in ("at_least", "at_most", "more_than", "less_than", "between"):
        names.report(
            "E309",
            f"“{field.name}”（{field.label}）不是数，不能用“{operator}”",
            right.place,
            allowed(key_labels(_operators(field))),
        )
        return None
    prefix = operator == "starts_with"
    if prefix and field.type not in (FieldType.STR, FieldType.CODES):
        hint = allowed(key_labels(_operators(field)))
        names.report("E309", f"“{field.name}”不能用 starts_with", right.place, hint)
        return None
    if isinstance(right, YMap):
        criterion = _criterion(right, names)
        if criterion is None:
            return None
        if criterion.kind is not Kind.LIST:
            names.report(
                "E308", f"“{criterion.id}”不是代码清单", right.place, "写 kind 为 list 的标准"
            )
            return None
        _check_codes(field, criterion, prefix, right, names)
        member: ast.Condition = ast.Member(field.name, (), criterion.id, prefix, right.place)
        return ast.NotOf(member, right.place) if operator == "not_in" else member
    nodes = right.items if isinstance(right, YList) else (right,)
    if isinstance(right, YList) and operator == "equals":
        names.report("E202", "equals 后写一个值", right.place, "多个值请用 in")
        return None
    if not nodes:
        names.report("E206", f"“{operator}”后没有值", right.place, "至少写一个值")
        return None
    options = [_option(field, n, prefix, names) for n in nodes]
    if any(o is None for o in options):
        return None
    member = ast.Member(
        field.name, tuple(o for o in options if o is not None), None, prefix, right.place
    )
    return ast.NotOf(member, right.place) if operator == "not_in" else member


def _operators(field: Field) -> tuple[str, ...]:
    """How a field that is no number may be compared."""
    match field.type:
        case FieldType.BOOL:
            return ("equals", "known")
        case FieldType.ENUM:
            return ("equals", "in", "not_in", "known")
        case FieldType.RECORD:
            return ("known",)
        case _:
            return ("equals", "in", "not_in", "starts_with", "known")


def _option(field: Field, node: Node, prefix: bool, names: Names) -> str | bool | None:
    value = node.value if isinstance(node, YScalar) else None
    if field.type is FieldType.BOOL:
        if isinstance(value, bool):
            return value
        names.report(
            "E311", f"“{field.label}”只能与 true 或 false 比较", node.place, "是写 true，否写 false"
        )
        return None
    if field.type is FieldType.RECORD:
        names.report("E309", f"“{field.name}”只能用 known 判断", node.place)
        return None
    if isinstance(node, YScalar) and isinstance(value, bool):
        names.report("E311", f"“{field.label}”要与文字比较", node.place)
        return None
    text = word_of(node, f"“{field.label}”的比较值", names.problems)
    if text is None:
        return None
    if field.type is FieldType.ENUM and text not in field.values:
        hint = which(text, field.values)
        names.report("E311", f"“{field.label}”没有取值“{text}”", node.place, hint)
        return None
    if field.format == "industry_code":
        fault = code_fault(text, whole=not prefix, table=field.table)
        if fault:
            names.report("E318", f"“{text}”{fault}", node.place, CODE_HINT)
            return None
    return text


def _check_codes(
    field: Field, criterion: Criterion, prefix: bool, right: Node, names: Names
) -> None:
    """A code that the field can never hold would silently never match."""
    for period in criterion.periods:
        for code in period.codes:
            if field.format == "industry_code":
                fault = code_fault(code, whole=not prefix, table=field.table)
                hint: str | None = CODE_HINT
            elif field.type is FieldType.ENUM and code not in field.values:
                fault, hint = "不是该字段的取值", allowed(field.values)
            else:
                continue
            if fault:
                message = f"“{criterion.id}”里的“{code}”{fault}，与“{field.label}”永远对不上"
                hint = wide_comma(code) or hint  # Several codes may be written as one.
                names.report("E318", message, right.place, hint, (("清单在此", period.place),))
