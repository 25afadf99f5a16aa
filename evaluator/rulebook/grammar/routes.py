"""``rules/routes.yaml``: who concludes, in the order in which a project goes through them.

    - id: county_government
      body: 县政府常务会议
      when: {field: land_area, more_than: 30}
      workdays: 10
      basis: [{source: some_measure, clause: 第八条}]

A profile's file replaces that of the rulebook below it, whole.
"""

from __future__ import annotations

from evaluator.problems.source import Place
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap
from evaluator.rulebook.ast import Basis, Condition, Effect, Route, Rule
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.stage import DUE

ROUTES_FILE = "routes.yaml"
MAX_WORKDAYS = 366


def parse_routes(node: Node, names: Names) -> tuple[Route, ...]:
    """Read one file of routes; what is wrong is reported."""
    if not isinstance(node, YList):
        names.report("E202", "审定层级文件应是列表，每项以“- id:”开头", node.place)
        return ()
    return names.once((_route(item, names) for item in node.items), "审定层级")


def _route(node: Node, names: Names) -> Route | None:
    if not isinstance(node, YMap):
        names.report("E202", "审定层级应是键值表，以“- id:”开头", node.place)
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "审定层级")
    id_ = r.word("id", required=True)
    body = r.text("body", required=True)
    when_node = r.take("when")
    workdays = r.integer("workdays", low=1, high=MAX_WORKDAYS)
    basis = [found for item in r.list_of("basis", required=True) if (found := _basis(item, names))]
    note = r.text("note")
    r.finish()
    when = parse_condition(when_node, names) if when_node is not None else None
    if id_ is None or body is None or not names.check_id(id_, "审定层级"):
        return None
    if when_node is not None and when is None:
        names.dropped(f"审定层级“{id_.text}”", node.place)
    if names.problems.wrong(before):
        return None
    rule = _rule(id_.text, when, node.place) if when is not None else None
    return Route(id_.text, body, workdays, rule, tuple(basis), note, node.place)


def _rule(id_: str, when: Condition, place: Place) -> Rule:
    """The condition as a rule of no list: what judges and traces rules does so for it."""
    return Rule(
        id=f"route.{id_}",
        title=id_,
        list="",
        dimension=None,
        applies_when=None,
        require=when,
        effect=Effect.ADVISE,
        departments=(),
        basis=(),
        message=None,
        remedy=None,
        note=None,
        start=None,
        end=None,
        place=place,
        due=DUE,
    )


def _basis(node: Node, names: Names) -> Basis | None:
    if not isinstance(node, YMap):
        names.report("E202", "依据应是键值表", node.place, "如 {source: 文件, clause: 条款}")
        return None
    r = Reader(node, names.problems, "依据")
    word, clause = r.word("source", required=True), r.text("clause")
    r.finish()
    source = names.source(word) if word is not None else None
    return Basis(source, clause, None) if source is not None else None
