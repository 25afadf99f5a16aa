"""A damaged CSV: no row vanishes, none is merged with another, and none but the damaged one changes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evaluator.dossier.columns import Headings
from evaluator.dossier.fields import base_registry
from evaluator.dossier.heads import is_header
from evaluator.portfolio.duck import connect
from evaluator.portfolio.intake.delimited import read_delimited
from evaluator.problems.errors import AdmissionError, Problems
from evaluator.reading import delimited
from evaluator.reading.delimited import UNCLEAR, cells_of, form_of, line_ends, records

HEAD = ["项目编号", "项目名称", "受理日期", "拟落户片区"]
TEXTS = [
    "甲",
    "乙厂",
    'say "hi"',
    "a,b",
    "a;b",
    "'x",
    "#1",
    "",
    " ",
    "两行\n字",
    '","',
    "1",
    "Ａ|Ｂ",
    '"',
]
DAMAGE = st.sampled_from([b'"', b",", b"\n", b"\r", b"\r\n", b"\xff", b"'", b"\xe7", b"\t", b'""'])


def written(cells: list[str]) -> bytes:
    out = []
    for cell in cells:
        quoted = any(c in cell for c in ',"\n\r')
        out.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
    return ",".join(out).encode()


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], bytes, bytes]:
    """Rows, the end of a line, and the file."""
    texts = st.sampled_from(TEXTS)
    rows = [
        [f"P{n}", draw(texts), "2024-06-03", draw(texts)] for n in range(draw(st.integers(2, 8)))
    ]
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    return rows, end, end.join(map(written, [HEAD, *rows])) + end


def read(data: bytes) -> tuple[dict[str, tuple[str, ...]], list[str], int]:
    """Rows by id, the faults, and how many lines all of them take."""
    form = form_of(data, is_header)
    assert form.found
    lines = line_ends(data.removeprefix(delimited.BOM)).split(b"\n")[form.line :]
    rows: dict[str, tuple[str, ...]] = {}
    faults: list[str] = []
    taken = 0
    for record, several in records(lines, form, len(form.names), form.line + 1):
        taken += several
        if record.fault:
            faults.append(record.fault)
        else:
            rows[record.cells[0]] = record.cells
    return rows, faults, taken


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), st.data())
def test_damage_stays_where_it_is(
    drawn: tuple[list[list[str]], bytes, bytes], data: st.DataObject
) -> None:
    damage_stays_where_it_is(drawn, data)


@pytest.mark.soak
@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), st.data())
def test_damage_stays_where_it_is_soaked(
    drawn: tuple[list[list[str]], bytes, bytes], data: st.DataObject
) -> None:
    damage_stays_where_it_is(drawn, data)


def damage_stays_where_it_is(
    drawn: tuple[list[list[str]], bytes, bytes], data: st.DataObject
) -> None:
    rows, end, file = drawn
    whole, faults, _ = read(file)
    assert not faults
    assert list(map(list, whole.values())) == rows
    header = len(written(HEAD)) + len(end)
    at = data.draw(st.integers(header, len(file) - 1))
    if data.draw(st.booleans()):
        damaged = file[:at] + data.draw(DAMAGE) + file[at:]
    else:
        damaged = file[:at] + file[at + 1 :]
    found, faults, taken = read(damaged)
    # The row where the damage is, and the next where a line end is.
    start, hit = header, set()
    for row in rows:
        size = len(written(row)) + len(end)
        if start <= at < start + size:
            hit.add(row[0])
            if at >= start + size - len(end):
                hit.add(f"P{int(row[0][1:]) + 1}")
            if at == start and row[0] != "P0":
                hit.add(f"P{int(row[0][1:]) - 1}")
        start += size
    for row in rows:
        if row[0] in hit:
            continue
        if row[0] in found:
            assert list(found[row[0]]) == row
        else:
            # Refused, never vanished: only where quotes do not tell what is one row.
            assert UNCLEAR in faults or '"' in "".join(row) or "\n" in "".join(row), (row, faults)
            assert faults
    filled = sum(1 for x in line_ends(damaged).split(b"\n")[1:] if x.strip(b', \t"'))
    assert taken >= filled
    for id_, cells in found.items():
        assert len(cells) == len(HEAD)
        assert id_.count("P") <= 1 or id_ in hit or list(cells) not in rows


def in_blocks(data: bytes, folder: Path) -> dict[int, tuple[str | None, ...]]:
    """By the reader of portfolios: the cells of each line, or its fault."""
    path = folder / "in.csv"
    path.write_bytes(data)
    with closing(connect(1)) as db:
        told = read_delimited(db, path, "t", 0, Headings(base_registry(), Problems()))
        assert told is not None
        rows = db.execute("SELECT * FROM t").fetchall()
        assert len(rows) == told.rows
    return {row[0]: row[1:] for row in rows}


def by_line(data: bytes) -> dict[int, tuple[str | None, ...]]:
    form = form_of(data, is_header)
    lines = line_ends(data.removeprefix(delimited.BOM)).split(b"\n")[form.line :]
    out: dict[int, tuple[str | None, ...]] = {}
    for record, _ in records(delimited.recoded(lines, form), form, len(form.names), form.line + 1):
        cells = record.cells or ("",) * len(form.names)
        out[record.line] = (*(c or None for c in cells), record.fault)
    return out


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), st.lists(st.tuples(st.integers(0, 400), DAMAGE), max_size=4), st.booleans())
def test_blocks_and_lines_agree(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[list[list[str]], bytes, bytes],
    damages: list[tuple[int, bytes]],
    old: bool,
) -> None:
    blocks_and_lines_agree(tmp_path_factory.getbasetemp(), drawn, damages, old)


@pytest.mark.soak
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), st.lists(st.tuples(st.integers(0, 400), DAMAGE), max_size=4), st.booleans())
def test_blocks_and_lines_agree_soaked(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[list[list[str]], bytes, bytes],
    damages: list[tuple[int, bytes]],
    old: bool,
) -> None:
    blocks_and_lines_agree(tmp_path_factory.getbasetemp(), drawn, damages, old)


def blocks_and_lines_agree(
    folder: Path,
    drawn: tuple[list[list[str]], bytes, bytes],
    damages: list[tuple[int, bytes]],
    old: bool,
) -> None:
    _, end, data = drawn
    head = len(written(HEAD)) + len(end)
    if old:
        head = len(data[:head].decode().encode("gb18030"))
        data = data.decode().encode("gb18030")
    for at, what in damages:
        at = min(head + at, len(data))
        data = data[:at] + what + data[at:]
    assert in_blocks(data, folder) == by_line(data)


@pytest.mark.parametrize("size", [40, 64, 100, 1000])
def test_a_cell_over_the_end_of_a_block(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluator.portfolio.intake.delimited.BLOCK", size)
    rows = [
        [f"P{n}", 'a "b"\nc' if n % 3 else "x", "2024-06-03", "第一行\n第二行"] for n in range(30)
    ]
    data = b"\r\n".join(map(written, [HEAD, *rows]))
    found = in_blocks(data, tmp_path)
    assert [list(r[:-1]) for _, r in sorted(found.items())] == rows
    assert found == by_line(data)


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a,b", ("a", "b")),
        ("a,", ("a", "")),
        ("", ("",)),
        ('"a,b",c', ("a,b", "c")),
        ('"a""b",', ('a"b', "")),
        ("'a,b'", ("'a", "b'")),
        ('"a"b,c', None),
        ('a"b,c', None),
        ('"a', None),
    ],
)
def test_cells_of_a_line(line: str, cells: tuple[str, ...] | None) -> None:
    assert cells_of(line, ",") == cells


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "空的"), (b"\xff\xfea\x00", "UTF-16"), (b"PK\x03\x04abc", "工作簿")],
)
def test_what_is_no_csv(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(AdmissionError, match=words):
        in_blocks(data, tmp_path)


@example(b"\xef\xbb\xbf")
@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    form = form_of(data, is_header)
    lines = line_ends(data).split(b"\n")
    numbers = [r.line for r, _ in records(delimited.recoded(lines, form), form, len(form.names))]
    assert numbers == sorted(set(numbers))
