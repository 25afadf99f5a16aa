"""Cells as an office formats them, and every kind of file that can carry them."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import duckdb
import openpyxl
import pyarrow as pa
import xlwt
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.columns import in_unit
from evaluator.dossier.fields import Field, FieldType, base_registry
from evaluator.engine.columnar.layout import column_of
from evaluator.reading.cells import CellFault, CellValue, meaning
from evaluator.values.units import alternatives

REGISTRY = base_registry()


@dataclass(frozen=True)
class Heading:
    """A column: what stands above it, the field, and the unit that it names; with ``plain`` all its
    cells are of one kind."""

    text: str
    name: str
    unit: str = ""
    plain: bool = False

    @property
    def field(self) -> Field:
        return REGISTRY.references[self.name]


@dataclass(frozen=True)
class Cell:
    """A value as a spreadsheet stores it, and its number format."""

    value: Any
    code: str = "General"

    @property
    def meant(self) -> CellValue | None:
        """What it means. Raises CellFault."""
        return meaning(self.value, self.code if isinstance(self.value, (int, float)) else "General")


@dataclass(frozen=True)
class Table:
    """Rows of cells under their headings."""

    columns: list[Heading]
    rows: list[list[Cell]]

    @property
    def heads(self) -> list[str]:
        return [column.text for column in self.columns]

    def shown(self, row: list[Cell]) -> dict[str, Any]:
        """A row for a message."""
        return {h.text: (c.value, c.code) for h, c in zip(self.columns, row, strict=True)}


FORMATS = (
    "General", "General", "0%", "0.00%", "0.00", "#,##0.00", "0000", '0.0"亿元"', '0"万元"', "0,", "0.00E+00", '0"亩"',
    "_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * \\-??_ ;_ @_ ", '0!.0,"万"', "#,##0,", "#,##0_);(#,##0)", "[DBNum1]0", '"约"0',
    "0.0‰", "[$-804]0", "@", "¥#,##0.00", "[Red]0.0;-0.0", "# ?/?", "[>=100]0;0.0",
)  # fmt: skip
TEXTS = [
    "", "甲", "A-1", "007", "1,200", "22,000", "１２．５", "3.6 亿元", "60%", "88 %", "5 万", "3/5", "24/12", "2024/3",
    "5E4", "1e3", "12.5", "-3", "+7", " 12 ", "1 2", "0.8", "abc", "是", "否", "true", "no", "TRUE", "1", "0",
    "2024-06-03", "2024年6月3日", "2024.6.3", "2024/6/3", "2024-6-31", "2024-09-02T08:30:00+08:00", "2024年06月", "20240603",
    "2024-09-02 08:30:00", "新建", "扩建", "new", "C3985", "c39", "C39", "3562", "356201、356299", "356201,356299", "45446",
    "=1+1", "#A1", "'x", 'say "hi"', "a,b", "两行\n字", "#N/A", "None", "null", "nan", "inf", "1;2", "1亩", "2 公顷",
    "６０％", "88％", "5‰", "千分之五", "1，200", "1,2,3", "1,20", "1.200,5", "￥1,200", "约5", "3-5", "≥3", "12.5万", "1.2E+3",
    "'12", "－3", "−3", "\u200b1", "\u300012\u3000", "\xa012", "1 200", "１，２００", "二十", "1.", ".5", "00012", "0x10", "1_000",
    "是 ", "Y", "√", "有", "TRUE ", "6/3/2024", "2024-6-3", " 2024-06-03", "2024-06-03Z", "二〇二四年六月三日", "2024年6月3号",
    "12345678901234567", "0.1234567", "999999999999.5",
]  # fmt: skip
NUMBERS = [
    0.88,
    1.2,
    4.8,
    0.1 + 0.2,
    0.8 - 1e-16,
    45537.0,
    1e-05,
    0.6,
    12.0,
    7,
    0,
    3.5e17,
    1e15,
    -0.0,
    1e-7,
    999999999999.5,
]


def number(rng: Random) -> Cell:
    """A number, mostly shown as such."""
    kind = rng.random()
    value = (
        rng.randint(-5, 30_000)
        if kind < 0.4
        else rng.choice(NUMBERS)
        if kind < 0.7
        else round(rng.uniform(0, 5000), 3)
    )
    return Cell(value, rng.choice(FORMATS))


def within(rng: Random, field: Field) -> Cell:
    """A number that the field takes, in its own unit."""
    low = max(0, int(field.minimum or 0))
    high = int(field.maximum) if field.maximum is not None else 20_000
    whole = field.type is FieldType.INT or rng.random() < 0.3
    return Cell(rng.randint(low, high) if whole else round(rng.uniform(low, high), 3))


def a_day(rng: Random) -> dt.date:
    day = dt.date(1950, 1, 1) + dt.timedelta(days=rng.randrange(73_000))
    if rng.random() < 0.5:
        return day
    return dt.datetime(day.year, day.month, day.day, rng.randrange(24), rng.randrange(60))


def right(rng: Random, field: Field) -> Cell:
    """A cell that the field mostly takes."""
    if field.numeric:
        if rng.random() < 0.7:
            return within(rng, field)
        return number(rng) if rng.random() < 0.7 else Cell(rng.choice(["1,200", "3.6", "60"]))
    good: dict[FieldType, list[Any]] = {
        FieldType.DATE: [a_day(rng), "2024-06-03", "2024年6月3日"],
        FieldType.BOOL: ["是", "否", True, False],
        FieldType.ENUM: [*field.values, *field.values.values()],
        FieldType.CODES: ["356201、356299", "356201"],
        FieldType.STR: ["C3985"] if field.format else ["甲厂", "东区"],
    }
    return Cell(rng.choice(good[field.type]))


def cell(rng: Random, column: Heading) -> Cell:
    """A cell of a column, right ones more often than others."""
    field = column.field
    if column.plain:
        if rng.random() < 0.1:
            return Cell(None)
        if field.numeric:
            return within(rng, field) if rng.random() < 0.9 else Cell(number(rng).value)
        return Cell(a_day(rng) if field.type is FieldType.DATE else rng.random() < 0.5)
    which = rng.random()
    if which < 0.7:
        return right(rng, field)
    if which < 0.8:
        return Cell(None)
    if which < 0.93:
        return Cell(rng.choice(TEXTS))
    return number(rng) if which < 0.97 else Cell(a_day(rng))


REQUIRED = ("project_id", "project_name", "submitted_on")
OTHERS = [
    n
    for n, f in REGISTRY.references.items()
    if f.type is not FieldType.RECORD and n not in REQUIRED
]


def headings(rng: Random) -> list[Heading]:
    """The columns of an office: what must be there and a few more, in any order."""
    names = [*REQUIRED, *rng.sample(OTHERS, rng.randint(3, 7))]
    rng.shuffle(names)
    return [heading(rng, name) for name in names]


def heading(rng: Random, name: str) -> Heading:
    """A column headed by name or label, with a unit or a mark of required, or without."""
    field = REGISTRY.references[name]
    record, _, key = name.partition(".")
    label = (
        field.label if not key else f"{REGISTRY.fields[record].label}（{key_label(record, key)}）"
    )
    plain = rng.random() < 0.3 and field.type in (*NUMERIC, FieldType.DATE, FieldType.BOOL)
    plain = plain and name not in REQUIRED
    unit = ""
    if field.unit is not None and field.unit.name != "1" and not key and rng.random() < 0.5:
        unit = rng.choice([*alternatives(field.unit), field.unit.name])
        return Heading(f"{rng.choice([field.label, name])}（{unit}）", name, unit, plain)
    texts = [label, name, f"{label}*", f" {label}"]
    return Heading(rng.choice([*texts, column_of(name)] if key else texts), name, unit, plain)


def key_label(record: str, key: str) -> str:
    return REGISTRY.fields[record].keys[key]


NUMERIC = (FieldType.INT, FieldType.DECIMAL)


def tables(seed: int, count: int) -> Table:
    """``count`` tables of a row or two under the same headings, below each other."""
    rng = Random(seed)
    columns = headings(rng)
    rows = []
    for _ in range(count):
        for _ in range(1 if rng.random() < 0.8 else 2):
            row = [cell(rng, column) for column in columns]
            for n, column in enumerate(columns):
                # What must be there mostly is.
                if column.name in REQUIRED and rng.random() < 0.9:
                    row[n] = Cell({"project_id": "P", "project_name": "甲"}.get(column.name, DAY))
            rows.append(row)
    return Table(columns, rows)


DAY = dt.date(2024, 6, 3)


# --- spreadsheets --------------------------------------------------------------------------------


def as_xlsx(path: Path, table: Table) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(table.heads)
    for number, row in enumerate(table.rows, 2):
        for column, cell in enumerate(row, 1):
            if cell.value is None or cell.value == "":
                continue
            made = sheet.cell(number, column)
            made.value = cell.value
            if isinstance(cell.value, str):
                made.data_type = "s"
            elif isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool):
                made.number_format = cell.code
    book.save(path)


def as_xls(path: Path, table: Table) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("一批")
    styles: dict[str, Any] = {}
    for column, heading in enumerate(table.heads):
        sheet.write(0, column, heading)
    for number, row in enumerate(table.rows, 1):
        for column, cell in enumerate(row):
            value, code = cell.value, cell.code
            if value is None or value == "":
                continue
            if isinstance(value, dt.datetime):
                code = "yyyy-mm-dd hh:mm:ss"
            elif isinstance(value, dt.date):
                code = "yyyy-mm-dd"
            elif isinstance(value, (str, bool)):
                code = "General"
            style = styles.setdefault(code, xlwt.easyxf(num_format_str=code))
            sheet.write(number, column, value, style)
    book.save(str(path))


_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in (
        ("office", "office"),
        ("table", "table"),
        ("text", "text"),
        ("style", "style"),
        ("number", "datastyle"),
    )
)
_ODS = {
    "0%": '<number:percentage-style style:name="N{n}"><number:number number:decimal-places="0" number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>',
    "0.00%": '<number:percentage-style style:name="N{n}"><number:number number:decimal-places="2" number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>',
    "0.00": '<number:number-style style:name="N{n}"><number:number number:decimal-places="2" number:min-integer-digits="1"/></number:number-style>',
    "#,##0.00": '<number:number-style style:name="N{n}"><number:number number:decimal-places="2" number:min-integer-digits="1" number:grouping="true"/></number:number-style>',
    "0000": '<number:number-style style:name="N{n}"><number:number number:decimal-places="0" number:min-integer-digits="4"/></number:number-style>',
    '0.0"亿元"': '<number:number-style style:name="N{n}"><number:number number:decimal-places="1" number:min-integer-digits="1"/><number:text>亿元</number:text></number:number-style>',
    '0"万元"': '<number:number-style style:name="N{n}"><number:number number:decimal-places="0" number:min-integer-digits="1"/><number:text>万元</number:text></number:number-style>',
    '0"亩"': '<number:number-style style:name="N{n}"><number:number number:decimal-places="0" number:min-integer-digits="1"/><number:text>亩</number:text></number:number-style>',
    "0,": '<number:number-style style:name="N{n}"><number:number number:decimal-places="0" number:min-integer-digits="1" number:display-factor="1000"/></number:number-style>',
    "0.00E+00": '<number:number-style style:name="N{n}"><number:scientific-number number:decimal-places="2" number:min-integer-digits="1" number:min-exponent-digits="2"/></number:number-style>',
}


def as_ods(path: Path, table: Table) -> None:
    codes = list(_ODS)
    styles = "".join(
        _ODS[code].format(n=n)
        + f'<style:style style:name="c{n}" style:family="table-cell" style:data-style-name="N{n}"/>'
        for n, code in enumerate(codes)
    )
    body = []
    for row in [[Cell(h) for h in table.heads], *table.rows]:
        body.append(
            f"<table:table-row>{''.join(_ods_cell(c, codes) for c in row)}</table:table-row>"
        )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMES}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="一批">{"".join(body)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)


def _ods_cell(cell: Cell, codes: list[str]) -> str:
    if cell.code not in ("General", *codes):
        cell = Cell(told(cell))
    value = cell.value
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, bool):
        held = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, (int, float, Decimal)):
        kind = "percentage" if cell.code.endswith("%") else "float"
        held = f'office:value-type="{kind}" office:value="{value}"'
        if cell.code in codes:
            held += f' table:style-name="c{codes.index(cell.code)}"'
    elif isinstance(value, dt.date):
        held = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    else:
        text = "".join(f"<text:p>{escape(line)}</text:p>" for line in value.split("\n"))
        return f'<table:table-cell office:value-type="string" office:string-value={quoteattr(value)}>{text}</table:table-cell>'
    return f"<table:table-cell {held}><text:p>.</text:p></table:table-cell>"


# --- what is no spreadsheet ----------------------------------------------------------------------


def told(cell: Cell) -> CellValue | None:
    """What is written where there are no number formats; a fault as a text that is refused as well."""
    try:
        return cell.meant
    except CellFault:
        return "#N/A!"


def as_text(cell: Cell) -> str:
    meant = told(cell)
    if isinstance(meant, bool):
        return "true" if meant else "false"
    return "" if meant is None else f"{meant:f}" if isinstance(meant, Decimal) else str(meant)


def csv_with(encoding: str, end: str, delimiter: str = ",") -> Callable[[Path, Table], None]:
    def write(path: Path, table: Table) -> None:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
            writer.writerow(table.heads)
            writer.writerows([as_text(c) for c in row] for row in table.rows)

    return write


def as_data(columns: list[Heading], row: list[Cell]) -> dict[str, Any]:
    """A row as the fields of a JSON dossier."""
    out: dict[str, Any] = {}
    for cell, column in zip(row, columns, strict=True):
        meant = told(cell)
        if meant is None:
            continue
        value = in_unit(meant, column.unit, column.field)
        record, _, key = column.name.partition(".")
        if key:
            out.setdefault(record, []).append({"key": key, "value": value})
        else:
            out[record] = value
    return out


class _Number(float):
    """A Decimal that JSON writes with all its digits."""

    def __new__(cls, value: Decimal) -> _Number:
        made = super().__new__(cls, value)
        made.text = f"{value:f}"  # type: ignore[attr-defined]
        return made

    def __repr__(self) -> str:
        return str(self.text)  # type: ignore[attr-defined]


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else _Number(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {k: _json(v) for k, v in value.items()}
    return [_json(v) for v in value] if isinstance(value, list) else value


def as_json(columns: list[Heading], row: list[Cell]) -> str:
    return json.dumps(_json(as_data(columns, row)), ensure_ascii=False)


def as_lines(path: Path, table: Table) -> None:
    lines = [as_json(table.columns, row) for row in table.rows]
    path.write_text("\n".join(lines), "utf-8")


def as_sqlite(path: Path, table: Table) -> None:
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.execute(f"CREATE TABLE d ({', '.join(f'[{h}]' for h in table.heads)})")
    marks = ",".join("?" * len(table.columns))
    for row in table.rows:
        db.execute(f"INSERT INTO d VALUES ({marks})", [_stored(c) for c in row])
    db.commit()
    db.close()


def _stored(cell: Cell) -> Any:
    """As SQLite keeps it: a number as it is where its format adds nothing."""
    meant = told(cell)
    if isinstance(meant, Decimal):
        return cell.value
    return meant.isoformat() if isinstance(meant, dt.date) else as_text(cell) or None


def typed_columns(table: Table) -> list[pa.Array]:
    """Each column in a type of its own where all its cells have one, else as texts."""
    arrays = []
    for column in zip(*table.rows, strict=True):
        meant = [told(c) for c in column]
        kinds = {type(m) for m in meant if m is not None}
        if kinds == {Decimal}:
            values = [
                None if m is None else float(c.value) for m, c in zip(meant, column, strict=True)
            ]
            arrays.append(pa.array(values, pa.float64()))
        elif kinds == {dt.date}:
            arrays.append(pa.array(meant, pa.date32()))
        elif kinds == {bool}:
            arrays.append(pa.array(meant, pa.bool_()))
        else:
            arrays.append(pa.array([as_text(c) or None for c in column], pa.string()))
    return arrays


def as_parquet(path: Path, table: Table) -> None:
    arrays = typed_columns(table)
    made = pa.table(arrays, names=table.heads)
    with duckdb.connect() as db:
        db.register("made", made)
        db.execute(f"COPY (SELECT * FROM made) TO '{path}' (FORMAT parquet)")


WRITERS: dict[str, Callable[[Path, Table], None]] = {
    "a.xlsx": as_xlsx,
    "a.xls": as_xls,
    "a.ods": as_ods,
    "a.csv": csv_with("utf-8", "\r\n"),
    "bom.csv": csv_with("utf-8-sig", "\n"),
    "gbk.csv": csv_with("gb18030", "\r\n"),
    "semicolon.csv": csv_with("utf-8", "\n", ";"),
    "a.tsv": csv_with("utf-8", "\n", "\t"),
    "a.jsonl": as_lines,
    "a.sqlite": as_sqlite,
    "a.parquet": as_parquet,
}
