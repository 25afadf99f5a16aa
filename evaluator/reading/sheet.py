"""A sheet of cells: the form that every table of a file is given before anybody looks for fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from evaluator.problems.errors import DossierError, Problem
from evaluator.problems.source import Place, SourceText
from evaluator.reading.cells import CellFault, CellValue

Range = tuple[int, int, int, int]  # First row and column, last row and column, 1-based.


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that is read of one file. Bytes are those of a workbook unpacked."""

    rows: int = 100_000
    columns: int = 500
    cells: int = 2_000_000
    parts: int = 2000
    unpacked: int = 300_000_000


SINGLE = Bounds()
MANY = Bounds(rows=1_048_576, cells=8_000_000, unpacked=1_500_000_000)


@dataclass(frozen=True, slots=True)
class Cell:
    """One filled cell. ``fault`` is a sentence on why ``value`` cannot be taken."""

    value: CellValue
    sheet: Sheet
    row: int
    column: int
    fault: str | None = None
    hint: str | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.sheet.place(self.row, self.column)

    @property
    def text(self) -> str:
        """The value as one line of text, for headers."""
        return " ".join(str(self.value).split())


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Filled cells by row and column, both 1-based; ``merged`` are the ranges shown as one cell.

    ``name`` is empty where the file is one table (CSV).
    """

    name: str
    source: SourceText
    visible: bool
    rows: Mapping[int, Mapping[int, Cell]]
    merged: tuple[Range, ...] = ()

    def place(self, row: int, column: int) -> Place:
        """The place of a cell, filled or not."""
        at = f"{_letters(column)}{row}"
        return Place(self.source, cell=f"{self.name}!{at}" if self.name else at)


class Filling:
    """A sheet while its cells are read, within bounds."""

    def __init__(self, source: SourceText, name: str, visible: bool, bounds: Bounds) -> None:
        self.rows: dict[int, dict[int, Cell]] = {}
        self.sheet = Sheet(name, source, visible, self.rows)
        self.bounds = bounds
        self.seen = 0

    def pass_over(self, cells: int) -> None:
        """Count cells looked at, filled or not. Raises DossierError."""
        self.seen += cells
        if self.seen > self.bounds.cells:
            message = f"工作表“{self.sheet.name}”过大"
            raise refused(self.sheet.source, message, "删去空行空列，或分成几个文件")

    def put(self, row: int, column: int, read: Callable[[], CellValue | None]) -> None:
        """Take what ``read`` gives for a cell, or its CellFault. Raises DossierError out of bounds."""
        fault: CellFault | None = None
        try:
            value = read()
        except CellFault as error:
            value, fault = error.shown, error
        if value is None:
            return
        if row > self.bounds.rows or column > self.bounds.columns:
            limit = f"{self.bounds.rows} 行、{self.bounds.columns} 列"
            at = f"{_letters(column)}{row}"
            message = f"工作表“{self.sheet.name}”的 {at} 超出 {limit}"
            raise refused(self.sheet.source, message, "删去远处的内容")
        said = (fault.message, fault.hint) if fault else (None, None)
        self.rows.setdefault(row, {})[column] = Cell(value, self.sheet, row, column, *said)

    def done(self, merged: tuple[Range, ...] = ()) -> Sheet:
        """The sheet, with rows and columns in order."""
        if merged:
            object.__setattr__(self.sheet, "merged", merged)
        return self.sheet


@lru_cache(maxsize=1024)
def _letters(column: int) -> str:
    from openpyxl.utils import get_column_letter  # Slow to import, and only needed to tell a place.

    return get_column_letter(column)


def refused(source: SourceText, message: str, hint: str | None = None) -> DossierError:
    """What is raised for a file that cannot be read as a table."""
    return DossierError([Problem("D118", message, Place(source), hint)])
