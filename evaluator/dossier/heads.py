"""The header of a table of dossiers: where it stands, and which column holds which field.

The header is looked for: titles may stand above it. Its second row may hold the headings under one
that groups them （"投资（万元）" over 总投资 and 固定资产投资）. What is below it and is no dossier (a
total, a note) is recognised, so that it can be said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluator.dossier.columns import Column, Headings, plain_label
from evaluator.dossier.fields import Field, Registry
from evaluator.dossier.scalars import Path, quoted
from evaluator.problems.source import Place
from evaluator.reading.sheet import Cell, Sheet

IGNORED = ("序号", "备注", "来源", "说明", "source")
HEADER_ROWS = 20
ID = "project_id"
_IDS = frozenset({ID, "项目编号"})
_TOTALS = frozenset({"合计", "总计", "小计", "共计", "累计"})
_NOTE = re.compile(
    r"(注|备注|说明|填表说明|填表人|制表人|制表|填报人|审核人|单位负责人)\s*[:：0-9一二三.、]"
)


@dataclass
class Table:
    """A header and what it says: ``columns`` hold fields, ``others`` were asked for by name; rows
    after ``last`` are data."""

    sheet: Sheet
    first: int
    last: int
    columns: dict[int, Column] = field(default_factory=dict)
    others: dict[int, str] = field(default_factory=dict)

    def lacking(self, registry: Registry) -> list[Field]:
        """Required fields that have no column."""
        held = {column.path for column in self.columns.values()}
        return [f for f in registry.fields.values() if f.required and (f.name,) not in held]

    def covered(self) -> dict[int, dict[int, str]]:
        """By row and column, the range that hides a data cell behind another one."""
        out: dict[int, dict[int, str]] = {}
        for top, left, bottom, right in self.sheet.merged:
            if bottom <= self.last or left not in self.sheet.rows.get(top, {}):
                continue
            anchor = str(self.sheet.place(top, left).cell).rpartition("!")[2]
            for column in self.columns:
                for row in (
                    range(max(top, self.last + 1), bottom + 1) if left <= column <= right else ()
                ):
                    if (row, column) != (top, left) and not self._notes(top):
                        out.setdefault(row, {})[column] = anchor
        return out

    def _notes(self, row: int) -> bool:
        return no_dossier(self.sheet.rows.get(row, {}), self) is not None


def read_table_head(sheet: Sheet, headings: Headings, asked: tuple[str, ...] = ()) -> Table | None:
    """The header of a table, None where it is none. Problems of headings are appended.

    ``asked`` names columns that hold no field but are wanted.
    """
    first = find_header(sheet)
    if first is None:
        return None
    top = sheet.rows[first]
    below = _second_row(sheet, first, headings)
    table = Table(sheet, first, first + 1 if below else first)
    seen: dict[Path, Place] = {}
    group, unit = "", ""
    for number in sorted({*top, *below}):
        if number in top:
            group = top[number].text
            unit = _unit_of(group) if below else ""
        cell = below.get(number) or top[number]
        if cell.text in asked:
            table.others[number] = cell.text
        if cell.text in IGNORED or (cell.text in asked and headings.find(cell.text) is None):
            if headings.unused is not None:
                headings.unused.append(cell.text)
            continue
        column = headings.read(cell.text, cell.place, unit if number in below else "")
        if column is None:
            continue
        # A record as a whole, and one of its keys, hold the same.
        same = next(
            (
                p
                for p in seen
                if p == column.path or (p[0] == column.path[0] and 1 in (len(p), len(column.path)))
            ),
            None,
        )
        if same is not None:
            notes = (("第一处", seen[same]),)
            message = f"列{quoted(cell.text)}有两个"
            headings.report("D108", message, cell.place, "只保留一处", notes)
        else:
            seen[column.path] = cell.place
            table.columns[number] = column
    _strays(table, {*top, *below}, headings)
    return table


def find_header(sheet: Sheet) -> int | None:
    """The row with the heading of the project's number."""
    for number in sorted(sheet.rows)[:HEADER_ROWS]:
        texts = {plain_label(cell.text).partition("(")[0] for cell in sheet.rows[number].values()}
        if texts & _IDS:
            return number
    return None


def is_header(cells: Sequence[str]) -> bool:
    """Whether texts are the cells of a header."""
    return any(plain_label(text).partition("(")[0] in _IDS for text in cells)


def _second_row(sheet: Sheet, first: int, headings: Headings) -> Mapping[int, Cell]:
    """The row below, where all that stands there are headings, and none under the project's number."""
    below = sheet.rows.get(first + 1, {})
    top = sheet.rows[first]
    number = next(n for n, cell in top.items() if _is_id(cell))
    named = [headings.find(cell.text) for cell in below.values()]
    if not below or number in below or not any(named):
        return {}
    unknown = [c for c, found in zip(below.values(), named, strict=True) if found is None]
    return {} if any(cell.text not in IGNORED for cell in unknown) else below


def _is_id(cell: Cell) -> bool:
    return plain_label(cell.text).partition("(")[0] in _IDS


def _unit_of(heading: str) -> str:
    text = plain_label(heading)
    return text[:-1].rpartition("(")[2] if text.endswith(")") and "(" in text else ""


def _strays(table: Table, headed: set[int], headings: Headings) -> None:
    """Cells of data in a column without a heading, one problem for each column."""
    told: set[int] = set()
    for number in sorted(n for n in table.sheet.rows if n > table.last):
        for column in table.sheet.rows[number].keys() - headed - told:
            if no_dossier(table.sheet.rows[number], table):
                continue
            told.add(column)
            place = table.sheet.rows[number][column].place
            headings.report("D119", "这一格所在的列没有表头", place, "写上字段名，或删去这一列")


def no_dossier(cells: Mapping[int, Cell], table: Table) -> str | None:
    """Why a row of data is no dossier, None where it may be one."""
    if not cells:
        return None
    first = "".join(cells[min(cells)].text.split())
    fields = {table.columns[n].path[0] for n in cells if n in table.columns}
    if first in _TOTALS and "submitted_on" not in fields:
        return f"这一行是“{first}”，不是一个项目"
    if len(cells) == 1 and _NOTE.match(first):
        return f"这一行是说明（{quoted(first)}），不是一个项目"
    return None
