"""Export to JDM, the JSON decision model of zen-engine: a graph of tables and expressions.

    input → one decision table for each criterion → status of every rule → verdict → output

The model is of one ruleset as of one date. It takes the dossier as ``jdm_context`` writes it, and
gives ``{"verdict": …, "findings": {rule: status}}``.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.values import Item
from evaluator.interchange.formula import (
    OPS,
    Dialect,
    ExportError,
    Use,
    Writer,
    item_unit,
    number_text,
    tables,
)
from evaluator.interchange.tables import Line, Test, lines
from evaluator.rulebook.ast import Effect, Op, Ruleset


def _quoted(word: str) -> str:
    if "'" in word or "\\" in word:
        raise ExportError(f"文字“{word}”含引号或反斜杠，不能导出")
    return f"'{word}'"


def _sign(symbol: str) -> str:
    return "==" if symbol == "=" else symbol


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else _quoted(value)


class Zen(Dialect):
    """The expression language of zen-engine, in which null is no number and no truth."""

    def all(self, parts: Sequence[str]) -> str:
        listed = ", ".join(parts)
        return (
            f"(some([{listed}], # == false) ? false : (some([{listed}], # == null) ? null : true))"
        )

    def any(self, parts: Sequence[str]) -> str:
        listed = ", ".join(parts)
        return (
            f"(some([{listed}], # == true) ? true : (some([{listed}], # == null) ? null : false))"
        )

    def negate(self, part: str) -> str:
        return f"({part} == null ? null : {part} == false)"

    def guarded(self, unknown: Sequence[str], truth: str) -> str:
        if not unknown:
            return f"({truth})"
        return f"(({' or '.join(unknown)}) ? null : ({truth}))"

    def missing(self, name: str) -> str:
        return f"{name} == null"

    def or_zero(self, name: str) -> str:
        return f"({name} ?? 0)"

    def days(self, name: str) -> str:
        return f"(date({name}) / 86400)"

    def one_of(self, name: str, words: Sequence[str | bool], prefix: bool, many: bool) -> str:
        if prefix:
            subject = "#" if many else name
            tests = " or ".join(f"startsWith({subject}, {_literal(w)})" for w in words) or "false"
            return f"some({name}, {tests})" if many else f"({tests})"
        listed = ", ".join(_literal(w) for w in words)
        return f"some({name}, # in [{listed}])" if many else f"{name} in [{listed}]"

    def each(self, name: str, rows: Sequence[tuple[str, str, str, str]]) -> str:
        text = "null"
        for key, kind, op, limit in reversed(rows):
            test = f"#.kind == {_quoted(kind)} ? #.value {_sign(op)} {limit} : null"
            text = f"(#.key == {_quoted(key)} ? ({test}) : {text})" if key else f"({test})"
        mapped = f"map({name}, {text})"
        return f"some({mapped}, # == false) ? false : (some({mapped}, # == null) ? null : true)"

    def sign(self, text: str, op: Op) -> str:
        return f"{text} {_sign(OPS[op])} 0"


def jdm_context(profile: Profile, ruleset: Ruleset) -> str:
    """The dossier as JSON text for the model. Numbers are exact decimals in the registry's units.

    A record with closed keys is an object, and beside it ("emissions__items") a list of key, value
    and unit ("kind") in which tables of that kind are written; a record with open keys is that list. Raises ExportError for a number that is no decimal of 28 digits.
    """
    parts: list[str] = []
    for name, field in ruleset.registry.fields.items():
        value = profile.values.get(name)
        if value is None:
            continue
        if field.type in (FieldType.INT, FieldType.DECIMAL):
            text = number_text(value)  # type: ignore[arg-type]
        elif field.type is FieldType.RECORD:
            items = [i for i in value if isinstance(i, Item)]  # type: ignore[union-attr]
            if field.keys:
                listed = ",".join(_item(i, ruleset, field) for i in items)
                parts.append(f"{json.dumps(name + '__items')}:[{listed}]")
                pairs = ",".join(f"{json.dumps(i.key)}:{number_text(i.number)}" for i in items)
                text = "{" + pairs + "}"
            else:
                text = "[" + ",".join(_item(i, ruleset, field) for i in items) + "]"
        elif isinstance(value, dt.date):
            text = json.dumps(value.isoformat())
        else:
            text = json.dumps(
                list(value) if isinstance(value, tuple) else value, ensure_ascii=False
            )
        parts.append(f"{json.dumps(name)}:{text}")
    return "{" + ",".join(parts) + "}"


def _item(item: Item, ruleset: Ruleset, field: Field) -> str:
    unit = field.unit or item_unit(ruleset, item.unit)
    value = number_text(item.number * item.unit.factor_to(unit))
    key, kind = (json.dumps(text, ensure_ascii=False) for text in (item.key, unit.name))
    return f'{{"key":{key},"value":{value},"kind":{kind}}}'


def jdm(ruleset: Ruleset, as_of: dt.date) -> dict[str, Any]:
    """The model as JSON data. Raises ExportError for what JDM cannot say exactly."""
    writer = Writer(ruleset, as_of, Zen())
    rules = ruleset.in_force(as_of)
    statuses: list[tuple[str, str]] = []
    for rule in rules:
        applies, required = writer.condition(rule.applies_when), writer.condition(rule.require)
        text = (
            f"{applies} == false ? 'not_applicable' : {required} == true ? 'satisfied' : "
            f"({applies} == true and {required} == false) ? 'violated' : 'unknown'"
        )
        statuses.append((f"findings.{rule.id.replace('.', '__')}", text))
    nodes: list[dict[str, Any]] = [
        {"id": "input", "type": "inputNode", "name": "申报材料", "content": {"schema": ""}}
    ]
    nodes += [_table(ruleset, use, as_of) for use in tables(writer).values()]
    nodes.append(_expressions("rules", "逐条判断", statuses, True))
    nodes.append(
        _expressions(
            "verdict",
            "结论",
            [("verdict", _verdict(rules)), ("findings", "findings" if rules else "{}")],
            False,
        )
    )
    nodes.append({"id": "output", "type": "outputNode", "name": "结论", "content": {"schema": ""}})
    for number, node in enumerate(nodes):
        node["position"] = {"x": 260 * number, "y": 100}
    edges = [
        {"id": f"edge-{i}", "sourceId": a["id"], "targetId": b["id"], "type": "edge"}
        for i, (a, b) in enumerate(pairwise(nodes), 1)
    ]
    metadata = {"ruleset": ruleset.identity, "title": ruleset.title, "as_of": as_of.isoformat()}
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": nodes,
        "edges": edges,
        "metadata": metadata,
    }


def _verdict(rules: Sequence[Any]) -> str:
    def names(*effects: Effect) -> str:
        return ", ".join(
            f"findings.{r.id.replace('.', '__')}" for r in rules if r.effect in effects
        )

    reject, refer = names(Effect.REJECT), names(Effect.REFER)
    judged, everything = names(Effect.REJECT, Effect.REFER), names(*Effect)
    return (
        f"some([{reject}], # == 'violated') ? 'reject' : "
        f"(some([{refer}], # == 'violated') or some([{judged}], # == 'unknown') or "
        f"all([{everything}], # == 'not_applicable')) ? 'refer' : 'pass'"
    )


def _expressions(
    id_: str, name: str, pairs: Sequence[tuple[str, str]], through: bool
) -> dict[str, Any]:
    listed = [{"id": f"{id_}-{i}", "key": k, "value": v} for i, (k, v) in enumerate(pairs, 1)]
    content = {
        "expressions": listed,
        "passThrough": through,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }
    return {"id": id_, "type": "expressionNode", "name": name, "content": content}


def _table(ruleset: Ruleset, use: Use, as_of: dt.date) -> dict[str, Any]:
    criterion = ruleset.criteria[use.criterion]
    entries = list(lines(criterion, as_of, dict(use.keys)))
    dimensions = list(dict.fromkeys(t.dimension for line in entries for t in line.tests))
    # Columns without a field hold whole conditions; a field column would fail on a missing value.
    columns = [
        {"id": f"in-{d}", "name": ruleset.registry.label(d), "field": ""} for d in dimensions
    ]
    rows = []
    for number, line in enumerate(entries, 1):
        row = {
            "_id": str(number),
            "_description": line.note,
            "out": _value(line, criterion.unit, use.scale),
        }
        row.update({f"in-{d}": "" for d in dimensions})
        for test in line.tests:
            cell = row[f"in-{test.dimension}"]
            row[f"in-{test.dimension}"] = " and ".join(filter(None, (cell, _cell(test, ruleset))))
        rows.append(row)
    if not columns:
        columns = [{"id": "in-always", "name": "一切项目", "field": ""}]
        rows = [{**row, "in-always": "true"} for row in rows]
    title = criterion.title if use.scale == 1 else f"{criterion.title}（× {use.scale}）"
    content = {
        "hitPolicy": "first",
        "inputs": columns,
        "outputs": [{"id": "out", "name": title, "field": use.name}],
        "rules": rows,
        "passThrough": True,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }
    return {
        "id": f"table-{use.name}",
        "type": "decisionTableNode",
        "name": criterion.title,
        "content": content,
    }


def _value(line: Line, unit: Any, scale: int) -> str:
    if line.value is None:
        return "null"
    factor = line.unit.factor_to(unit) if line.unit is not None and unit is not None else 1
    return number_text(line.value * factor * scale)


def _cell(test: Test, ruleset: Ruleset) -> str:
    name = test.dimension
    if test.kind == "missing":
        return f"{name} == null"
    if test.kind == "from":
        return f"date({name}) >= date({_quoted(test.words[0])})"
    if test.kind == "prefix":
        return "(" + " or ".join(f"startsWith({name}, {_quoted(w)})" for w in test.words) + ")"
    field = ruleset.registry.references[name]
    if field.numeric:
        return f"{name} in [{', '.join(test.words)}]"
    return f"{name} in [{', '.join(_quoted(w) for w in test.words)}]"
