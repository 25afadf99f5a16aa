"""Findings of a row as one JSON text: what each rule found, and the numbers it compared."""

from __future__ import annotations

import json
from typing import Any

import ibis.expr.types as ir

from evaluator.engine.columnar import Plan
from evaluator.rulebook import ast, walk
from evaluator.rulebook.verdict import Status


def finding_values(plan: Plan) -> ir.Table:
    """``row_id`` and, for comparison k of what rule n requires, v{n}_{k} and r{n}_{k} (exact text,
    "36000/60"), va{n}_{k} and ra{n}_{k} (doubles for reading)."""
    columns: dict[str, Any] = {}
    for n, k, leaf in _comparisons(plan):
        left, right = plan.conditions.amount(leaf.left), plan.conditions.amount(leaf.right)
        columns |= {
            f"v{n}_{k}": left.text(),
            f"r{n}_{k}": right.text(),
            f"va{n}_{k}": left.approximate(),
            f"ra{n}_{k}": right.approximate(),
        }
    return plan.base.select("row_id", **columns)


def findings_json(plan: Plan, statuses: str, values: str) -> str:
    """SQL for a JSON array of a row's findings that are applicable, out of the columns of the table
    ``statuses`` (s{n}, as ``Plan.statuses``) and ``values`` (as ``finding_values``)."""
    compared: dict[int, list[list[str]]] = {}
    for n, k, leaf in _comparisons(plan):
        value, required = f"{values}.v{n}_{k}", f"{values}.r{n}_{k}"
        parts = [
            """'{"value":'""",
            _quoted(value),
            """',"required":'""",
            _quoted(required),
            """',"value_about":'""",
            _number(f"{values}.va{n}_{k}"),
            """',"required_about":'""",
            _number(f"{values}.ra{n}_{k}"),
            f"""',"unit":{_literal(_unit(plan.ruleset, leaf))}}}'""",
        ]
        compared.setdefault(n, []).append(parts)
    rules = []
    for n, rule in enumerate(plan.rules):
        status = f"{statuses}.s{n}"
        # One concat with all parts: a chain of || would copy the text again for each.
        parts = [
            f"""'{{"rule":{_literal(rule.id)},"status":"'""",
            status,
            """'","comparisons":['""",
        ]
        for k, listed in enumerate(compared.get(n, [])):
            parts += [*(["','"] if k else []), *listed]
        text = f"concat({', '.join(parts)}, ']}}')"
        rules.append(f"CASE WHEN {status} <> '{Status.NOT_APPLICABLE}' THEN {text} END")
    return f"concat('[', concat_ws(',', {', '.join(rules)}), ']')"


def _comparisons(plan: Plan) -> list[tuple[int, int, ast.Compare]]:
    return [
        (n, k, leaf)
        for n, rule in enumerate(plan.rules)
        for k, leaf in enumerate(x for x in walk.leaves(rule.require) if isinstance(x, ast.Compare))
    ]


def _unit(ruleset: ast.Ruleset, leaf: ast.Compare) -> str | None:
    """The unit that both sides of a comparison are in."""

    def of(expr: ast.Expr) -> str | None:
        match expr:
            case ast.CriterionRef(unit=unit):
                return unit.name
            case ast.FieldRef(name=name):
                stated = ruleset.registry.references[name].unit
                return stated.name if stated else None
            case ast.MetricRef(id=id):
                return ruleset.metrics[id].unit.name
            case _:
                return None

    unit = of(leaf.right) or of(leaf.left)
    return None if unit == "1" else unit


def _literal(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False).replace("'", "''")


def _quoted(sql: str) -> str:
    return f"""coalesce('"' || {sql} || '"', 'null')"""


def _number(sql: str) -> str:
    return f"coalesce(CAST({sql} AS VARCHAR), 'null')"
