"""What a rule reads: fields through metrics and criterion tables."""

from __future__ import annotations

from collections.abc import Iterator

from evaluator.rulebook.ast import (
    Compare,
    CriterionRef,
    Each,
    Expr,
    Rule,
    Ruleset,
    expr_fields,
    leaves,
)

__all__ = ["criteria_in", "fields_of"]


def fields_of(rule: Rule, ruleset: Ruleset) -> frozenset[str]:
    """Every field the rule reads, through metrics and criterion tables."""
    out: set[str] = set()

    def criterion(id_: str) -> None:
        out.update(d for d in ruleset.criteria[id_].by if d in ruleset.registry.fields)

    for condition in (rule.applies_when, rule.require):
        for leaf in leaves(condition):
            if isinstance(leaf, Compare):
                for side in (leaf.left, leaf.right):
                    out.update(expr_fields(side, ruleset.metrics))
                    for id_ in criteria_in(side):
                        criterion(id_)
            else:
                out.add(leaf.field)
                if isinstance(leaf, Each):
                    criterion(leaf.criterion)
    return frozenset(out)


def criteria_in(expr: Expr) -> Iterator[str]:
    """Ids of the criteria that an expression names itself."""
    if isinstance(expr, CriterionRef):
        yield expr.id
    for inner in (getattr(expr, "expr", None), *getattr(expr, "args", ())):
        if inner is not None:
            yield from criteria_in(inner)
