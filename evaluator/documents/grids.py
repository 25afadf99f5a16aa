"""Values in tables: forms of label and value, and tables with one indicator a row.

A row under a heading of columns ("现有工程 | 本项目 | 扩建后全厂") is read in the column that is the
project's; else labels are paired with the cell behind them. Lists of projects are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from evaluator.documents.cells import NOTHING, read_cell
from evaluator.documents.contexts import Scope
from evaluator.documents.findings import Finding
from evaluator.documents.labels import Label, is_name, label_of, unit_in
from evaluator.documents.layout import Cell, Table
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import cell_passage
from evaluator.documents.pollutants import column_field
from evaluator.documents.prose import read_passage
from evaluator.documents.strings import read_strings
from evaluator.documents.text import folded

_NAME_COLUMN = re.compile(
    "^(?:指标|名称|项目|内容|指标名称|费用名称|污染物|污染因子|污染物名称|类别|科目|工程或费用名称|能源种类|能源名称|种类|要素|事项|填报项|栏目|经济指标|因子|物料名称|序号.*名称|主要指标|指标项)$"
)
_UNIT_COLUMN = re.compile("^(?:计量|金额)?单位")
_SKIPPED = re.compile("^(?:序号|编号|No|备注|说明|附注|填写说明|依据|指标说明)")
_UNIT_NOTE = re.compile(
    r"单位[:：]?(?:除[^:：]{0,12}外)?[，,]?(?:均为)?\s*([^\s()（）。；;，,]{1,6})"
)
_UNIT_LIST = re.compile(r"单位[:：]?\s*([^\s()。;，、]{1,5}(?:、[^\s()。;，、]{1,5})+)")
_UNNOTED = re.compile(r"单位(?:未注明|未标注|不注明)[^，。]{0,4}(?:均为|为)([^\s。；;，]{1,4})")


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns of a part of a table: which hold values, which the unit."""

    texts: tuple[str, ...]
    group: str


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
    for row in table.rows:
        cells = distinct(row)
        found = _heading(words, cells, row, scope)
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
            pairs = _pairs(words, cells, scope)
            if not pairs and above is not None:
                pairs = _from_above(words, above, row, scope)
            for label, cell, unit in pairs:
                part = cell_passage(cell, block, order)
                read += list(read_cell(words, part, label, scope, unit or default))
                handled.add(cell.origin)
        labels = [c for _, c in cells if label_of(words, c.text, scope) is not None]
        # A label at the left may stand for the row: 投资构成（万元） | 总投资 | 固定资产 | 设备.
        grouped = len(labels) == len(cells) - 1 and cells[0][1] not in labels
        headed = len(labels) >= 3 and (len(labels) == len(cells) or grouped)
        above = list(row) if headed and not any(c.isdigit() for c in quote) else None
        for f in read:
            yield replace(f, quote=quote if len(quote) <= 160 else f.quote)
        for _, cell in cells:
            if cell.origin not in used and len(cell.text) >= 6 and not _named(words, cell, scope):
                used.add(cell.origin)
                taken = {f.field for f in read}
                yield from (
                    f for f in _beside(words, cell, block, scope, order) if f.field not in taken
                )


def _named(words: Words, cell: Cell, scope: Scope) -> bool:
    label = label_of(words, cell.text, scope)
    return label is not None and is_name(words, label)


def _beside(words: Words, cell: Cell, block: int, scope: Scope, order: int) -> Iterator[Finding]:
    part = cell_passage(cell, block, order)
    yield from read_passage(words, part, scope)
    if len(cell.text) > 8:
        yield from (f for f in read_strings(words, part, scope) if f.strength > 1)


def _heading(
    words: Words, cells: list[tuple[int, Cell]], row: Sequence[Cell], scope: Scope
) -> Heading | None:
    """The heading that a row is: names of columns, no values."""
    texts = [folded(c.text).replace("\n", "").strip(" :") for _, c in cells]
    if len([t for t in texts if t]) < 3:
        return None
    named = [t for t in texts if _NAME_COLUMN.match(t)]
    columns = [
        t
        for t in texts
        if t
        and (
            (len(t) <= 12 and words.columns["never"].search(t))
            or words.columns["best"].search(t)
            or _UNIT_COLUMN.match(t)
            or _SKIPPED.match(t)
            or column_field(t)
        )
    ]
    if any(re.fullmatch(r"[\d.,%]+", t) or "☑" in t or len(t) > 24 for t in texts):
        return None
    strict = [t for t in texts if (x := label_of(words, t, scope)) and x.fields and not x.key]
    if named and len(columns) >= 1 and len(strict) <= len(texts) // 2:
        group = (
            row[0].text
            if row
            and len(cells) > 2
            and not _NAME_COLUMN.match(texts[0])
            and not _SKIPPED.match(texts[0])
            else ""
        )
        return Heading(tuple(folded(c.text).replace("\n", "") for c in row), group)
    return None


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
        if found is not None and not _UNIT_COLUMN.match(title):
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
        if _UNIT_COLUMN.match(title):
            unit = unit_in(folded(re.split(r"[，,；;（(]", cell.text)[0]))
            remark = cell.text
        elif not _SKIPPED.match(title):
            values.append((i, cell))
    out: list[Finding] = []
    if label.key is not None:
        out = _emitted(words, label, heading, values, block, scope, unit or default, order)
    else:
        chosen = _column(words, heading, values, scope)
        if chosen is not None:
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
        if label.fields:
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
    words: Words, above: list[Cell], row: Sequence[Cell], scope: Scope
) -> list[tuple[Label, Cell, tuple[int, str] | None]]:
    """A row of values under a row of labels."""
    out: list[tuple[Label, Cell, tuple[int, str] | None]] = []
    unit: tuple[int, str] | None = None  # 总投资（万元） | 固定资产投资: said once for its row.
    for head, cell in zip(above, row, strict=True):
        if head.origin == cell.origin:
            unit = unit_note(head.text) or unit
            continue
        label = label_of(words, head.text, scope)
        unit = label.unit or unit if label is not None else unit
        if label is not None and label.fields and cell.text.strip():
            out.append((label, cell, unit))
    return out
