"""One reader: a table of cells in every kind of file, read by every way in, is the same dossiers."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import strategies as st

from evaluator.dossier.fields import FieldType
from evaluator.portfolio.limits import LIMIT, MAX_SCALE, TOO_FINE
from evaluator.problems.errors import DossierError
from evaluator.reading.cells import CellFault
from evaluator.values.numbers import odd_part, scale_of
from tests.portfolio.offices import REGISTRY, Cell, Heading, Table, tables
from tests.portfolio.read import as_single
from tests.portfolio.tables import drawn
from tests.portfolio.ways import ways
from tests.portfolio.writers import WRITERS, as_text

_ABOUT = re.compile(r"（([a-z0-9_]+)(?:\.\w+)?）")
CSVS = ("a.csv", "bom.csv", "gbk.csv", "semicolon.csv", "a.tsv")
OTHERS = tuple(name for name in WRITERS if name not in CSVS)
SEEDS = st.integers(0, 2**40)


def outcome(read: dict[str, Any] | str) -> Any:
    """The values, or which fields are refused."""
    if isinstance(read, dict):
        return {k: v for k, v in read.items() if v is not None}
    return frozenset(name for name in _ABOUT.findall(read) if name in REGISTRY.fields)


def unlike(table: Table) -> Table:
    """Without what only some files can say: a truth value or a fault where a text belongs; rows that
    are empty."""
    rows: list[list[Cell]] = []
    ids: set[str] = set()
    at = [h.name for h in table.columns].index("project_id")
    for n, row in enumerate(table.rows):
        kept = [
            Cell(None) if only_a_cell(cell, column) else cell
            for cell, column in zip(row, table.columns, strict=True)
        ]
        # The same id twice is another matter, and told otherwise in a file that is read whole.
        if kept[at].value == "P" or as_text(kept[at]).strip() in ids:
            kept[at] = Cell(f"P{n}")
        ids.add(as_text(kept[at]).strip())
        if any(cell.value not in (None, "") for cell in kept):
            rows.append(kept)
    return Table(table.columns, rows)


def only_a_cell(cell: Cell, column: Heading) -> bool:
    """Whether no text says what the cell of a spreadsheet says, where a text is wanted."""
    if column.field.type not in (FieldType.STR, FieldType.CODES):
        return False
    try:
        return isinstance(cell.meant, bool) or "E-" in str(cell.meant)
    except CellFault:
        return True


def differs(got: dict[str, Any] | str, expected: dict[str, Any] | str) -> bool:
    """Whether a way in gives another answer; that a number has too many digits only columns say."""
    a, b = outcome(got), outcome(expected)
    if a == b:
        return False
    if not isinstance(got, str) or TOO_FINE not in got:
        return True
    fine = frozenset(
        name.partition(".")[0]
        for part in got.split("；")
        if TOO_FINE in part
        for name in _ABOUT.findall(part)
    )
    if isinstance(b, frozenset):
        return not b <= a or not a - b <= fine
    too_fine = {
        name.partition(".")[0]
        for name, value in b.items()
        if REGISTRY.references[name].numeric
        and (abs(value) >= LIMIT or scale_of(value * odd_part(value)) > MAX_SCALE)
    }
    return a != fine or not fine <= too_fine


def is_ratio(cell: Cell) -> bool:
    """Whether a snapshot of ours, which is what documents in a database are, holds a ratio so."""
    return isinstance(cell.value, str) and re.fullmatch(r"\s*\d+/\d+\s*", cell.value) is not None


def all_alike(
    folder: Path, server: psycopg.Connection, seed: int, count: int, files: tuple[str, ...] = ()
) -> None:
    """``count`` tables under the same headings, below each other in one file of each kind."""
    table = unlike(tables(seed, count))
    read = ways(folder, table, server, files)
    expected = next(rows for way, rows in read if way == "evaluate a.xlsx")
    assert len(expected) == len(table.rows)
    judged = sum(isinstance(e, dict) for e in expected)
    assert count < 10 or 0 < judged < len(expected)
    for way, rows in read:
        assert len(rows) == len(expected), way
        for row, got, wanted in zip(table.rows, rows, expected, strict=True):
            if way == "postgres documents" and any(map(is_ratio, row)):
                continue
            assert not differs(got, wanted), (way, seed, table.shown(row), got, wanted)


def test_every_file_and_every_way_in(tmp_path: Path, server: psycopg.Connection) -> None:
    for seed in drawn(SEEDS, 2):
        all_alike(tmp_path, server, seed, 30)


@pytest.mark.soak
def test_every_file_and_every_way_in_soaked(tmp_path: Path, server: psycopg.Connection) -> None:
    """3,000 tables in 10 batches, each with headings of its own, and two kinds of CSV."""
    for n, seed in enumerate(drawn(SEEDS, 10)):
        csvs = (CSVS[n % 5], CSVS[(n + 2) % 5])
        all_alike(tmp_path, server, seed, 300, ("a.xlsx", *csvs, *OTHERS))


def test_a_file_without_rows_is_told(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.csv"):
        WRITERS[name](tmp_path / name, Table(tables(1, 1).columns, []))
        with pytest.raises(DossierError, match="没有申报材料"):
            as_single(tmp_path / name)


_HEADS = [Heading(n, n) for n in ("project_id", "project_name", "submitted_on", "plant_area")]


def _plants(*cells: Cell) -> Table:
    rows = [[Cell(f"P{n}"), Cell("甲"), Cell("2024-06-03"), cell] for n, cell in enumerate(cells)]
    return Table(_HEADS, rows)


def test_a_number_that_no_decimal_tells_is_read_everywhere(tmp_path: Path) -> None:
    """2702.644 亩 are 5405288/3 square metres, whatever brings them."""
    table = _plants(Cell(2702.644, '0"亩"'), Cell("2702.644 亩"), Cell("3/5"))
    for way, rows in ways(tmp_path, table):
        areas = [r if isinstance(r, str) else r["plant_area"] for r in rows]
        assert areas[:2] == [Fraction(5405288, 3)] * 2, way
        assert isinstance(areas[2], str), way


def test_characters_that_nobody_sees_are_the_same_everywhere(
    tmp_path: Path, server: psycopg.Connection
) -> None:
    """Also the mark that the intake sets before what it has read itself. No workbook carries them."""
    unseen = ("\x01", "\x0b", "\x1c", "\x1f", "\x7f", "\x85", "\u200b", "\u202e")
    said = [text for c in unseen for text in (f"{c}12", f"12{c}", f"{c}2702/3", c)]
    table = _plants(*map(Cell, said))
    files = tuple(name for name in WRITERS if name not in ("a.xlsx", "a.xls", "a.ods"))
    read = dict(ways(tmp_path, table, server, files))
    expected = [outcome(r) for r in read["json"]]
    assert any(isinstance(e, dict) for e in expected)
    for way, rows in read.items():
        assert [outcome(r) for r in rows] == expected, way
