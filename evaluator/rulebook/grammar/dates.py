"""Dates compared with one another: the days between them against none.

{field: enterprise_founded_on, at_most: {field: submitted_on}}
"""

from __future__ import annotations

from fractions import Fraction

from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.choices import allowed, key_labels
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YMap, YScalar
from evaluator.rulebook import ast
from evaluator.rulebook.grammar.names import Names
from evaluator.values.units import parse_unit

OPERATORS = ("at_least", "at_most", "more_than", "less_than", "equals")
HINT = "与另一个日期比，写作 at_least: {field: 日期字段}；隔了多久用指标 days_between"


def between_dates(
    field: Field, operator: str, word: YScalar, right: Node, names: Names
) -> ast.Condition | None:
    """A date field on the right of ``operator``: later is more. Reports E306, E309."""
    if operator not in OPERATORS:
        hint = allowed(key_labels((*OPERATORS, "known")))
        names.report("E309", f"“{field.name}”是日期，不能用“{operator}”", right.place, hint)
        return None
    if not isinstance(right, YMap):
        names.report("E309", f"“{field.name}”是日期，不能与这里写的比", right.place, HINT)
        return None
    r = Reader(right, names.problems, "比较的右边")
    node = r.word("field", required=True)
    r.finish()
    other = names.field(node) if node is not None else None
    if node is None or other is None:
        return None
    if other.type is not FieldType.DATE:
        names.report("E306", f"“{node.text}”（{other.label}）不是日期", node.place, HINT)
        return None
    unit = parse_unit("日")
    days = ast.Days(other.name, field.name, unit, word.place)
    none = ast.Number(Fraction(0), unit, right.place)
    return ast.Compare(days, ast.Op(operator), none, None, word.place)
