"""Lines are numbered, however they end and however many there are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from evaluator.portfolio.duck import connect
from evaluator.portfolio.errors import TooManyRows
from evaluator.portfolio.intake import lines
from evaluator.portfolio.intake.lines import read_lines
from tests.portfolio.intake.bodies import Read, line_of


def test_rows_are_numbered_by_lines_whatever_ends_them() -> None:
    body = (
        b"\xef\xbb\xbf"
        + line_of()
        + b"\r\n\r\n \t\n"
        + line_of(project_id="B")
        + b"\n{\n"
        + line_of(project_id="C")
    )
    read = Read(body)
    assert {n: r["project_id"] for n, r in read.rows.items()} == {1: "A", 4: "B", 6: "C"}
    assert list(read.reasons) == [5]


def test_a_line_too_long_is_one_bad_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 200)
    long = line_of(zone="a" * 1000)
    read = Read(
        line_of()
        + b"\n"
        + long
        + b"\n"
        + line_of()
        + b"\n"
        + long
        + b"\r\n"
        + line_of()
        + b"\n"
        + long
    )
    assert list(read.rows) == [1, 3, 5]
    assert read.reasons == dict.fromkeys((2, 4, 6), "一行超过 200 字节")


def test_rows_can_be_limited(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    path.write_bytes(b"{}\n\n" * 3)
    with closing(connect(1)) as db:
        read_lines(db, path, "a", 0, 3)
        assert db.execute("SELECT list(row_id) FROM a").fetchall() == [([1, 3, 5],)]
        with pytest.raises(TooManyRows, match="超过 2 份"):
            read_lines(db, path, "b", 0, 2)


def test_many_lines_in_several_batches_keep_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ROWS", 7)
    body = b"\n".join(
        line_of(project_id=f"P{n}", land_area=n) if n % 5 else b"{" for n in range(1, 101)
    )
    read = Read(body)
    assert {n: r["project_id"] for n, r in read.rows.items()} == {
        n: f"P{n}" for n in range(1, 101) if n % 5
    }
    assert sorted(read.reasons) == [n for n in range(1, 101) if n % 5 == 0]
