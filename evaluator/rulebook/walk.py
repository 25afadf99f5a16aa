"""One walk over conditions and expressions: what stands below a node, and what a node names.

Whoever looks for something in a tree walks here; a recursion of its own is for what works out a
meaning at each node (an engine, a prover, a printer). ``children``, ``references`` and
``signed_leaves`` list every kind of node, so that mypy refuses a new kind that they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, assert_never

from evaluator.rulebook import ast

Node = ast.Condition | ast.Expr
Kind = Literal["field", "metric", "criterion", "scorecard"]


class Reference(NamedTuple):
    """What a node names: a field ("emissions.COD" for a key of a record), metric, criterion or card."""

    kind: Kind
    name: str


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below, in reading order; a metric's formula is not below its name."""
    match node:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            return items
        case ast.NotOf(item=item):
            return (item,)
        case ast.Compare(left=left, right=right):
            return left, right
        case ast.Scale(expr=inner):
            return (inner,)
        case ast.Arith(args=args) | ast.Extreme(args=args):
            return args
        case ast.Choose(cases=cases, otherwise=otherwise):
            return (*(part for case in cases for part in case), otherwise)
        case ast.Member() | ast.Known() | ast.Each():
            return ()
        case ast.FieldRef() | ast.MetricRef() | ast.CriterionRef() | ast.Number():
            return ()
        case ast.Sum() | ast.Days() | ast.ScoreRef():
            return ()
        case _:
            assert_never(node)


def references(node: Node) -> tuple[Reference, ...]:
    """What the node names itself, without the nodes below."""
    match node:
        case ast.FieldRef(name=field) | ast.Sum(field=field) | ast.Known(field=field):
            return (Reference("field", field),)
        case ast.Days(start=start, end=end):
            return Reference("field", start), Reference("field", end)
        case ast.MetricRef(id=id_):
            return (Reference("metric", id_),)
        case ast.CriterionRef(id=id_):
            return (Reference("criterion", id_),)
        case ast.Member(field=field, criterion=criterion):
            own = (Reference("field", field),)
            return (*own, Reference("criterion", criterion)) if criterion is not None else own
        case ast.Each(field=field, criterion=criterion):
            return Reference("field", field), Reference("criterion", criterion)
        case ast.AllOf() | ast.AnyOf() | ast.NotOf() | ast.Compare():
            return ()
        case ast.ScoreRef(card=card):
            return (Reference("scorecard", card),)
        case ast.Scale() | ast.Arith() | ast.Extreme() | ast.Choose() | ast.Number():
            return ()
        case _:
            assert_never(node)


def nodes(*roots: Node | None, metrics: Mapping[str, ast.Metric] | None = None) -> Iterator[Node]:
    """The roots and all nodes below, in reading order; with ``metrics`` also their formulas."""
    for root in roots:
        if root is None:
            continue
        yield root
        if metrics is not None and isinstance(root, ast.MetricRef):
            yield from nodes(metrics[root.id].formula, metrics=metrics)
        yield from nodes(*children(root), metrics=metrics)


def named(
    kind: Kind, *roots: Node | None, metrics: Mapping[str, ast.Metric] | None = None
) -> Iterator[str]:
    """The fields, metrics or criteria that are named anywhere below, each as often as it is.

    With ``metrics`` also those in their formulas; the fields by which a table is chosen are not
    named (see ``reads.dimensions_of``).
    """
    for node in nodes(*roots, metrics=metrics):
        for reference in references(node):
            if reference.kind == kind:
                yield reference.name


def leaves(*conditions: ast.Condition | None) -> Iterator[ast.Leaf]:
    """Every leaf of the conditions, in reading order."""
    for condition in conditions:
        for leaf, _ in signed_leaves(condition):
            yield leaf


def signed_leaves(
    condition: ast.Condition | None, positive: bool = True
) -> Iterator[tuple[ast.Leaf, bool]]:
    """Every leaf, and whether it stands under an even number of ``not``."""
    match condition:
        case None:
            return
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            for item in items:
                yield from signed_leaves(item, positive)
        case ast.NotOf(item=item):
            yield from signed_leaves(item, not positive)
        case ast.Compare() | ast.Member() | ast.Known() | ast.Each():
            yield condition, positive
        case _:
            assert_never(condition)


def unscaled(expr: ast.Expr) -> ast.Expr:
    """The expression without the unit conversions around it."""
    while isinstance(expr, ast.Scale):
        expr = expr.expr
    return expr
