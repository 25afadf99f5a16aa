"""Export to DMN 1.5: decision tables in FEEL, whose truths are three-valued just as ours are.

One decision for each criterion table (first hit), one for each rule (its status), and one for the
verdict. Names are those of the rulebook; titles stand in ``label``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from evaluator.dossier.fields import Field, FieldType
from evaluator.interchange.formula import OPS, Dialect, Use, Writer, number_text
from evaluator.interchange.tables import Line, Test, lines
from evaluator.rulebook import ast
from evaluator.rulebook.verdict import Status, Verdict
from evaluator.values.units import ONE, Unit

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
TYPES = {
    FieldType.BOOL: "boolean",
    FieldType.DATE: "date",
    FieldType.INT: "number",
    FieldType.DECIMAL: "number",
}


def _literal(value: str | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Feel(Dialect):
    """FEEL: ``and``, ``or`` and ``not`` are Kleene's, a comparison with null is null."""

    def all(self, parts: Sequence[str]) -> str:
        return "(" + " and ".join(parts) + ")"

    def any(self, parts: Sequence[str]) -> str:
        return "(" + " or ".join(parts) + ")"

    def negate(self, part: str) -> str:
        return f"not({part})"

    def guarded(self, unknown: Sequence[str], truth: str) -> str:
        return f"(if {' or '.join(unknown)} then null else {truth})" if unknown else f"({truth})"

    def missing(self, name: str) -> str:
        return f"{name} = null"

    def or_zero(self, name: str) -> str:
        return f"(if {name} = null then 0 else {name})"

    def days(self, name: str) -> str:
        return f'({name} - date("1900-01-01")).days'

    def one_of(self, name: str, words: Sequence[str | bool], prefix: bool, many: bool) -> str:
        subject = "x" if many else name
        if prefix:
            truth = " or ".join(f"starts with({subject}, {_literal(w)})" for w in words) or "false"
        else:
            truth = f"list contains([{', '.join(_literal(w) for w in words)}], {subject})"
        return f"(some x in {name} satisfies ({truth}))" if many else f"({truth})"

    def each(self, name: str, rows: Sequence[tuple[str, str, str, str]]) -> str:
        text = "null"
        for key, kind, op, limit in reversed(rows):
            test = f"(if x.kind = {_literal(kind)} then x.value {op} {limit} else null)"
            text = f"(if x.key = {_literal(key)} then {test} else {text})" if key else test
        truths = f"(for x in {name} return {text})"
        return (
            f"(if list contains({truths}, false) then false "
            f"else if list contains({truths}, null) then null else true)"
        )

    def sign(self, text: str, op: ast.Op) -> str:
        return f"{text} {OPS[op]} 0"


def dmn(ruleset: ast.Ruleset, as_of: dt.date) -> str:
    """The DMN document. Raises ExportError for what a decimal engine cannot say exactly."""
    ET.register_namespace("", NAMESPACE)
    root = _element(
        None,
        "definitions",
        id="admission",
        name=ruleset.title,
        namespace=f"urn:admission:{ruleset.profile_id}",
    )
    root.set("exporter", "project-admission")
    _element(
        root, "description"
    ).text = f"规则集 {ruleset.identity}，{as_of.isoformat()} 有效的规则"
    writer = Writer(ruleset, as_of, Feel())
    decisions: list[ET.Element] = []
    rules = ruleset.in_force(as_of)
    reads: set[str] = set()
    for rule in rules:
        writer.fields, before = set(), dict(writer.uses)
        writer.uses.clear()
        decisions.append(_rule(writer, rule))
        reads |= writer.fields
        writer.uses = before | writer.uses
    tables = [_table(ruleset, use, as_of, reads) for _, use in sorted(writer.uses.items())]
    for name in sorted({n.partition(".")[0] for n in reads}):
        field = ruleset.registry.fields[name.removesuffix("__items")]
        root.append(_input(name, field))
    for decision in (*tables, *decisions, _verdict(rules)):
        root.append(decision)
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"


def _element(parent: ET.Element | None, tag: str, **attributes: str) -> ET.Element:
    name = f"{{{NAMESPACE}}}{tag}"
    return (
        ET.Element(name, attributes) if parent is None else ET.SubElement(parent, name, attributes)
    )


def _id(text: str) -> str:
    """An XML name for any identifier; what XML does not allow is written as its code point."""
    return re.sub(r"[^A-Za-z0-9_.-]", lambda m: f"_{ord(m[0]):x}", text)


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    _element(_element(parent, tag, **attributes), "text").text = text


def _input(name: str, field: Field) -> ET.Element:
    node = _element(None, "inputData", id=f"input_{_id(name)}", name=name, label=field.label)
    note = _note(name, field)
    if note:
        _element(node, "description").text = note
    kind = TYPES.get(field.type, "string")
    if field.type in (FieldType.RECORD, FieldType.CODES):
        kind = "Any"
    _element(node, "variable", name=name, typeRef=kind)
    return node


def _note(name: str, field: Field) -> str:
    """What the type alone does not say: the unit, and the shape of a record."""
    unit = f"单位：{field.unit.name}" if field.unit is not None and field.unit != ONE else ""
    if field.type is not FieldType.RECORD:
        return unit
    listed = name != field.name or not field.keys
    shape = (
        "列表，每项有 key（名称）、value（数）、kind（单位）"
        if listed
        else f"按名称给出的数：{'、'.join(field.keys)}"
    )
    return "；".join(filter(None, (shape, unit)))


def _decision(
    id_: str, name: str, label: str, kind: str, needs: Sequence[tuple[str, str]]
) -> ET.Element:
    node = _element(None, "decision", id=id_, name=name, label=label)
    _element(node, "variable", name=name, typeRef=kind)
    for what, target in needs:
        requirement = _element(node, "informationRequirement", id=f"{id_}_needs_{target}")
        _element(
            requirement,
            "requiredInput" if what == "input" else "requiredDecision",
            href=f"#{target}",
        )
    return node


def _needs(fields: set[str], uses: Sequence[str]) -> list[tuple[str, str]]:
    inputs = sorted({n.partition(".")[0] for n in fields})
    return [("input", f"input_{_id(n)}") for n in inputs] + [
        ("decision", f"table_{_id(u)}") for u in uses
    ]


def _rule(writer: Writer, rule: ast.Rule) -> ET.Element:
    applies, required = writer.condition(rule.applies_when), writer.condition(rule.require)
    id_ = f"rule_{_id(rule.id)}"
    name = rule.id.replace(".", "_")
    node = _decision(id_, name, rule.title, "string", _needs(writer.fields, sorted(writer.uses)))
    table = _element(
        node, "decisionTable", id=f"{id_}_table", hitPolicy="FIRST", outputLabel=rule.title
    )
    for label, text in (("适用", applies), ("符合要求", required)):
        column = _element(table, "input", label=label)
        _text(column, "inputExpression", text, typeRef="boolean")
    _element(table, "output", name=name, typeRef="string")
    cells = (
        ("false", "-", Status.NOT_APPLICABLE),
        ("-", "true", Status.SATISFIED),
        ("true", "false", Status.VIOLATED),
        ("-", "-", Status.UNKNOWN),
    )
    for left, right, status in cells:
        _row(table, (left, right), _literal(status.value))
    return node


def _row(table: ET.Element, tests: Sequence[str], output: str, note: str = "") -> None:
    row = _element(table, "rule")
    if note:
        _element(row, "description").text = note
    for test in tests:
        _text(row, "inputEntry", test)
    _text(row, "outputEntry", output)


def _table(ruleset: ast.Ruleset, use: Use, as_of: dt.date, reads: set[str]) -> ET.Element:
    criterion = ruleset.criteria[use.criterion]
    rows = list(lines(criterion, as_of, dict(use.keys)))
    dimensions = list(dict.fromkeys(t.dimension for line in rows for t in line.tests))
    reads.update(dimensions)
    id_ = f"table_{_id(use.name)}"
    node = _decision(id_, use.name, criterion.title, "number", _needs(set(dimensions), ()))
    title = criterion.title if use.scale == 1 else f"{criterion.title}（× {use.scale}）"
    table = _element(node, "decisionTable", id=f"{id_}_table", hitPolicy="FIRST", outputLabel=title)
    for dimension in dimensions or ["true"]:
        label = ruleset.registry.label(dimension) if dimensions else "一切项目"
        _text(_element(table, "input", label=label), "inputExpression", dimension)
    _element(table, "output", name=use.name, typeRef="number")
    if not rows:
        _row(table, ["-"], "null", "这一天没有有效的值")
    for line in rows:
        tests = [_cell([t for t in line.tests if t.dimension == d], ruleset) for d in dimensions]
        _row(table, tests or ["-"], _value(line, criterion.unit, use.scale), line.note)
    return node


def _value(line: Line, unit: Unit | None, scale: int) -> str:
    if line.value is None:
        return "null"
    factor = line.unit.factor_to(unit) if line.unit is not None and unit is not None else 1
    return number_text(line.value * factor * scale)


def _cell(tests: Sequence[Test], ruleset: ast.Ruleset) -> str:
    """A unary test; "?" is the value of the column."""
    if not tests:
        return "-"
    (test,) = tests
    if test.kind == "missing":
        return "null"
    if test.kind == "from":
        return f'>= date("{test.words[0]}")'
    if test.kind == "prefix":
        return " or ".join(f"starts with(?, {_literal(w)})" for w in test.words)
    numeric = ruleset.registry.references[test.dimension].numeric
    return ", ".join(w if numeric else _literal(w) for w in test.words)


def _verdict(rules: Sequence[ast.Rule]) -> ET.Element:
    needs = [("decision", f"rule_{_id(r.id)}") for r in rules]
    node = _decision("verdict", "verdict", "结论", "string", needs)

    def count(status: Status, *effects: ast.Effect) -> str:
        names = ", ".join(r.id.replace(".", "_") for r in rules if r.effect in effects)
        return f"list contains([{names}], {_literal(status.value)})"

    judged = (ast.Effect.REJECT, ast.Effect.REFER)
    every = ", ".join(
        f"{r.id.replace('.', '_')} = {_literal(Status.NOT_APPLICABLE.value)}" for r in rules
    )
    columns = (
        ("有否决事项不符合", count(Status.VIOLATED, ast.Effect.REJECT)),
        ("有会审事项不符合", count(Status.VIOLATED, ast.Effect.REFER)),
        ("有事项材料不足", count(Status.UNKNOWN, *judged)),
        ("没有规则适用", f"all([{every}])"),
    )
    table = _element(
        node, "decisionTable", id="verdict_table", hitPolicy="FIRST", outputLabel="结论"
    )
    for label, text in columns:
        _text(_element(table, "input", label=label), "inputExpression", text, typeRef="boolean")
    _element(table, "output", name="verdict", typeRef="string")
    for number, verdict in enumerate((Verdict.REJECT, Verdict.REFER, Verdict.REFER, Verdict.REFER)):
        tests = ["true" if i == number else "-" for i in range(len(columns))]
        _row(table, tests, _literal(verdict.value))
    _row(table, ["-"] * len(columns), _literal(Verdict.PASS.value))
    return node
