"""A table of cells written to every kind of file that can carry it."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import duckdb
import openpyxl
import pyarrow as pa
import xlwt
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.columns import in_unit
from evaluator.reading.cells import CellFault, CellValue
from tests.portfolio.offices import Cell, Heading, Table

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
