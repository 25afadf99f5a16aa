"""Lists of projects: one row a project, under one or two rows of headings.

Rows of totals are no project. A remark that speaks of a figure of its row takes away its sureness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from evaluator.documents.cells import NOTHING, read_cell
from evaluator.documents.contexts import Scope, phase_of
from evaluator.documents.findings import LABEL, Finding
from evaluator.documents.grids import distinct
from evaluator.documents.labels import Label, is_name, label_of, unit_in
from evaluator.documents.layout import Cell, Table
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import Passage, cell_passage
from evaluator.documents.prose import read_passage
from evaluator.documents.strings import clean_name, labelled
from evaluator.documents.text import folded

_TOTAL = re.compile("^(?:合计|小计|总计|共计|累计|全部|平均)")
_PROJECT = re.compile(
    r"^(?:拟?(?:投资|建设|引进|签约|落户|在谈)?项目(?:名称|全称|名|简称)?|工程名称)(?:[及和与(/、].{1,12})?$"
)
# 某某项目（投资方：某某公司）: what is behind the name in its cell is read by itself.
_NAMED_WITH = re.compile(
    r"[(（\n]\s*(?:投资|建设|实施|承办|项目|企业)[^:：()（）\n]{0,6}[:：].*$", re.S
)
HEADS = 6


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds."""

    label: Label | None
    text: str
    never: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One project of a list."""

    name: str
    findings: tuple[Finding, ...]


def _column(words: Words, head: list[str], scope: Scope) -> Column:
    parts = [t for t in dict.fromkeys(head) if t]
    joined = "".join(parts)
    never = words.columns["never"].search(joined) is not None and not re.search("占地|其中", joined)
    label = None
    last = parts[-1] if parts else ""
    tried = [last]
    if len(parts) > 1:
        tried += [joined, last + parts[0], parts[0] + last]
    for text in tried:
        found = label_of(words, text, scope)
        if found is not None and (found.fields or label is None):
            label = found
            if found.fields:
                break
    if label is not None and label.unit is None:
        units = [u for t in parts for u in map(unit_in, re.findall(r"\(([^()]*)\)", t)) if u]
        label = replace(label, unit=units[0] if units else None)
    named = label is not None and bool(label.fields) and is_name(words, label)
    if named and not words.columns["never"].search("".join(parts[:-1])):
        never = never and not re.search(
            "比例|占比|比重|标准$", last
        )  # 办公生活用地比例 is a field.
    return Column(label, joined, never)


def _with_units(columns: list[Column]) -> list[Column]:
    """其中固投 behind 总投资（亿元） is in its unit."""
    out: list[Column] = []
    for column in columns:
        label, before = column.label, out[-1].label if out else None
        part = column.text.startswith("其中")
        if part and label is not None and before is not None and label.unit is None:
            column = replace(column, label=replace(label, unit=before.unit))
        out.append(column)
    return out


def find_list(words: Words, table: Table, scope: Scope) -> tuple[int, list[Column], int] | None:
    """How many rows of headings a list of projects has, its columns, and which of them names the
    project; None where it is none."""
    for number, row in enumerate(table.rows[:HEADS]):
        texts = [folded(c.text).replace("\n", "").strip() for c in row]
        if len(distinct(row)) < 3 or not any(_PROJECT.match(t) for t in texts):
            continue
        height = 1
        if number + 1 < len(table.rows):
            below = table.rows[number + 1]
            same = sum(a.origin == b.origin for a, b in zip(row, below, strict=True))
            spread = len(distinct(row)) < len(row)
            blank = all(
                not b.text.strip() or a.origin == b.origin or not re.search(r"\d", b.text)
                for a, b in zip(row, below, strict=True)
            )
            if (same or (spread and blank)) and blank:
                height = 2
        heads = [
            [
                folded(table.rows[number + h][i].text).replace("\n", "").strip()
                for h in range(height)
            ]
            for i in range(len(row))
        ]
        columns = _with_units([_column(words, h, scope) for h in heads])
        known = [c for c in columns if c.label is not None or (c.never and len(c.text) <= 10)]
        at = next(i for i, t in enumerate(texts) if _PROJECT.match(t))
        beside = columns[at + 1 : at + 2]
        if texts[0] != "序号" and not all(c in known for c in beside):
            continue  # A form: beside 项目名称 stands the name.
        body = table.rows[number + height :]
        first = [folded(r[0].text).strip() for r in body]
        numbered = texts[0] in ("序号", "序", "编号") and at > 0 and first[:2] == ["1", "2"]
        few = len({c.text for c in known}) < 3 or len(known) * 10 < len(columns) * 5
        if few and not numbered:
            continue
        if sum(_of_labels(words, r, scope) for r in body) > 1:
            continue  # A form with rows of labels over rows of values.
        if any(r[at].text.strip() and label_of(words, r[at].text, scope) is None for r in body):
            return number + height, columns, at
    return None


def _of_labels(words: Words, row: tuple[Cell, ...], scope: Scope) -> bool:
    """Whether a row is made of names of fields."""
    texts = [c.text for _, c in distinct(row) if c.text.strip()]
    labels = [t for t in texts if (x := label_of(words, t, scope)) is not None and x.fields]
    return len(labels) >= 3 and len(labels) * 2 > len(texts)


def read_list(
    words: Words,
    table: Table,
    found: tuple[int, list[Column], int],
    block: int,
    default: tuple[int, str] | None,
) -> Iterator[Listed]:
    """Each project with what its row says."""
    start, columns, at = found
    for order, row in enumerate(table.rows[start:]):
        name = clean_name("project_name", _NAMED_WITH.sub("", row[at].text))
        if name is None or any(_TOTAL.match(folded(c.text).strip()) for c in row[: at + 2]):
            continue
        yield Listed(name[0], tuple(_row(words, row, columns, at, block, default, order)))


def _row(
    words: Words,
    row: tuple[Cell, ...],
    columns: list[Column],
    at: int,
    block: int,
    default: tuple[int, str] | None,
    order: int,
) -> Iterator[Finding]:
    scope = Scope(phase_of(row[at].text))
    seen: set[int] = set()
    found: list[Finding] = []
    remarks: list[str] = []
    for cell, column in zip(row, columns, strict=True):
        text = folded(cell.text).strip()
        if cell.origin in seen or text in NOTHING or (column.never and "备注" not in column.text):
            continue
        seen.add(cell.origin)
        part = cell_passage(cell, block, order)
        read: list[Finding] = []
        if cell is row[at] and _NAMED_WITH.search(cell.text):
            found += [
                replace(f, strength=LABEL)
                for f in labelled(words, part)
                if f.field != "project_name"
            ]
        if column.label is not None and column.label.fields and not column.never:
            read = list(read_cell(words, part, column.label, scope, default))
        if not re.fullmatch(r"[\d.,%]+", text):
            if re.search("用地|土地|占地", column.text):
                label = Label(column.text, ("land_area",))
                read += [f for f in read_cell(words, part, label, scope, None) if f.sure]
            taken = {f.field for f in read}
            read += [f for f in _said(words, part, scope) if f.field not in taken]
            if re.search("备注|说明|情况|内容|概况", column.text):
                remarks.append(text)
        found += [replace(f, quote=" ".join(cell.text.split())) for f in read]
    yield from _sobered(words, found, remarks)


def _said(words: Words, part: Passage, scope: Scope) -> Iterator[Finding]:
    """What a cell of words says by itself: "租赁厂房2000㎡", "不新增"."""
    yield from read_passage(words, part, scope)
    text = part.plain.text
    if len(text) <= 12:
        label = Label(text, ("land_use_mode",))
        if "land_use_mode" in words.registry.fields:
            yield from read_cell(words, part, label, scope, None)


def _sobered(words: Words, found: list[Finding], remarks: list[str]) -> Iterator[Finding]:
    rented = {f.value for f in found if f.field == "plant_area"}
    for f in found:
        if f.field == "floor_area" and f.value in rented:
            continue
        doubt = next(
            (
                r
                for r in remarks
                for t in words.terms(r)
                if f.field in t.fields and words.contexts["part"].search(r) and f.strength == LABEL
            ),
            None,
        )
        yield replace(f, sure=False, note=f"备注：{doubt}") if doubt else f
