"""Export of one scorecard to PMML 4.4, element ``Scorecard``: what each item gives, and the score.

PMML computes in doubles and knows neither intervals nor grades: the model gives the score of a
dossier in which every field that the card reads is filled in, and none where one is missing. What it
cannot carry is refused. https://dmg.org/pmml/v4-4-1/Scorecard.html
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from xml.etree import ElementTree as ET

from evaluator.dossier.fields import Field, FieldType
from evaluator.interchange.formula import ExportError
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Item, Scorecard
from evaluator.rulebook.criteria import Miss, period_or_miss
from evaluator.rulebook.reads import fields_read
from evaluator.values.numbers import Rounding, exact_text

NAMESPACE = "http://www.dmg.org/PMML-4_4"
OPERATORS = {
    ast.Op.AT_LEAST: "greaterOrEqual",
    ast.Op.AT_MOST: "lessOrEqual",
    ast.Op.MORE_THAN: "greaterThan",
    ast.Op.LESS_THAN: "lessThan",
    ast.Op.EQUALS: "equal",
}
OPPOSITE = {
    "greaterOrEqual": "lessThan",
    "lessThan": "greaterOrEqual",
    "greaterThan": "lessOrEqual",
    "lessOrEqual": "greaterThan",
    "equal": "notEqual",
    "notEqual": "equal",
    "isIn": "isNotIn",
    "isNotIn": "isIn",
}
ARITHMETIC = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
ROUND = {"half_up": "round", "down": "floor", "up": "ceil"}


def pmml(ruleset: ast.Ruleset, card_id: str, as_of: dt.date) -> str:
    """One card as PMML, as of one day. Raises ExportError, KeyError for a card that is not there."""
    return _Writer(ruleset, ruleset.scorecards[card_id], as_of).document()


class _Writer:
    def __init__(self, ruleset: ast.Ruleset, card: Scorecard, as_of: dt.date) -> None:
        self.ruleset = ruleset
        self.card = card
        self.as_of = as_of
        self.derived: dict[str, ET.Element] = {}
        self.names: dict[int, str] = {}
        # What is known by identity has to stay.
        self.kept: list[ast.Expr] = []

    def document(self) -> str:
        """The whole document."""
        card = self.card
        if card.caps:
            raise ExportError("PMML 的评分卡没有加分、扣分各自的上限，不能导出")
        names = set(fields_read(self.ruleset, *card.roots()))
        fields = [self.ruleset.registry.references[n] for n in sorted(names)]
        root = ET.Element("PMML", {"xmlns": NAMESPACE, "version": "4.4"})
        ET.SubElement(root, "Header", {"description": card.title})
        dictionary = ET.SubElement(root, "DataDictionary")
        for field in fields:
            dictionary.append(_data_field(field))
        model = ET.SubElement(
            root,
            "Scorecard",
            {
                "modelName": card.id,
                "functionName": "regression",
                "initialScore": "0",
                "useReasonCodes": "false",
            },
        )
        schema = ET.SubElement(model, "MiningSchema")
        for field in fields:
            ET.SubElement(schema, "MiningField", {"name": field.name})
        characteristics = ET.Element("Characteristics")
        for item in card.items:
            characteristics.append(self._item(item))
        model.append(self._output())
        if self.derived:
            ET.SubElement(model, "LocalTransformations").extend(self.derived.values())
        model.append(characteristics)
        ET.indent(root)
        return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"

    def _output(self) -> ET.Element:
        """The sum, and the score: capped, then rounded."""
        output = ET.Element("Output")
        numeric = {"optype": "continuous", "dataType": "double"}
        ET.SubElement(
            output, "OutputField", {"name": "sum", "feature": "predictedValue", **numeric}
        )
        score: ET.Element = ET.Element("FieldRef", {"field": "sum"})
        score = _limited(score, self.card.floor, self.card.cap)
        if self.card.rounding is not None:
            lowest = sum((i.low for i in self.card.items), Fraction(0))
            score = _rounded(score, self.card.rounding, max(lowest, self.card.floor or lowest))
        field = {"name": "score", "feature": "transformedValue", **numeric}
        ET.SubElement(output, "OutputField", field).append(score)
        return output

    # --- items ---------------------------------------------------------------------------------

    def _item(self, item: Item) -> ET.Element:
        made = ET.Element("Characteristic", {"name": item.id})
        where: list[ET.Element] = []
        if item.applies_when is not None:
            attribute = ET.SubElement(made, "Attribute", {"partialScore": "0"})
            attribute.append(self.predicate(item.applies_when, False))
            where = [self.predicate(item.applies_when, True)]
        for predicates, points in self._cases(item):
            fixed = self._constant(points) if not isinstance(points, ET.Element) else None
            attribute = ET.SubElement(made, "Attribute")
            attribute.append(_all([*where, *predicates]))
            if fixed is not None:
                value = min(max(fixed, item.low), item.high)
                value = item.rounding.of(value) if item.rounding else value
                attribute.set("partialScore", exact_text(value) if _short(value) else "")
                if not _short(value):
                    raise ExportError(f"评分项“{item.title}”的分数 {value} 写不成小数，不能导出")
                continue
            expr = points if isinstance(points, ET.Element) else self.expr(points)
            expr = _limited(expr, item.low, item.high)
            if item.rounding is not None:
                expr = _rounded(expr, item.rounding, item.low)
            ET.SubElement(attribute, "ComplexPartialScore").append(expr)
        return made

    def _cases(self, item: Item) -> list[tuple[list[ET.Element], ast.Expr | ET.Element]]:
        points = item.points
        if isinstance(points, Bands):
            return self._bands(points)
        if isinstance(points, ast.Choose):
            before: list[ET.Element] = []
            out: list[tuple[list[ET.Element], ast.Expr | ET.Element]] = []
            for condition, value in points.cases:
                out.append(([*before, self.predicate(condition, True)], value))
                before = [*before, self.predicate(condition, False)]
            return [*out, (before, points.otherwise)]
        read = sorted(set(fields_read(self.ruleset, *item.roots())))
        there = [
            ET.Element("SimplePredicate", {"field": n, "operator": "isNotMissing"}) for n in read
        ]
        return [(there, points)]

    def _bands(self, bands: Bands) -> list[tuple[list[ET.Element], ast.Expr | ET.Element]]:
        name = self._named(bands.of)
        before: list[ET.Element] = []
        out: list[tuple[list[ET.Element], ast.Expr | ET.Element]] = []
        for row in bands.rows:
            held = list(before)
            if row.bound is not None:
                operator = "greaterThan" if row.strict else "greaterOrEqual"
                held.append(self._simple(name, operator, row.bound))
                before = [*before, self._simple(name, OPPOSITE[operator], row.bound)]
            elif not held:
                held = [ET.Element("SimplePredicate", {"field": name, "operator": "isNotMissing"})]
            plain = row.step is None and row.least is None and row.most is None
            out.append((held, row.points if plain else self._stepped(name, row)))
        return out

    def _stepped(self, name: str, row: Band) -> ET.Element:
        score = self.expr(row.points)
        if row.step is not None:
            step, at = row.step, ET.Element("FieldRef", {"field": name})
            far = (self.expr(step.origin), at) if step.below else (at, self.expr(step.origin))
            steps = _apply("/", _apply("-", *far), self.expr(step.size))
            steps = _apply("max", _apply("floor", steps) if step.whole else steps, _number(0))
            score = _apply("+", score, _apply("*", steps, self.expr(step.points)))
        if row.least is not None:
            score = _apply("max", score, self.expr(row.least))
        if row.most is not None:
            score = _apply("min", score, self.expr(row.most))
        return score

    # --- expressions ---------------------------------------------------------------------------

    def _constant(self, expr: ast.Expr) -> Fraction | None:
        """The number that an expression is on that day, if it is the same for all."""
        match expr:
            case ast.Number(value=value):
                return value
            case ast.Scale(expr=inner, factor=factor):
                value_ = self._constant(inner)
                return None if value_ is None else value_ * factor
            case ast.CriterionRef(id=id_, unit=unit):
                criterion = self.ruleset.criteria[id_]
                period = period_or_miss(criterion, self.as_of, self.as_of)
                if isinstance(period, Miss):
                    raise ExportError(period.reason)
                if len(period.rows) != 1 or period.rows[0].keys:
                    raise ExportError(f"“{criterion.title}”按表取值，不能导出到 PMML")
                row = period.rows[0]
                return row.value if row.unit is None else row.value * row.unit.factor_to(unit)
            case _:
                return None

    def expr(self, expr: ast.Expr) -> ET.Element:
        """An expression as PMML."""
        fixed = self._constant(expr)
        if fixed is not None:
            return _number(fixed)
        match expr:
            case ast.FieldRef(name=name):
                return ET.Element("FieldRef", {"field": name})
            case ast.MetricRef():
                return ET.Element("FieldRef", {"field": self._named(expr)})
            case ast.Scale(expr=inner, factor=factor):
                return _apply("*", self.expr(inner), _number(factor))
            case ast.Arith(op=op, args=args):
                made = self.expr(args[0])
                for arg in args[1:]:
                    made = _apply(ARITHMETIC[op], made, self.expr(arg))
                return made
            case ast.Extreme(most=most, args=args):
                return _apply("max" if most else "min", *map(self.expr, args))
            case ast.Choose(cases=cases, otherwise=otherwise):
                made = self.expr(otherwise)
                for condition, value in reversed(cases):
                    made = _apply("if", self._truth(condition), self.expr(value), made)
                return made
            case _:
                raise ExportError("对记录求和、按日期算的天数不能导出到 PMML")

    def _named(self, expr: ast.Expr) -> str:
        """A field, or a derived field for anything else."""
        if isinstance(expr, ast.FieldRef):
            return expr.name
        name = f"metric.{expr.id}" if isinstance(expr, ast.MetricRef) else ""
        name = name or self.names.setdefault(id(expr), f"measured.{len(self.names)}")
        if name not in self.derived:
            formula = (
                self.ruleset.metrics[expr.id].formula if isinstance(expr, ast.MetricRef) else expr
            )
            inner = self.expr(formula)
            numeric = {"optype": "continuous", "dataType": "double"}
            self.derived[name] = ET.Element("DerivedField", {"name": name, **numeric})
            self.derived[name].append(inner)
        return name

    def _truth(self, condition: ast.Condition) -> ET.Element:
        """A condition as an expression; unknown where an answer is missing."""
        match condition:
            case ast.AllOf(items=items):
                return (
                    _apply("and", *map(self._truth, items))
                    if len(items) > 1
                    else self._truth(items[0])
                )
            case ast.AnyOf(items=items):
                return (
                    _apply("or", *map(self._truth, items))
                    if len(items) > 1
                    else self._truth(items[0])
                )
            case ast.NotOf(item=item):
                return _apply("not", self._truth(item))
            case ast.Compare(left=left, op=op, right=right, rounded=None):
                return _apply(OPERATORS[op], self.expr(left), self.expr(right))
            case ast.Member(field=field, options=options, criterion=None, prefix=False):
                self._closed(field)
                at = ET.Element("FieldRef", {"field": field})
                return _apply("isIn", at, *(_word(o) for o in options))
            case _:
                raise ExportError("这样的条件不能导出到 PMML")

    # --- predicates ----------------------------------------------------------------------------

    def predicate(self, condition: ast.Condition, positive: bool) -> ET.Element:
        """That a condition is true, or that it is false."""
        match condition:
            case ast.AllOf(items=items) | ast.AnyOf(items=items):
                every = isinstance(condition, ast.AllOf) is positive
                parts = [self.predicate(i, positive) for i in items]
                return _all(parts) if every else _compound("or", parts)
            case ast.NotOf(item=item):
                return self.predicate(item, not positive)
            case ast.Compare(left=left, op=op, right=right, rounded=None):
                operator = OPERATORS[op] if positive else OPPOSITE[OPERATORS[op]]
                if self._constant(right) is not None:
                    return self._simple(self._named(left), operator, right)
                difference = ast.Arith("subtract", (left, right), right.unit, condition.place)
                self.kept.append(difference)
                return _predicate(self._named(difference), operator, "0")
            case ast.Member(field=field, options=options, criterion=None, prefix=False):
                self._closed(field)
                operator = "isIn" if positive else "isNotIn"
                return _set(field, operator, options)
            case _:
                raise ExportError("这样的条件不能导出到 PMML")

    def _closed(self, name: str) -> None:
        field = self.ruleset.registry.references[name]
        if field.type not in (FieldType.STR, FieldType.ENUM, FieldType.BOOL):
            raise ExportError(f"“{field.label}”有多个值，不能导出到 PMML")

    def _simple(self, name: str, operator: str, right: ast.Expr) -> ET.Element:
        value = self._constant(right)
        if value is None or not _short(value):
            raise ExportError("分档的界限不是常数，或写不成小数，不能导出到 PMML")
        return _predicate(name, operator, exact_text(value))


def _data_field(field: Field) -> ET.Element:
    match field.type:
        case FieldType.BOOL:
            kind = {"optype": "categorical", "dataType": "boolean"}
        case FieldType.INT | FieldType.DECIMAL:
            kind = {"optype": "continuous", "dataType": "double"}
        case FieldType.STR | FieldType.ENUM:
            kind = {"optype": "categorical", "dataType": "string"}
        case _:
            raise ExportError(f"“{field.label}”不是一个数或一个词，不能导出到 PMML")
    made = ET.Element("DataField", {"name": field.name, "displayName": field.label, **kind})
    for word in field.values:
        ET.SubElement(made, "Value", {"value": word})
    return made


def _short(value: Fraction) -> bool:
    return "/" not in exact_text(value)


def _number(value: Fraction | int) -> ET.Element:
    value = Fraction(value)
    if not _short(value):
        return _apply("/", _number(value.numerator), _number(value.denominator))
    made = ET.Element("Constant", {"dataType": "double"})
    made.text = exact_text(value)
    return made


def _word(option: str | bool) -> ET.Element:
    kind = "boolean" if isinstance(option, bool) else "string"
    made = ET.Element("Constant", {"dataType": kind})
    made.text = str(option).lower() if isinstance(option, bool) else option
    return made


def _apply(function: str, *args: ET.Element) -> ET.Element:
    made = ET.Element("Apply", {"function": function})
    made.extend(args)
    return made


def _limited(expr: ET.Element, low: Fraction | None, high: Fraction | None) -> ET.Element:
    """At most ``high``, then at least ``low``: a card's floor comes after its cap."""
    if high is not None:
        expr = _apply("min", expr, _number(high))
    return expr if low is None else _apply("max", expr, _number(low))


def _rounded(expr: ET.Element, rounding: Rounding, lowest: Fraction) -> ET.Element:
    function = ROUND.get(rounding.mode)
    if function is None or (rounding.mode == "half_up" and lowest < 0):
        raise ExportError("四舍六入、负分的四舍五入不能导出到 PMML")
    step = _number(10**rounding.digits)
    return _apply("/", _apply(function, _apply("*", expr, step)), _number(10**rounding.digits))


def _predicate(name: str, operator: str, value: str) -> ET.Element:
    return ET.Element("SimplePredicate", {"field": name, "operator": operator, "value": value})


def _set(name: str, operator: str, options: Sequence[str | bool]) -> ET.Element:
    words = [str(o).lower() if isinstance(o, bool) else o for o in options]
    if len(words) == 1:
        return _predicate(name, "equal" if operator == "isIn" else "notEqual", words[0])
    if any('"' in w for w in words):
        raise ExportError("选项里有引号，不能导出到 PMML")
    made = ET.Element("SimpleSetPredicate", {"field": name, "booleanOperator": operator})
    listed = ET.SubElement(made, "Array", {"type": "string", "n": str(len(words))})
    listed.text = " ".join(f'"{w}"' for w in words)
    return made


def _compound(operator: str, parts: Sequence[ET.Element]) -> ET.Element:
    if len(parts) == 1:
        return parts[0]
    made = ET.Element("CompoundPredicate", {"booleanOperator": operator})
    made.extend(parts)
    return made


def _all(parts: Sequence[ET.Element]) -> ET.Element:
    return _compound("and", parts) if parts else ET.Element("True")
