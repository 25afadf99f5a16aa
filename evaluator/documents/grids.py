"""Values in tables: forms of label and value, and tables with one indicator a row.

A row under a heading of columns ("现有工程 | 本项目 | 扩建后全厂") is read in the column that is the
project's; else labels are paired with the cell behind them. Lists of projects are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from evaluator.documents.cells import NOTHING, read_cell
from evaluator.documents.choices import granted, inline, option_of
from evaluator.documents.contexts import Scope
from evaluator.documents.findings import Finding
from evaluator.documents.headings import SKIPPED, UNIT_COLUMN, Heading, heading_of
from evaluator.documents.labels import Label, is_name, label_of, unit_in
from evaluator.documents.layout import Cell, Table
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import cell_passage
from evaluator.documents.pollutants import column_field
from evaluator.documents.prose import read_passage
from evaluator.documents.strings import read_strings
from evaluator.documents.text import folded

_BARE = re.compile(r"[\d,]+(?:\.\d+)?")
_UNIT_NOTE = re.compile(
    r"单位[:：]?(?:除[^:：]{0,12}外)?[，,]?(?:均为)?\s*([^\s()（）。；;，,]{1,6})"
)
_UNIT_LIST = re.compile(r"单位[:：]?\s*([^\s()。;，、]{1,5}(?:、[^\s()。;，、]{1,5})+)")
_UNNOTED = re.compile(r"单位(?:未注明|未标注|不注明)[^，。]{0,4}(?:均为|为)([^\s。；;，]{1,4})")


def unit_note(text: str) -> tuple[int, str] | None:
    """The unit that a note gives for what follows: "单位：万元", "除注明外均为万元", "（t/a）"."""
    plain = folded(text)
    last = re.search(r"\(([^()]{1,8})\)$", plain)
    if last and len(plain) <= 40:
        found = unit_in(last[1])
        if found is not None:
            return found
    several = _UNIT_LIST.search(plain)
    if several and all(unit_in(part) for part in several[1].split("、")):
        return 1, several[1]
    for pattern in (_UNNOTED, _UNIT_NOTE):
        for match in pattern.finditer(plain):
            found = unit_in(match[1])
            if found is not None:
                return found
    return None


def distinct(row: Sequence[Cell]) -> list[tuple[int, Cell]]:
    """The cells of a row with their columns, merged ones once."""
    out: list[tuple[int, Cell]] = []
    seen: set[int] = set()
    for i, cell in enumerate(row):
        if cell.origin not in seen:
            seen.add(cell.origin)
            out.append((i, cell))
    return out


def read_grid(
    words: Words,
    table: Table,
    block: int,
    scope: Scope,
    default: tuple[int, str] | None,
    first: int,
) -> Iterator[Finding]:
    """What a table says of one project."""
    order = first
    heading: Heading | None = None
    above: list[Cell] | None = None
    used: set[int] = set()
    group = ""
    for number, row in enumerate(table.rows):
        cells = distinct(row)
        groups = _groups(table, number)
        group = folded(row[0].text) if groups else ""
        found = heading_of(words, cells, row, scope)
        if found is not None:
            heading, above = found, None
            continue
        if heading is not None and row and heading.group and row[0].text != heading.group:
            heading = None
        order += 1
        quote = " ".join(" ".join(c.text.split()) for _, c in cells if c.text.strip())
        read: list[Finding] = []
        handled: set[int] = set()
        if heading is not None:
            read, handled = _by_column(words, row, heading, block, scope, default, order)
        if not handled:
            inner = cells[groups:]
            pairs = _pairs(words, inner, scope)
            if not pairs and above is not None:
                pairs = _from_above(words, above, row, scope, group)
            for label, cell, unit in pairs:
                part = cell_passage(cell, block, order)
                read += list(read_cell(words, part, label, scope, unit or default))
                handled.add(cell.origin)
        labels = [c for _, c in cells[groups:] if _label(words, c.text, scope, group) is not None]
        # A label at the left may stand for the row: 投资构成（万元） | 总投资 | 固定资产 | 设备.
        grouped = not groups and len(labels) == len(cells) - 1 and cells[0][1] not in labels
        headed = len(labels) >= 3 and (len(labels) == len(cells) - groups or grouped)
        bare = re.sub(r"[(（].*?[)）]", "", quote)
        above = list(row) if headed and not any(c.isdigit() for c in bare) else None
        for f in granted(words, cells, block, order, handled):
            read.append(f)
        for f in read:
            yield replace(f, quote=quote if len(quote) <= 160 else f.quote)
        for _, cell in cells:
            if cell.origin in handled and option_of(words, cell.text):
                continue
            if cell.origin not in used and len(cell.text) >= 6 and not _named(words, cell, scope):
                used.add(cell.origin)
                taken = {f.field for f in read}
                yield from (
                    f for f in _beside(words, cell, block, scope, order) if f.field not in taken
                )


def _groups(table: Table, number: int) -> int:
    """How many cells at the left only head a group of rows: 一、项目情况 beside several labels."""
    row = table.rows[number]
    cells = distinct(row)
    if len(cells) < 3 or not cells[0][1].text.strip():
        return 0
    (_, first), (beside, second) = cells[:2]
    for other in (number - 1, number + 1):
        if not 0 <= other < len(table.rows):
            continue
        there = table.rows[other]
        # In a PDF a merged cell is only told by its text, said again.
        merged = there[0].origin == first.origin or there[0].text == first.text
        apart = there[beside].origin != second.origin and there[beside].text != second.text
        if merged and apart and len(distinct(there)) > 1:
            return 1
    return 0


def _label(words: Words, text: str, scope: Scope, group: str) -> Label | None:
    """The label that a cell is, by itself or with its group: 投资 | 总额."""
    found = label_of(words, text, scope)
    if group and (found is None or not found.fields) and len(folded(text)) <= 6:
        lead = re.sub(r"\(.*?\)|^[一二三四五六七八九十\d]+[、.]|及.*|情况|构成", "", group)
        joined = label_of(words, lead + text, scope)
        return joined if joined is not None and joined.fields else found
    return found


def _named(words: Words, cell: Cell, scope: Scope) -> bool:
    label = label_of(words, cell.text, scope)
    return label is not None and is_name(words, label)


def _beside(words: Words, cell: Cell, block: int, scope: Scope, order: int) -> Iterator[Finding]:
    part = cell_passage(cell, block, order)
    yield from inline(words, part, scope)
    yield from read_passage(words, part, scope)
    if len(cell.text) > 8:
        yield from (f for f in read_strings(words, part, scope) if f.strength > 1)


def _by_column(
    words: Words,
    row: Sequence[Cell],
    heading: Heading,
    block: int,
    scope: Scope,
    default: tuple[int, str] | None,
    order: int,
) -> tuple[list[Finding], set[int]]:
    label: Label | None = None
    column = 0
    for i, cell in distinct(row):
        found = label_of(words, cell.text, scope)
        title = heading.texts[i]
        if label is not None and words.columns["best"].search(title):
            break
        if found is not None and not UNIT_COLUMN.match(title):
            label, column = found, i  # Of labels side by side the last is the row's own.
        elif label is not None:
            break
    if label is None:
        return [], set()
    values: list[tuple[int, Cell]] = []
    unit: tuple[int, str] | None = None
    remark = ""
    for i, cell in distinct(row):
        title = heading.texts[i]
        if i <= column or cell.origin == row[column].origin:
            continue
        if UNIT_COLUMN.match(title):
            unit = unit_in(folded(re.split(r"[，,；;（(]", cell.text)[0]))
            remark = cell.text
        elif not SKIPPED.match(title):
            values.append((i, cell))
    out: list[Finding] = []
    if label.key is not None:
        out = _emitted(words, label, heading, values, block, scope, unit or default, order)
        chosen = _column(words, heading, values, scope) if "排放" in label.text else None
        if chosen is not None and not out:
            part = cell_passage(chosen, block, order)
            out = list(read_cell(words, part, label, scope, unit or default))
    else:
        chosen = _column(words, heading, values, scope)
        if chosen is not None:
            at = next(i for i, c in values if c is chosen)
            bracket = re.search(r"\(([^()]*)\)", heading.texts[at])
            unit = unit or (unit_in(bracket[1]) if bracket else None)
            part = cell_passage(chosen, block, order)
            out = list(read_cell(words, part, label, scope, unit or default))
            out = _with_remark(out, remark)
    return out, {c.origin for _, c in values} | {row[column].origin}


def _with_remark(found: list[Finding], remark: str) -> list[Finding]:
    """A remark that speaks against taking the value: "不是…", "非…"."""
    if re.search("作废|不含本项目|仅供参考|去年|上年", remark):
        return [replace(f, sure=False, note=f"备注：{remark}") for f in found]
    return found


def _column(
    words: Words, heading: Heading, values: list[tuple[int, Cell]], scope: Scope
) -> Cell | None:
    """The cell of the project's own column; None where it cannot be told."""
    usable = []
    for i, cell in values:
        never = words.columns["never"].search(heading.texts[i])
        if (
            never
            and not (scope.phase and scope.phase in heading.texts[i])
            and not re.search("本项目|本期|本次", heading.texts[i])
        ):
            continue
        usable.append((i, cell))
    filled = [(i, c) for i, c in usable if folded(c.text).strip() not in NOTHING]
    for pattern in ("本项目|本期|本次|达产", None):
        best = [
            c
            for i, c in filled
            if (
                re.search(pattern, heading.texts[i])
                if pattern
                else words.columns["best"].search(heading.texts[i])
            )
        ]
        if len(best) == 1:
            return best[0]
        if len(best) > 1:
            return best[0] if len({c.text for c in best}) == 1 else None
    return filled[0][1] if len({c.text for _, c in filled}) == 1 else None


def _emitted(
    words: Words,
    label: Label,
    heading: Heading,
    values: list[tuple[int, Cell]],
    block: int,
    scope: Scope,
    default: tuple[int, str] | None,
    order: int,
) -> list[Finding]:
    out: list[Finding] = []
    for i, cell in values:
        name = column_field(heading.texts[i])
        if name is None or name not in words.registry.fields:
            continue
        own = re.search(
            "本项目|本期|本次|二期" if scope.phase else "本项目|本期|本次", heading.texts[i]
        )
        rival = any(column_field(heading.texts[j]) == name and j != i for j, _ in values)
        if rival and not own:
            continue
        unit = default
        inner = re.search(r"\(([^()]*)\)", heading.texts[i])
        if inner:
            unit = unit_in(inner[1]) or unit
        part = cell_passage(cell, block, order)
        out += read_cell(words, part, Label(label.text, (f"{name}.{label.key}",)), scope, unit)
    return out


def _pairs(
    words: Words, cells: list[tuple[int, Cell]], scope: Scope
) -> list[tuple[Label, Cell, tuple[int, str] | None]]:
    """Each label with the cell behind it, and the unit in the cell behind that."""
    out: list[tuple[Label, Cell, tuple[int, str] | None]] = []
    i = 0
    listed = [c for _, c in cells]
    while i + 1 < len(listed):
        label = label_of(words, listed[i].text, scope)
        if label is None:
            i += 1
            continue
        following = listed[i + 1]
        other = label_of(words, following.text, scope)
        if other is not None and not _may_be_value(words, label, following.text):
            i += 1
            continue
        unit = None
        if i + 2 < len(listed):
            unit = unit_in(folded(re.split(r"[，,；;（(]", listed[i + 2].text)[0]))
        row = [c.text for c in listed[i + 1 : i + 4]]
        rivals = len(row) > 2 and all(_BARE.fullmatch(folded(r).strip()) for r in row)
        if label.fields and not rivals:
            out.append((label, following, unit))
        i += 3 if unit is not None else 2
    return out


def _may_be_value(words: Words, label: Label, text: str) -> bool:
    """Whether a text that is a label too is an option of the field: "登记表" beside 环评类别."""
    said = folded(text).strip()
    for name in label.fields:
        field = words.field(name)
        options = words.lexicon(name).options
        if said in {folded(v) for v in field.values.values()} or any(
            said == folded(o) for named in options.values() for o in named
        ):
            return True
    return not label.fields


def _from_above(
    words: Words, above: list[Cell], row: Sequence[Cell], scope: Scope, group: str
) -> list[tuple[Label, Cell, tuple[int, str] | None]]:
    """A row of values under a row of labels."""
    out: list[tuple[Label, Cell, tuple[int, str] | None]] = []
    unit: tuple[int, str] | None = None  # 总投资（万元） | 固定资产投资: said once for its row.
    for head, cell in zip(above, row, strict=True):
        if head.origin == cell.origin:
            unit = unit_note(head.text) or unit
            continue
        label = _label(words, head.text, scope, group)
        unit = label.unit or unit if label is not None else unit
        if label is not None and label.fields and cell.text.strip():
            out.append((label, cell, unit))
    return out
