"""Where a portfolio comes from: files as DuckDB relations, and which column holds which field.

Columns are found by field name or Chinese label, with a unit in brackets or not, as in the
spreadsheets of single dossiers; "emissions.COD" and "emissions__COD" both name one key of a record.
``opening`` says what each kind of file is read by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluator.dossier.columns import Headings, plain_label
from evaluator.dossier.fields import Registry
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.problems.errors import DossierError, Problems
from evaluator.problems.source import Place, SourceText

FILE_STRIDE = 10**11  # Row numbers of the second file start here,
SHEET_STRIDE = 10**7  # and those of the second sheet of a workbook here.


@dataclass(frozen=True)
class Source:
    """One input: a SELECT with column ``row_id``, and the names and SQL types of the others.

    ``lines`` names the table of JSON Lines (see ``lines.read_lines``), whose columns are known once
    they are settled; ``wrapped`` lets a line hold its dossier under the key "dossier", ``extra`` are
    keys besides the fields. ``unused`` are columns that hold no field, ``notes`` say how the file was
    read, ``sheets`` are those of a workbook; ``regular`` lines are the program's own. See ``Cell`` for ``marked`` and ``own``;
    with ``faults`` a column ``line_fault`` says why a row cannot be read at all;
    ``headings`` are those of columns that are called otherwise.
    """

    name: str
    select: str
    columns: dict[str, str]
    lines: str = ""
    wrapped: bool = True
    regular: bool = False
    extra: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    marked: bool = False
    own: bool = False
    faults: bool = False
    headings: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> bool:
        return bool(self.lines)


@dataclass(frozen=True)
class Cell:
    """The column that holds a field: its SQL type, and the unit that its heading names.

    ``lines``: texts may be numbers of JSON; ``own``: texts that the program has written;
    ``marked``: texts as ``cells.marked`` writes them.
    """

    column: str
    type: str
    unit: str = ""
    lines: bool = False
    own: bool = False
    marked: bool = False


@dataclass(frozen=True)
class Mapped:
    """Fields by reference name ("emissions.COD") or record name, and columns that are no field."""

    cells: dict[str, Cell]
    unused: tuple[str, ...]


def _part(name: str, record: str) -> bool:
    """Whether a field is a key of that record."""
    return name.startswith(f"{record}.")


def map_columns(source: Source, registry: Registry) -> Mapped:
    """Which column holds which field. Raises PortfolioError where two hold the same."""
    if source.json:
        names = {column_of(n): n for n in registry.references}
        columns = {names[c]: (c, kind) for c, kind in source.columns.items() if c in names}
        return Mapped({n: Cell(*c, lines=True) for n, c in columns.items()}, source.unused)
    problems = Problems()
    headings = Headings(registry, problems)
    headings.targets |= {
        plain_label(column_of(n)): tuple(n.split(".")) for n in registry.references
    }
    cells: dict[str, Cell] = {}
    unused: list[str] = []
    place = Place(SourceText(source.name, ""))
    for column, kind in source.columns.items():
        heading = source.headings.get(column, column)
        path, unit = headings.find(heading) or ((), "")
        name = ".".join(map(str, path))
        if name not in registry.references:
            unused.append(heading)
            continue
        if unit:
            headings.column(path, unit, place)
        same = next((n for n in cells if n == name or _part(n, name) or _part(name, n)), None)
        if same is not None:
            raise PortfolioError(f"{source.name}：“{cells[same].column}”和“{heading}”是同一个字段")
        cells[name] = Cell(column, kind, unit, marked=source.marked, own=source.own)
    if problems:
        raise DossierError(problems)
    return Mapped(cells, tuple(dict.fromkeys(unused)))
