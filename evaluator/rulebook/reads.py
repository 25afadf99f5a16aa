"""What a rule reads: fields through metrics and criterion tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary

from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Criterion

_known: WeakKeyDictionary[ast.Ruleset, Mapping[str, frozenset[str]]] = WeakKeyDictionary()


def reads(ruleset: ast.Ruleset) -> Mapping[str, frozenset[str]]:
    """``fields_of`` each rule, by rule id; worked out once for each ruleset."""
    found = _known.get(ruleset)
    if found is None:
        found = {rule.id: fields_of(rule, ruleset) for rule in ruleset.rules.values()}
        _known[ruleset] = found
    return found


def fields_of(rule: ast.Rule, ruleset: ast.Ruleset) -> frozenset[str]:
    """Every field the rule reads, through metrics and criterion tables."""
    out: set[str] = set()
    for condition in (rule.applies_when, rule.require):
        for leaf in ast.leaves(condition):
            if isinstance(leaf, ast.Compare):
                for side in (leaf.left, leaf.right):
                    out.update(ast.expr_fields(side, ruleset.metrics))
                    out.update(dimensions_of(side, ruleset))
            else:
                out.add(leaf.field)
                if isinstance(leaf, ast.Each):
                    out.update(_by(leaf.criterion, ruleset))
    return frozenset(out)


def expr_parts(expr: ast.Expr, ruleset: ast.Ruleset) -> Iterator[ast.Expr]:
    """An expression and all it is made of, through metrics."""
    yield expr
    match expr:
        case ast.MetricRef(id=id_):
            yield from expr_parts(ruleset.metrics[id_].formula, ruleset)
        case ast.Scale(expr=inner):
            yield from expr_parts(inner, ruleset)
        case ast.Arith(args=args):
            for arg in args:
                yield from expr_parts(arg, ruleset)


def criterion_refs(expr: ast.Expr, ruleset: ast.Ruleset) -> Iterator[ast.CriterionRef]:
    """Every criterion whose value an expression takes, through metrics too."""
    return (part for part in expr_parts(expr, ruleset) if isinstance(part, ast.CriterionRef))


def dimensions_of(expr: ast.Expr, ruleset: ast.Ruleset) -> Iterator[str]:
    """The fields that choose the row of every table an expression asks, through metrics too."""
    return (name for ref in criterion_refs(expr, ruleset) for name in _by(ref.id, ruleset))


def criteria_of(rule: ast.Rule, ruleset: ast.Ruleset) -> dict[str, Criterion]:
    """The criteria that a rule's conditions read, also through metrics."""
    found: dict[str, Criterion] = {}
    for condition in (rule.applies_when, rule.require):
        for leaf in ast.leaves(condition):
            if isinstance(leaf, ast.Compare):
                for side in (leaf.left, leaf.right):
                    for ref in criterion_refs(side, ruleset):
                        found[ref.id] = ruleset.criteria[ref.id]
            elif isinstance(leaf, (ast.Member, ast.Each)) and leaf.criterion is not None:
                found[leaf.criterion] = ruleset.criteria[leaf.criterion]
    return found


def criteria_in(expr: ast.Expr) -> Iterator[str]:
    """Ids of the criteria that an expression names itself."""
    if isinstance(expr, ast.CriterionRef):
        yield expr.id
    for inner in (getattr(expr, "expr", None), *getattr(expr, "args", ())):
        if inner is not None:
            yield from criteria_in(inner)


def _by(criterion_id: str, ruleset: ast.Ruleset) -> Iterator[str]:
    return (d for d in ruleset.criteria[criterion_id].by if d in ruleset.registry.fields)
