"""One reader: a table of cells in every kind of file, read by every way in, is the same dossiers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evaluator.dossier.dossier import Profile
from evaluator.dossier.files import iter_dossiers
from evaluator.problems.errors import DossierError
from evaluator.reading.cells import CellFault
from tests.portfolio.intake.bodies import Read as Body
from tests.portfolio.offices import COLUMNS, REGISTRY, WRITERS, Cell, Table, as_text, rows
from tests.portfolio.read import Read, as_portfolio, as_single, values_of
from tests.portfolio.tables import drawn

_ABOUT = re.compile(r"（([a-z_]+)(?:\.[A-Za-z0-9]+)?）")


def outcome(read: dict[str, Any] | str) -> Any:
    """The values, or which fields are refused."""
    if isinstance(read, dict):
        return {k: v for k, v in read.items() if v is not None}
    return frozenset(_ABOUT.findall(read)) & REGISTRY.fields.keys()


def ways(folder: Path, table: Table) -> dict[str, Read]:
    """What each way in makes of each row."""
    out: dict[str, Read] = {}
    for name, write in WRITERS.items():
        path = folder / name
        write(path, table)
        out[f"portfolio {name}"] = as_portfolio(path)
        if path.suffix in (".xlsx", ".xls", ".ods", ".csv", ".tsv"):
            out[f"evaluate {name}"] = as_single(path)
    lines = folder / "a.jsonl"
    out["evaluate a.jsonl"] = [
        values_of(found)
        if isinstance(found, Profile)
        else "；".join(p.message for p in found.problems)
        for found in iter_dossiers(lines, REGISTRY)
    ]
    body = Body(lines.read_bytes())
    assert body.loaded.total == len(table)
    out["batch"] = [
        body.reasons.get(n) or out["portfolio a.jsonl"][n - 1] for n in range(1, len(table) + 1)
    ]
    return out


def unlike(table: Table) -> Table:
    """Without what only some files can say: a truth value or a fault where a text belongs; rows that
    are empty."""
    out: Table = []
    ids: set[str] = set()
    for n, row in enumerate(table):
        kept = [
            Cell(None)
            if REGISTRY.references[name].type.value in ("str", "codes") and only_a_cell(cell)
            else cell
            for cell, (_, name, _) in zip(row, COLUMNS, strict=True)
        ]
        # The same id twice is another matter, and told otherwise in a file that is read whole.
        if kept[0].value == "P" or as_text(kept[0]).strip() in ids:
            kept[0] = Cell(f"P{n}")
        ids.add(as_text(kept[0]).strip())
        if any(cell.value not in (None, "") for cell in kept):
            out.append(kept)
    return out


def only_a_cell(cell: Cell) -> bool:
    """Whether no text says what the cell of a spreadsheet says."""
    try:
        return isinstance(cell.meant, bool)
    except CellFault:
        return True


def all_alike(folder: Path, count: int, size: int) -> None:
    found = unlike(drawn(rows(), count))
    judged = 0
    for start in range(0, len(found), size):
        table = found[start : start + size]
        read = ways(folder, table)
        expected = [outcome(r) for r in read["evaluate a.xlsx"]]
        judged += sum(isinstance(e, dict) for e in expected)
        assert len(expected) == len(table)
        for way, rows_read in read.items():
            got = [outcome(r) for r in rows_read]
            for row, a, b in zip(table, got, expected, strict=True):
                assert a == b, (
                    way,
                    {n: c.value for c, (_, n, _) in zip(row, COLUMNS, strict=True)},
                )
    assert 0 < judged < len(found)


def test_every_file_and_every_way_in(tmp_path: Path) -> None:
    all_alike(tmp_path, 120, 60)


@pytest.mark.soak
def test_every_file_and_every_way_in_soaked(tmp_path: Path) -> None:
    all_alike(tmp_path, 400, 200)


def test_a_file_without_rows_is_told(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.csv"):
        WRITERS[name](tmp_path / name, [])
        with pytest.raises(DossierError, match="没有申报材料"):
            as_single(tmp_path / name)
