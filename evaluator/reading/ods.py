"""Cells of an .ods workbook (OpenDocument 1.3, part 3: tables in 9, formats of numbers in 16.29)."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from functools import partial
from io import BytesIO
from typing import IO
from xml.etree.ElementTree import Element, iterparse

from evaluator.problems.source import SourceText
from evaluator.reading import cells
from evaluator.reading.cells import CellValue
from evaluator.reading.sheet import Bounds, Filling, Range, Sheet

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_NUMBER = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_FORMATS = frozenset(f"{_NUMBER}{n}-style" for n in ("number", "percentage", "currency"))
_LOOK = (
    100  # Cells that a row may repeat before the repetition counts as the empty rest of the row.
)


class _Styles:
    """Number formats of cell styles, as codes; and which table styles hide a table."""

    def __init__(self) -> None:
        self.formats: dict[str, str] = {}
        self.maps: dict[str, str] = {}
        self.data: dict[str, str] = {}
        self.parents: dict[str, str] = {}
        self.hidden: set[str] = set()

    def take(self, element: Element) -> None:
        """Take up a style."""
        name = element.get(f"{_STYLE}name", "")
        if element.tag in _FORMATS:
            self.formats[name] = "".join(map(_code, element))
            for rule in element.iter(f"{_STYLE}map"):
                # How a positive number is shown may stand in a style of its own.
                if re.fullmatch(r"value\(\)>=?0", rule.get(f"{_STYLE}condition", "")):
                    self.maps[name] = rule.get(f"{_STYLE}apply-style-name", "")
        elif element.tag == f"{_STYLE}style":
            if (known := element.get(f"{_STYLE}data-style-name")) is not None:
                self.data[name] = known
            if (parent := element.get(f"{_STYLE}parent-style-name")) is not None:
                self.parents[name] = parent
            for known_properties in element.iter(f"{_STYLE}table-properties"):
                if known_properties.get(f"{_TABLE}display") == "false":
                    self.hidden.add(name)

    def code(self, name: str | None) -> str:
        """The number format of a cell style."""
        for _ in range(20):
            if name is None or name in self.data:
                break
            name = self.parents.get(name)
        data = self.data.get(name or "", "")
        return self.formats.get(self.maps.get(data, data), "General") or "General"


def _code(part: Element) -> str:
    """A part of a number format as ECMA-376 writes it."""
    tag = part.tag.removeprefix(_NUMBER)
    if tag == "text":
        text = part.text or ""
        return "".join("%" if c == "%" else f'"{c}"' for c in text if c != '"')
    if tag == "currency-symbol":
        return f"[${part.text or ''}]"
    if tag == "number":
        if part.find(f"{_NUMBER}embedded-text") is not None:
            return '0"."0'  # A text between digits: refused as such.
        least = int(part.get(f"{_NUMBER}min-integer-digits", "1") or 1)
        places = int(part.get(f"{_NUMBER}decimal-places", "0") or 0)
        factor = float(part.get(f"{_NUMBER}display-factor", "1") or 1)
        code = "0" * least if least > 1 and not places else "0"
        code = "#,##0" if part.get(f"{_NUMBER}grouping") == "true" and least <= 1 else code
        return code + ("." + "0" * places if places else "") + ("," if factor != 1 else "")
    if tag == "scientific-number":
        return "0.00E+00"
    if tag == "fraction":
        return "# ?/?"
    return ""


def read_ods(source: SourceText, data: bytes, bounds: Bounds) -> list[Sheet]:
    """All worksheets. Raises DossierError, or whatever a damaged file makes the parser raise."""
    styles = _Styles()
    out: list[Sheet] = []
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for part in ("styles.xml", "content.xml"):
            if part not in archive.namelist():
                continue
            with archive.open(part) as stream:
                out += _part(stream, styles, source, bounds)
    return out


def _part(stream: IO[bytes], styles: _Styles, source: SourceText, bounds: Bounds) -> list[Sheet]:
    out: list[Sheet] = []
    table: _Table | None = None
    for event, element in iterparse(stream, ("start", "end")):
        if event == "start":
            if element.tag == f"{_TABLE}table" and table is None:
                visible = element.get(f"{_TABLE}style-name") not in styles.hidden
                name = element.get(f"{_TABLE}name", "")
                table = _Table(Filling(source, name, visible, bounds), styles)
        elif element.tag == f"{_TABLE}table-column" and table:
            table.column(element)
        elif element.tag == f"{_TABLE}table-row" and table:
            table.row(element)
            element.clear()
        elif element.tag == f"{_TABLE}table" and table:
            out.append(table.filling.done(tuple(table.merged)))
            table = None
            element.clear()
        elif element.tag.startswith((_STYLE, _NUMBER)) and table is None:
            styles.take(element)
    return out


class _Table:
    """A table while its rows come in."""

    def __init__(self, filling: Filling, styles: _Styles) -> None:
        self.filling = filling
        self.styles = styles
        self.number = 0
        self.defaults: list[str | None] = []
        self.merged: list[Range] = []

    def column(self, element: Element) -> None:
        """The style that cells of a column have unless they name one."""
        times = min(int(element.get(f"{_TABLE}number-columns-repeated", "1")), 2000)
        self.defaults += [element.get(f"{_TABLE}default-cell-style-name")] * times

    def row(self, element: Element) -> None:
        """One row, or as many as it is repeated."""
        times = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
        parts = [
            e for e in element if e.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
        ]
        if not any(_filled(e) for e in parts):
            self.number += times
            return
        for _ in range(times):
            self.number += 1
            self._cells(parts)

    def _cells(self, parts: list[Element]) -> None:
        column = 0
        for part in parts:
            times = int(part.get(f"{_TABLE}number-columns-repeated", "1"))
            if not _filled(part):
                self._span(part, column + 1)
                column += times
                continue
            self.filling.pass_over(times)
            for _ in range(times):
                column += 1
                self._span(part, column)
                if part.tag == f"{_TABLE}table-cell":
                    self.filling.put(self.number, column, partial(self._meaning, part, column))

    def _span(self, part: Element, column: int) -> None:
        down = int(part.get(f"{_TABLE}number-rows-spanned", "1"))
        right = int(part.get(f"{_TABLE}number-columns-spanned", "1"))
        if down > 1 or right > 1:
            self.merged.append((self.number, column, self.number + down - 1, column + right - 1))

    def _meaning(self, part: Element, column: int) -> CellValue | None:
        text = "\n".join("".join(p.itertext()) for p in part.findall(f"{_TEXT}p"))
        kind = part.get(f"{_OFFICE}value-type")
        if part.get(f"{_CALC}value-type") == "error":
            cells.error(text)
        if kind is None:
            if part.get(f"{_TABLE}formula") is not None:
                cells.no_value()
            return None
        if kind in ("float", "percentage", "currency"):
            style = part.get(f"{_TABLE}style-name")
            if style is None and column <= len(self.defaults):
                style = self.defaults[column - 1]
            code = self.styles.code(style)
            if kind == "percentage" and code == "General":
                code = "0%"
            if kind == "currency" and "[$" not in code:
                code = f"[${part.get(f'{_OFFICE}currency', '')}]{code}"
            return cells.number(float(part.get(f"{_OFFICE}value", "nan")), code)
        if kind == "date":
            return cells.day(_moment(part.get(f"{_OFFICE}date-value", "")))
        if kind == "boolean":
            return part.get(f"{_OFFICE}boolean-value") == "true"
        if kind == "time":
            return cells.day(dt.time())
        return cells.meaning(part.get(f"{_OFFICE}string-value", text))


def _moment(text: str) -> dt.date:
    try:
        return dt.datetime.fromisoformat(text) if "T" in text else dt.date.fromisoformat(text)
    except ValueError:
        raise cells.CellFault(f"日期“{text[:40]}”读不出来", "重新填写日期") from None


def _filled(part: Element) -> bool:
    return (
        part.get(f"{_OFFICE}value-type") is not None
        or part.get(f"{_TABLE}formula") is not None
        or part.get(f"{_TABLE}number-rows-spanned") is not None
        or part.get(f"{_TABLE}number-columns-spanned") is not None
    )
