"""Headings of a spreadsheet: which field a column or row holds, and in which unit it is shown.

Also what is collected of one dossier while its cells are read. Knows no sheet layout.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from evaluator.dossier.fields import Field, FieldType, Registry, unknown_field
from evaluator.dossier.scalars import Path, quoted
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.reading.sheet import Cell
from evaluator.values.units import UnitError, conversion, split_quantity


@dataclass
class Row:
    """Raw data of one dossier and the place of each part, filled while its cells are read.

    ``problems`` are of its cells; ``number`` is the row of its sheet, of a form the row of its head;
    ``others`` holds the cells of columns that were asked for by name and hold no field. A ``void`` row
    is no dossier, as its problem says.
    """

    start: Place
    number: int = 0
    raw: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    others: dict[str, Cell] = field(default_factory=dict)
    void: bool = False

    def put(self, path: Path, value: Any, place: Place) -> None:
        """Set a field, or append an entry to a record at (record, key)."""
        if len(path) == 1:
            self.raw[str(path[0])] = value
        else:
            entries = self.raw.setdefault(str(path[0]), [])
            path = (path[0], len(entries))
            entries.append(value)
        self.places[path] = place

    def place(self, path: Path) -> Place:
        """The cell of the longest known part of ``path``."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return self.start


def plain_label(text: str) -> str:
    """A heading for comparison: narrow brackets, no blanks, no mark of required."""
    narrow = text.translate({0xFF08: "(", 0xFF09: ")", 0xFF0A: "*"})
    return "".join(narrow.split()).strip("*")


@dataclass(frozen=True, slots=True)
class Column:
    """What a column, or a row of a form, holds: a field or one key of a record; the unit shown."""

    path: Path
    field: Field
    unit: str = ""

    def label(self) -> str:
        """Label and name, as in every message about the field."""
        return f"{self.field.label}（{'.'.join(map(str, self.path))}）"

    def put(self, row: Row, cell: Cell | None, place: Place) -> None:
        """Take one cell into the dossier; where a required field is empty, its place is kept."""
        if cell is None and not self.field.required:
            return
        if cell is None or cell.fault:
            if cell is not None:
                said = f"{self.label()}：{cell.fault}"
                row.problems.report("D120", said, cell.place, cell.hint)
            if len(self.path) == 1:
                row.put(self.path, None, place)
            return
        value = in_unit(cell.value, self.unit, self.field)
        if len(self.path) == 1:
            value = listed(value, self.field)
            if self.field.type is FieldType.RECORD and not isinstance(value, list):
                said = f"{self.label()}：有多项，一格里写 JSON 列表"
                row.problems.report("D119", said, cell.place, _several(self.field))
                return
        if len(self.path) > 1:
            value = {"key": self.path[1], "value": value}
        row.put(self.path, value, cell.place)


class Headings:
    """Finds the field that a heading names, by field name or label.

    With ``unused``, a heading that names no field is put there instead of being a problem.
    """

    def __init__(
        self, registry: Registry, problems: Problems, unused: list[str] | None = None
    ) -> None:
        self.registry = registry
        self.problems = problems
        self.report = problems.report
        self.unused = unused
        self.targets: dict[str, Path] = {}
        for f in registry.fields.values():
            for key, label in f.keys.items():
                for text in (f"{f.name}.{key}", f"{f.name}__{key}", f"{f.label}（{label}）"):
                    self.targets[plain_label(text)] = (f.name, key)
            for text in (f.name, f.label):
                self.targets[plain_label(text)] = (f.name,)

    def find(self, heading: str) -> tuple[Path, str] | None:
        """The field that a heading names, and its unit: "总投资（亿元）"."""
        text = plain_label(heading)
        path = self.targets.get(text)
        if path is not None:
            return path, ""
        if text.endswith(")") and "(" in text:
            head, _, unit = text[:-1].rpartition("(")
            path = self.targets.get(head)
            return None if path is None else (path, unit)
        return None

    def read(self, heading: str, place: Place, unit: str = "") -> Column | None:
        """The column that a heading names; ``unit`` is that of the heading above it."""
        found = self.find(heading)
        if found is None:
            if self.unused is not None:
                self.unused.append(heading)
                return None
            text = plain_label(heading)
            hint = unknown_field(text, self.registry) or "写字段名或字段的中文名；不需要的请删去"
            self.report("D101", f"没有{quoted(heading)}这个字段", place, hint)
            return None
        path, own = found
        return self.column(path, own or unit, place)

    def column(self, path: Path, unit: str, place: Place) -> Column | None:
        """The column of a field shown in ``unit``; a problem where it cannot be."""
        field = self.registry.fields[str(path[0])]
        column = Column(path, field, unit)
        try:
            if unit and field.unit is None:
                raise UnitError(f"没有单位，写的是“{unit}”")
            if unit and field.unit is not None:
                conversion(unit, field.unit)
        except UnitError as error:
            self.report("D104", f"{column.label()}：{error}", place)
            return None
        return column


def _several(field: Field) -> str:
    """How a record is better written."""
    several = "、".join(f"{field.name}.{key}" for key in list(field.keys)[:3])
    return f"每项一列：{several} 等" if several else f"用申报表模板，填在工作表“{field.label}”里"


def listed(value: Any, field: Field, parse_float: Callable[[str], Any] = Decimal) -> Any:
    """The list that a text holds as JSON, for a field that is one; any other value as it is."""
    if field.type not in (FieldType.CODES, FieldType.RECORD) or not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(text, parse_float=parse_float, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        raise ValueError("a key twice")
    return out


def in_unit(value: Any, unit: str, field: Field) -> Any:
    """A number with the unit that stands beside it, unless it has one of its own."""
    if not unit or field.unit is None or unit == field.unit.name:
        return value
    if isinstance(value, Decimal):
        return f"{value:f} {unit}"
    if isinstance(value, str):
        try:
            if not split_quantity(value)[1]:
                return f"{value} {unit}"
        except UnitError:
            return value
    return value
