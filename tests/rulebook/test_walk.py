"""The one walk: every kind of node, everything it holds, everything it names."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import get_args

import pytest

from evaluator.problems.source import Place, SourceText
from evaluator.rulebook import ast, walk
from evaluator.values.units import parse_unit

HERE = Place(SourceText("r.yaml", ""))
ONE = parse_unit("1")
TAX = ast.FieldRef("annual_tax", ONE, HERE)
INTENSITY = ast.MetricRef("intensity", ONE, HERE)
FLOOR = ast.CriterionRef("floor", ONE, (), HERE)
TWO = ast.Number(Fraction(2), ONE, HERE)
TOTAL = ast.Sum("emissions", ONE, HERE)
SPAN = ast.Days("start", "finish", ONE, HERE)
SCALE = ast.Scale(INTENSITY, Fraction(15), ONE, HERE)
SHARE = ast.Arith("divide", (TAX, TWO, SPAN), ONE, HERE)
MOST = ast.Extreme(True, (TAX, TWO), ONE, HERE)
SCORE = ast.ScoreRef("card", ONE, HERE)
COMPARE = ast.Compare(SCALE, ast.Op.AT_LEAST, FLOOR, None, HERE)
LISTED = ast.Member("industry_code", (), "negative_list", True, HERE)
WORD = ast.Member("land_use_mode", ("new",), None, False, HERE)
KNOWN = ast.Known("permit", HERE)
EACH = ast.Each("products", ast.Op.AT_MOST, "quota", HERE)
NOT = ast.NotOf(WORD, HERE)
ANY = ast.AnyOf((NOT, KNOWN), HERE)
ALL = ast.AllOf((COMPARE, ANY, NOT), HERE)

CHOICE = ast.Choose(((WORD, TAX), (KNOWN, TWO)), FLOOR, ONE, HERE)

EXPRESSIONS = (TAX, INTENSITY, FLOOR, TWO, TOTAL, SPAN, SCALE, SHARE, MOST, CHOICE, SCORE)
CONDITIONS = (COMPARE, LISTED, WORD, KNOWN, EACH, NOT, ANY, ALL)


def _held(value: object) -> list[object]:
    """The nodes that an object's fields hold, by reflection."""
    if isinstance(value, tuple):
        return [node for part in value for node in _held(part)]
    return [value] if isinstance(value, walk.Node) else []


def test_the_samples_are_of_every_kind() -> None:
    assert {type(e) for e in EXPRESSIONS} == set(get_args(ast.Expr))
    assert {type(c) for c in CONDITIONS} == set(get_args(ast.Condition))


@pytest.mark.parametrize("node", [*EXPRESSIONS, *CONDITIONS], ids=lambda n: type(n).__name__)
def test_children_are_all_the_nodes_that_a_node_holds(node: walk.Node) -> None:
    held = [n for f in dataclasses.fields(node) for n in _held(getattr(node, f.name))]
    assert list(walk.children(node)) == held


@pytest.mark.parametrize("node", [*EXPRESSIONS, *CONDITIONS], ids=lambda n: type(n).__name__)
def test_references_are_all_the_names_that_a_node_has(node: walk.Node) -> None:
    words = [getattr(node, f.name) for f in dataclasses.fields(node) if f.name != "op"]
    assert [r.name for r in walk.references(node)] == [w for w in words if isinstance(w, str)]


def test_nodes_come_in_reading_order() -> None:
    below = [COMPARE, SCALE, INTENSITY, FLOOR, ANY, NOT, WORD, KNOWN, NOT, WORD]
    assert list(walk.nodes(ALL)) == [ALL, *below]
    assert list(walk.nodes(None, KNOWN, None)) == [KNOWN]


def test_nodes_go_through_metrics_where_these_are_given() -> None:
    metric = ast.Metric("intensity", "强度", ONE, 2, SHARE, None, HERE)
    found = list(walk.nodes(SCALE, metrics={"intensity": metric}))
    assert found == [SCALE, INTENSITY, SHARE, TAX, TWO, SPAN]
    names = walk.named("field", SCALE, metrics={"intensity": metric})
    assert list(names) == ["annual_tax", "start", "finish"]


def test_kinds_of_names_are_told_apart() -> None:
    roots = (ALL, LISTED, EACH, SHARE)
    assert list(walk.named("metric", *roots)) == ["intensity"]
    assert list(walk.named("criterion", *roots)) == ["floor", "negative_list", "quota"]
    fields = ["land_use_mode", "permit", "land_use_mode", "industry_code", "products"]
    assert list(walk.named("field", *roots)) == [*fields, "annual_tax", "start", "finish"]


def test_leaves_say_whether_a_not_stands_above_them() -> None:
    assert list(walk.leaves(ALL, None, KNOWN)) == [COMPARE, WORD, KNOWN, WORD, KNOWN]
    signs = [positive for _, positive in walk.signed_leaves(ast.NotOf(ALL, HERE))]
    assert signs == [False, True, False, True]


def test_unscaled_takes_off_every_conversion() -> None:
    assert walk.unscaled(ast.Scale(SCALE, Fraction(2), ONE, HERE)) is INTENSITY
    assert walk.unscaled(TWO) is TWO
