"""Cells as an office formats them, drawn at random."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

from evaluator.dossier.fields import Field, FieldType, base_registry
from evaluator.engine.columnar.layout import column_of
from evaluator.reading.cells import CellValue, meaning
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
