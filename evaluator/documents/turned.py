"""Tables of several projects side by side, a project a column, turned into lists: a project a row."""

from __future__ import annotations

import re
from dataclasses import replace

from evaluator.documents.contexts import Scope
from evaluator.documents.labels import label_of, unit_in
from evaluator.documents.layout import Cell, Table
from evaluator.documents.lexicon import Words
from evaluator.documents.text import folded

_PROJECT = re.compile("^(?:拟?(?:投资|建设|引进|签约)?项目(?:名称)?|名称|项目全称|工程名称)$")
_COLUMN = re.compile(r"^(?:项目|企业|方案)?[一二三四五六七八九十\dA-Z]+$|单位$")


def turned(words: Words, table: Table) -> Table:
    """The table with its columns as rows, where they are projects; else the table itself."""
    if len(table.rows) < 5 or not 3 <= len(table.rows[0]) <= 12:
        return table
    firsts = [folded(row[0].text).strip() for row in table.rows]
    at = next((i for i, t in enumerate(firsts[:4]) if _PROJECT.match(t)), None)
    if at is None:
        return table
    row = table.rows[at]
    units = _units(table)
    names = [
        i
        for i in range(1, len(row))
        if i != units and row[i].text.strip() and label_of(words, row[i].text, Scope()) is None
    ]
    labels = [label_of(words, t, Scope()) for t in firsts[at + 1 :]]
    known = [x for x in labels if x is not None and x.fields]
    apart = len({row[i].origin for i in names}) == len(names) == len({row[i].text for i in names})
    columns = [c for i, c in enumerate(row) if i and i != units and c.text.strip()]
    if (
        len(names) < 2
        or len(names) < len(columns)
        or not apart
        or len(known) < 4
        or len(known) * 2 < len(labels)
    ):
        return table
    above = [
        folded(c.text).strip() for r in table.rows[:at] for c in r[1:] if c.origin != r[0].origin
    ]
    if not all(_COLUMN.search(t) for t in above if t):
        return table
    below = table.rows[at + 1 :]
    head = [replace(row[0], text="项目名称"), *(_with_unit(r, units) for r in below)]
    rows = [tuple(head)]
    for i in names:
        rows.append((row[i], *(r[i] for r in below)))
    return Table(tuple(rows), table.spot)


def _units(table: Table) -> int | None:
    """The column of units, if there is one."""
    for i in range(1, min(3, len(table.rows[0]))):
        texts = [folded(r[i].text).strip() for r in table.rows]
        if any(re.fullmatch("(?:计量)?单位", t) for t in texts) and any(map(unit_in, texts)):
            return i
    return None


def _with_unit(row: tuple[Cell, ...], units: int | None) -> Cell:
    unit = folded(row[units].text).strip() if units is not None else ""
    return replace(row[0], text=f"{row[0].text}（{unit}）") if unit_in(unit) else row[0]
