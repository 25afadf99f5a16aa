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

The upper part names the criterion, the lower is its table; a header is a field's name or label, a
cell an option's code or label. Merged cells of the table count as filled with the same value.
Cells become nodes of the rulebook's own reader, which checks them as it checks criteria.yaml; what
it says is put in the sheet's words.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from evaluator.problems.choices import suggest
from evaluator.problems.errors import Problem, Problems, RulebookError
from evaluator.problems.source import Place
from evaluator.reading.sheet import Cell, Sheet
from evaluator.reading.spreadsheet import read_sheets
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.criteria import Criterion
from evaluator.rulebook.grammar.criteria_file import parse_criteria
from evaluator.rulebook.grammar.names import Names

HEAD = {
    "标准编号": "id",
    "编号": "id",
    "名称": "title",
    "性质": "kind",
    "单位": "unit",
    "起始日期": "from",
    "截止日期": "until",
    "依据": "source",
    "条款": "clause",
    "已核对": "verified",
    "备注": "note",
}
COLUMNS = {
    "标准值": "value",
    "值": "value",
    "单位": "unit",
    "依据": "source",
    "条款": "clause",
    "已核对": "verified",
    "备注": "note",
}
KINDS = {"下限": "floor", "上限": "ceiling", "数值": "value"}
FLAGS = {"是": True, "否": False, "true": True, "false": False}
DEFAULTS = ("默认", "其他", "其余", "-")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
TITLES = {k: t for t, k in reversed((*COLUMNS.items(), *HEAD.items()))}
KEY = re.compile(rf"(?<![A-Za-z_])({'|'.join(TITLES)})(?![A-Za-z_])")


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    node: YScalar


def criteria_from_sheets(name: str, data: bytes, ruleset: Ruleset) -> tuple[Criterion, ...]:
    """Read every visible sheet as a criterion.

    Sources and fields are those of ``ruleset``. Raises RulebookError with every problem at its
    cell, and DossierError where the workbook itself cannot be opened.
    """
    problems = Problems()
    found: list[Criterion] = []
    seen: dict[str, Place] = {}
    sheets = read_sheets(name, data)
    for sheet in sheets:
        if not sheet.visible or not sheet.rows:
            continue
        reader = _Reader(sheet, sheet.merged, ruleset, problems)
        node = reader.read()
        if node is None:
            continue
        key = node.entries[0][0]
        first = seen.setdefault(key.text, key.place)
        if first != key.place:
            reader.report(
                "E102", f"标准编号“{key.text}”重复", key.place, f"第一处在 {first.label()}"
            )
        told = Problems()
        names = Names(ruleset.registry, told, dict(ruleset.sources))
        parse_criteria(node, names)
        problems += [reader.in_words(p) for p in reader.first_causes(told)]
        found += names.criteria.values()
    if problems.wrong():
        raise RulebookError(problems)
    return tuple(found)


class _Reader:
    def __init__(
        self,
        sheet: Sheet,
        merged: Sequence[tuple[int, int, int, int]],
        ruleset: Ruleset,
        problems: Problems,
    ) -> None:
        self.sheet = sheet
        self.merged = merged
        self.ruleset = ruleset
        self.problems = problems
        self.report = problems.report
        self.header = 0
        self.numbers: list[int] = []  # Of the sheet's rows, in the order of the table's.

    def first_causes(self, told: Sequence[Problem]) -> list[Problem]:
        """Without what is said of a cell already, or, with a wrong header, of rows under it."""
        start = f"{self.sheet.name}!"
        said = {p.place.cell for p in self.problems if (p.place.cell or "").startswith(start)}
        fresh = [p for p in told if p.place.cell not in said]
        if self.header not in {_row_of(c) for c in (*said, *(p.place.cell for p in fresh))}:
            return fresh
        return [p for p in fresh if _row_of(p.place.cell) <= self.header]

    def in_words(self, problem: Problem) -> Problem:
        """What the reader of criteria.yaml says, with the sheet's titles and row numbers."""

        def row(match: re.Match[str]) -> str:
            return f"第 {self.numbers[int(match[1]) - 1]} 行"

        def said(text: str) -> str:
            return KEY.sub(lambda m: TITLES[m[1]], text)

        message = said(re.sub(r"第 (\d+) 行", row, problem.message))
        hint = said(problem.hint) if problem.hint else None
        return replace(problem, message=message, hint=hint)

    def read(self) -> YMap | None:
        numbers = sorted(self.sheet.rows)
        top = self.sheet.place(numbers[0], 1)
        header = next((n for n in numbers if self._is_header(self.sheet.rows[n])), None)
        if header is None:
            hint = "照 docs/proofs.md 的样式"
            self.report("E201", "工作表里没有表头：应有一列“标准值”", top, hint)
            return None
        self.header = header
        head = self._head([n for n in numbers if n < header])
        columns = self._columns(self.sheet.rows[header])
        unit = head["unit"].text if "unit" in head else ""
        rows: list[YMap] = []
        for number in sorted(
            {*numbers, *(n for a, _, b, _ in self.merged for n in range(a, b + 1))}
        ):
            cells = self._filled(number) if number > header else {}
            if cells:
                self.numbers.append(number)
                rows.append(self._row(cells, columns, number, unit))
        if not rows:
            at = self.sheet.place(header, 1)
            self.report("E201", "表头下面没有一行标准值", at, "只有一个值的，写一行“默认”")
        key = head.pop("id", None)
        if key is None:
            self.report("E201", "缺少“标准编号”", top)
        if key is None or not rows:
            return None
        self._ordered(head)
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

    def _filled(self, number: int) -> dict[int, Cell]:
        """A row's cells, those of merged ranges with the range's value."""
        row = dict(self.sheet.rows.get(number, {}))
        for first, left, last, right in self.merged:
            cell = self.sheet.rows.get(first, {}).get(left)
            if cell is not None and first <= number <= last:
                for column in range(left, right + 1):
                    row[column] = replace(cell, row=number, column=column)
        return row

    def _ordered(self, head: dict[str, YScalar]) -> None:
        start, end = head.get("from"), head.get("until")
        if start is None or end is None:
            return
        a, b = start.value, end.value
        if isinstance(a, dt.date) and isinstance(b, dt.date) and b < a:
            message = f"截止日期（{end.text}）早于起始日期（{start.text}）"
            self.report("E502", message, end.place, "改正其中一个日期")
            del head["until"]

    def _is_header(self, row: Mapping[int, Cell]) -> bool:
        return any(COLUMNS.get(c.text) == "value" or c.text == "value" for c in row.values())

    def _head(self, numbers: list[int]) -> dict[str, YScalar]:
        out: dict[str, YScalar] = {}
        for number in numbers:
            row = self.sheet.rows[number]
            first, *rest = (row[c] for c in sorted(row))
            key = HEAD.get(first.text, first.text)
            if key not in HEAD.values():
                hint = suggest(first.text, HEAD) or f"可用：{'、'.join(dict.fromkeys(HEAD))}"
                self.report("E204", f"没有“{first.text}”这一项", first.place, hint)
            elif key in out:
                where = f"第一处在 {out[key].place.label()}"
                self.report("E102", f"“{first.text}”重复", first.place, where)
            elif not rest:
                self.report("E201", f"“{first.text}”没有填", first.place)
            else:
                out[key] = self._scalar(rest[0], key)
                for cell in rest[1:]:
                    hint = f"“{first.text}”只取一格"
                    self.report("E204", f"多余的内容“{cell.text}”", cell.place, hint)
        return out

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
        self, row: Mapping[int, Cell], columns: Mapping[int, _Entry], number: int, unit: str
    ) -> YMap:
        entries: list[tuple[str, Node]] = []
        given = [c.text for n, c in row.items() if n in columns and columns[n].key == "unit"]
        for column, cell in sorted(row.items()):
            entry = columns.get(column)
            if entry is None:
                self.report("E204", f"“{cell.text}”所在的列没有表头", cell.place)
            elif entry.key == "value":
                entries.append(("value", self._number(cell, given[0] if given else unit)))
            elif entry.key != "by":
                entries.append((entry.key, self._scalar(cell, entry.key)))
            elif cell.text not in DEFAULTS:
                entries.append((str(entry.node.value), self._words(cell, str(entry.node.value))))
        return _map(entries, self.sheet.place(number, 1))

    def _words(self, cell: Cell, field: str) -> Node:
        """One key or several, separated by 、 or a comma; a bare number is a word too."""
        if cell.fault:
            self.report("E202", cell.fault, cell.place, cell.hint)
        known = self.ruleset.registry.references.get(field)
        codes = {label: code for code, label in known.values.items()} if known else {}
        text = unicodedata.normalize("NFKC", exact_text_of(cell.value))
        words = [w for part in re.split("[、,]", text) if (w := part.strip())]
        nodes = tuple(YScalar(codes.get(w, w), codes.get(w, w), cell.place) for w in words)
        return nodes[0] if len(nodes) == 1 else YList(nodes, cell.place)

    def _number(self, cell: Cell, unit: str) -> YScalar:
        """A value; a number kept as text counts, and so does a percentage where the unit is %."""
        value = cell.value
        if isinstance(value, str) and not cell.fault:
            text = unicodedata.normalize("NFKC", value).strip()
            text = text.removesuffix("%").rstrip() if unit == "%" else text
            value = Decimal(text) if NUMBER.fullmatch(text) else value
        if cell.fault:
            self.report("E202", cell.fault, cell.place, cell.hint)
        elif not isinstance(value, Decimal):
            hint = "只写数字，单位写在“单位”一项或一列里"
            self.report("E202", f"“{cell.text}”不是数", cell.place, hint)
        if not isinstance(value, Decimal):
            return YScalar(0, "0", cell.place)  # Told; what follows from it need not be.
        text = exact_text_of(value)
        whole = value == value.to_integral_value()
        return YScalar(int(value) if whole else value, text, cell.place)

    def _scalar(self, cell: Cell, key: str) -> YScalar:
        value: Any = cell.value
        if cell.fault:
            self.report("E202", cell.fault, cell.place, cell.hint)
        text = exact_text_of(value)
        if key == "kind" and text not in KINDS and text not in KINDS.values():
            self.report("E203", f"性质不能是“{text}”", cell.place, f"可用：{'、'.join(KINDS)}")
            text = value = "value"
        elif key == "kind":
            text = value = KINDS.get(text, text)
        elif key == "verified" and not isinstance(value, bool):
            if text not in FLAGS:
                self.report("E202", f"“已核对”不能是“{text}”", cell.place, "填“是”或“否”")
            value = FLAGS.get(text, False)
        elif key in ("from", "until") and isinstance(value, str):
            value = _date(value) or value
        elif key not in ("from", "until", "verified"):
            value = text
        return YScalar(value, text, cell.place)


def _row_of(cell: str | None) -> int:
    digits = re.search(r"\d+$", cell or "")
    return int(digits[0]) if digits else 0


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
