"""Criteria out of a workbook: one sheet for each criterion, every error at its cell.

    标准编号   land_tax_floor
    名称       亩均税收下限
    性质       下限
    单位       万元/亩/年
    起始日期   2026-01-01
    依据       fuzhou_2024

    行业代码   土地等别   标准值   条款   备注
    C26        1、2       20       表一
    默认                  15

The upper part names the criterion, the lower is its table; a header is a field's name or label.
Cells become nodes of the rulebook's own reader, which checks them as it checks criteria.yaml.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from evaluator.criteria import Criterion
from evaluator.errors import Problem, RulebookError
from evaluator.numbers import exact_text
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.criteria_file import parse_criteria
from evaluator.rulebook.names import Names
from evaluator.source import Place
from evaluator.spreadsheet import Cell, Sheet, read_sheets
from evaluator.yamlio import Node, YList, YMap, YScalar, suggest

__all__ = ["criteria_from_sheets", "criterion_yaml"]

HEAD = {
    "标准编号": "id", "编号": "id", "名称": "title", "性质": "kind", "单位": "unit",
    "起始日期": "from", "截止日期": "until", "依据": "source", "条款": "clause", "已核对": "verified",
    "备注": "note",
}  # fmt: skip
COLUMNS = {
    "标准值": "value", "值": "value", "单位": "unit", "依据": "source", "条款": "clause",
    "已核对": "verified", "备注": "note",
}  # fmt: skip
KINDS = {"下限": "floor", "上限": "ceiling", "数值": "value"}
FLAGS = {"是": True, "否": False, "true": True, "false": False}
DEFAULTS = ("默认", "其他", "其余", "-")


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    node: YScalar


def criteria_from_sheets(name: str, data: bytes, ruleset: Ruleset) -> tuple[Criterion, ...]:
    """Read every visible sheet as a criterion.

    Sources and fields are those of ``ruleset``. Raises RulebookError with every problem at its
    cell, and DossierError where the workbook itself cannot be opened.
    """
    problems: list[Problem] = []
    names = Names(ruleset.registry, problems, dict(ruleset.sources))
    for sheet in read_sheets(name, data):
        if sheet.visible and sheet.rows:
            found = _Reader(sheet, ruleset, problems).read()
            if found is not None:
                parse_criteria(found, names)
    if any(p.severity == "error" for p in problems):
        raise RulebookError(problems)
    return tuple(names.criteria.values())


class _Reader:
    def __init__(self, sheet: Sheet, ruleset: Ruleset, problems: list[Problem]) -> None:
        self.sheet = sheet
        self.ruleset = ruleset
        self.problems = problems

    def report(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        self.problems.append(Problem(code, message, place, hint))

    def read(self) -> YMap | None:
        numbers = sorted(self.sheet.rows)
        header = next((n for n in numbers if self._is_header(self.sheet.rows[n])), None)
        if header is None:
            first = self.sheet.place(numbers[0], 1)
            self.report(
                "E201", "工作表里没有表头：应有一列“标准值”", first, "照 docs/proofs.md 的样式"
            )
            return None
        head = dict(self._head([n for n in numbers if n < header]))
        columns = self._columns(self.sheet.rows[header])
        rows = [
            r for n in numbers if n > header and (r := self._row(self.sheet.rows[n], columns, n))
        ]
        top = self.sheet.place(numbers[0], 1)
        key = head.pop("id", None)
        if key is None:
            self.report("E201", "缺少“标准编号”", top)
            return None
        period = [
            (k, head.pop(k))
            for k in ("from", "until", "source", "clause", "verified", "note")
            if k in head
        ]
        table = YList(tuple(rows), self.sheet.place(header, 1))
        inner = _map([*period, ("rows", table)], top)
        by = YList(tuple(columns[c].node for c in sorted(columns) if columns[c].key == "by"), top)
        entries: list[tuple[str, Node]] = [*head.items(), ("values", YList((inner,), top))]
        if by.items:
            entries.append(("by", by))
        return YMap(((key, _map(entries, top)),), top)

    def _is_header(self, row: Mapping[int, Cell]) -> bool:
        return any(COLUMNS.get(c.text) == "value" or c.text == "value" for c in row.values())

    def _head(self, numbers: list[int]) -> Iterator[tuple[str, YScalar]]:
        for number in numbers:
            row = self.sheet.rows[number]
            first, *rest = (row[c] for c in sorted(row))
            key = HEAD.get(first.text, first.text)
            if key not in HEAD.values():
                hint = suggest(first.text, HEAD) or f"可用：{'、'.join(dict.fromkeys(HEAD))}"
                self.report("E204", f"没有“{first.text}”这一项", first.place, hint)
            elif not rest:
                self.report("E201", f"“{first.text}”没有填", first.place)
            else:
                yield key, self._scalar(rest[0], key)

    def _columns(self, row: Mapping[int, Cell]) -> dict[int, _Entry]:
        fields = {f.label: f.name for f in self.ruleset.registry.fields.values()}
        out: dict[int, _Entry] = {}
        seen: dict[str, Place] = {}
        for number, cell in row.items():
            text = cell.text
            key = COLUMNS.get(text, text if text in COLUMNS.values() else "")
            name = key or fields.get(text, text)
            if (
                not key
                and name not in self.ruleset.registry.fields
                and name not in ("product", "pollutant")
            ):
                hint = (
                    suggest(text, (*COLUMNS, *fields))
                    or "表头写字段名、字段的中文名，或标准值、单位、依据、条款、备注"
                )
                self.report("E301", f"没有可分档的字段“{text}”", cell.place, hint)
            if name in seen:
                self.report(
                    "E102", f"表头“{text}”重复", cell.place, f"第一处在 {seen[name].label()}"
                )
            seen.setdefault(name, cell.place)
            out[number] = _Entry(key or "by", YScalar(name, name, cell.place))
        return out

    def _row(
        self, row: Mapping[int, Cell], columns: Mapping[int, _Entry], number: int
    ) -> YMap | None:
        entries: list[tuple[str, Node]] = []
        for column, cell in sorted(row.items()):
            entry = columns.get(column)
            if entry is None:
                self.report("E204", f"“{cell.text}”所在的列没有表头", cell.place)
            elif entry.key != "by":
                entries.append((entry.key, self._scalar(cell, entry.key)))
            elif cell.text not in DEFAULTS:
                entries.append((str(entry.node.value), self._words(cell)))
        return _map(entries, self.sheet.place(number, 1)) if row else None

    def _words(self, cell: Cell) -> Node:
        """One key or several, separated by 、 or a comma; a bare number is a word too."""
        if cell.fault:
            self.report("E202", cell.fault, cell.place, cell.hint)
        text = exact_text_of(cell.value)
        words = [
            w
            for part in text.replace("\uff0c", "、").replace(",", "、").split("、")
            if (w := part.strip())
        ]
        nodes = tuple(YScalar(w, w, cell.place) for w in words)
        return nodes[0] if len(nodes) == 1 else YList(nodes, cell.place)

    def _scalar(self, cell: Cell, key: str) -> YScalar:
        value: Any = cell.value
        if cell.fault:
            self.report("E202", cell.fault, cell.place, cell.hint)
        text = exact_text_of(value)
        if key == "kind":
            text = value = KINDS.get(text, text)
        elif key == "verified":
            value = FLAGS.get(text, value)
        elif key in ("from", "until") and isinstance(value, str):
            value = _date(value) or value
        elif (
            key in ("value",) and isinstance(value, Decimal) and value == value.to_integral_value()
        ):
            value = int(value)
        elif key not in ("value", "from", "until"):
            value = text
        return YScalar(value, text, cell.place)


def exact_text_of(value: object) -> str:
    """A cell as text: whole numbers without a point, dates as ISO, the rest on one line."""
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return " ".join(str(value).split())


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(
            text.strip().replace("年", "-").replace("月", "-").replace("日", "")
        )
    except ValueError:
        return None


def _map(entries: list[tuple[str, Node]], place: Place) -> YMap:
    return YMap(tuple((YScalar(k, k, v.place), v) for k, v in entries), place)


def criterion_yaml(criterion: Criterion) -> str:
    """The criterion as it stands in criteria.yaml, two levels in."""
    lines = [
        f"  {criterion.id}:",
        f"    title: {criterion.title}",
        f"    kind: {criterion.kind.value}",
    ]
    if criterion.unit is not None:
        lines.append(f"    unit: {_plain(criterion.unit.name)}")
    if criterion.by:
        lines.append(f"    by: [{', '.join(criterion.by)}]")
    lines.append("    values:")
    for period in criterion.periods:
        lines.append(f"      - from: {period.start.isoformat()}")
        if period.end:
            lines.append(f"        until: {period.end.isoformat()}")
        if period.provenance:
            given = period.provenance
            lines.append(f"        source: {given.source.id}")
            lines += [f"        clause: {_plain(given.clause)}"] if given.clause else []
            lines.append(f"        verified: {str(given.verified).lower()}")
            lines += [f"        note: {_plain(given.note)}"] if given.note else []
        lines.append("        rows:")
        for row in period.rows:
            parts = [f"{d}: {_words(w)}" for d, w in row.keys.items()]
            parts.append(f"value: {exact_text(row.value)}")
            if row.unit is not None and row.unit != criterion.unit:
                parts.append(f"unit: {_plain(row.unit.name)}")
            own, base = row.provenance, period.provenance
            if base is not None and own != base:
                parts += [f"source: {own.source.id}"] if own.source != base.source else []
                parts += (
                    [f"clause: {_plain(own.clause)}"]
                    if own.clause and own.clause != base.clause
                    else []
                )
                parts += (
                    [f"verified: {str(own.verified).lower()}"]
                    if own.verified != base.verified
                    else []
                )
                parts += [f"note: {_plain(own.note)}"] if own.note and own.note != base.note else []
            lines.append(f"          - {{{', '.join(parts)}}}")
    return "\n".join(lines) + "\n"


def _words(words: tuple[str, ...]) -> str:
    return _plain(words[0]) if len(words) == 1 else f"[{', '.join(map(_plain, words))}]"


def _plain(text: str) -> str:
    """A text for a flow mapping; quoted unless it is a plain word."""
    if text and all(c.isalnum() or c in "/_·（）《》〔〕" for c in text) and not text[0].isdigit():
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
