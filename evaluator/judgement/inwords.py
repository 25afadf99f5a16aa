"""Conditions and formulas as Chinese sentences, without a dossier: for diffs and reports."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from evaluator.judgement.wording import OP_WORDS, OPPOSITE_WORDS, with_unit
from evaluator.rulebook import ast
from evaluator.values.numbers import shown

SIGNS = {"add": " + ", "subtract": " - ", "multiply": " × ", "divide": " ÷ "}


DATE_WORDS = {
    ast.Op.AT_LEAST: "不早于",
    ast.Op.AT_MOST: "不晚于",
    ast.Op.MORE_THAN: "晚于",
    ast.Op.LESS_THAN: "早于",
    ast.Op.EQUALS: "就是",
}


def condition_words(condition: ast.Condition | None, ruleset: ast.Ruleset, depth: int = 0) -> str:
    """A condition in words; "一切项目" where there is none."""
    match condition:
        case None:
            return "一切项目"
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            parts = [condition_words(i, ruleset, depth + 1) for i in items]
            joined = ("，且" if isinstance(condition, ast.AllOf) else "，或").join(parts)
            return f"（{joined}）" if depth and len(parts) > 1 else joined
        case ast.NotOf(item=item):
            if isinstance(item, (ast.AllOf, ast.AnyOf, ast.NotOf)):
                return f"并非（{condition_words(item, ruleset)}）"
            return _leaf(item, ruleset, negated=True)
        case _:
            return _leaf(condition, ruleset, negated=False)


def _leaf(leaf: ast.Leaf, ruleset: ast.Ruleset, negated: bool) -> str:
    match leaf:
        case ast.Compare(left=ast.Days(start=start, end=end), op=op, right=ast.Number(value=0)):
            first, second = ruleset.registry.label(end), ruleset.registry.label(start)
            return f"{first}{'并非' if negated else ''}{DATE_WORDS[op]}{second}"
        case ast.Compare(left=left, op=op, right=right, rounded=rounded):
            word = (OPPOSITE_WORDS if negated else OP_WORDS)[op]
            tail = f"（修约到 {rounded} 位小数比较）" if rounded is not None else ""
            return f"{expr_words(left, ruleset)}{word}{expr_words(right, ruleset)}{tail}"
        case ast.Known(field=field):
            return f"{'没填' if negated else '已填'}{ruleset.registry.label(field)}"
        case ast.Each(field=field, op=op, criterion=criterion):
            text = f"{ruleset.registry.label(field)}每一项都{OP_WORDS[op]}“{_title(criterion, ruleset)}”"
            return f"并非{text}" if negated else text
        case ast.Member():
            return _member(leaf, ruleset, negated)
        case _:
            assert_never(leaf)


def _member(leaf: ast.Member, ruleset: ast.Ruleset, negated: bool) -> str:
    label = ruleset.registry.label(leaf.field)
    field = ruleset.registry.references[leaf.field]
    if leaf.criterion is not None:
        text = f"“{_title(leaf.criterion, ruleset)}”"
        if leaf.prefix:
            return f"{label}{'不' if negated else ''}属于{text}（按前缀）"
        return f"{label}{'未' if negated else ''}列入{text}"
    words = [
        ("是" if o else "否") if isinstance(o, bool) else field.values.get(o, o)
        for o in leaf.options
    ]
    listed = "、".join(words)
    if leaf.prefix:
        return f"{label}{'不' if negated else ''}以 {listed} 开头"
    if len(words) == 1:
        return f"{label}{'不为' if negated else '为'}{listed}"
    return f"{label}{'不是' if negated else '是'}{listed}之一"


def _title(criterion: str, ruleset: ast.Ruleset) -> str:
    named = ruleset.criteria.get(criterion)
    return named.title if named else criterion


def expr_words(expr: ast.Expr, ruleset: ast.Ruleset, depth: int = 0) -> str:
    """A formula in words."""
    match expr:
        case ast.FieldRef(name=name):
            return ruleset.registry.label(name)
        case ast.MetricRef(id=id):
            return ruleset.metrics[id].title
        case ast.Number(value=value, unit=unit):
            return f" {with_unit(_number(value), unit)}"
        case ast.CriterionRef(id=id, keys=keys):
            fixed = "、".join(word for _, word in keys)
            return f"“{_title(id, ruleset)}”{f'（{fixed}）' if fixed else ''}"
        case ast.Scale(expr=inner):
            return expr_words(inner, ruleset, depth)
        case ast.Sum(field=field):
            return f"{ruleset.registry.label(field)}合计"
        case ast.Days(start=start, end=end):
            return f"{ruleset.registry.label(start)}至{ruleset.registry.label(end)}的天数"
        case ast.Extreme(most=most, args=args):
            listed = "、".join(expr_words(a, ruleset).strip() for a in args)
            return f"{listed}中的{'大' if most else '小'}者"
        case ast.Choose(cases=cases, otherwise=otherwise):
            chosen = "；".join(
                f"{condition_words(c, ruleset)}的取{expr_words(e, ruleset).strip()}"
                for c, e in cases
            )
            return f"（{chosen}；其余取{expr_words(otherwise, ruleset).strip()}）"
        case ast.ScoreRef(card=card):
            return f"{ruleset.scorecards[card].title}得分"
        case ast.Arith(op=op, args=args):
            text = SIGNS[op].join(expr_words(a, ruleset, depth + 1).strip() for a in args)
            return f"（{text}）" if depth else text
        case _:
            assert_never(expr)


def _number(value: Fraction) -> str:
    return shown(value, 6)
