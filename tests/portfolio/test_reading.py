"""Files that were once read wrongly, each with what is right; ``evaluate`` and ``portfolio`` alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evaluator.dossier.dossier import make_profile
from evaluator.dossier.files import read_dossiers
from evaluator.engine.columnar.layout import codes_text
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.run import Summary, rejects_path
from evaluator.problems.errors import AdmissionError, DossierError
from tests.portfolio.files import as_csv, as_xlsx, rows_of, run
from tests.portfolio.offices import Table, tables
from tests.portfolio.read import REGISTRY, as_portfolio, as_single
from tests.portfolio.writers import WRITERS
from tests.support import ROOT, ruleset_of

CASES = ROOT / "tests" / "corpus" / "reading"
A = {"project_id": "A1", "project_name": "甲", "submitted_on": dt.date(2024, 6, 3)}


def case(number: str) -> Path:
    (folder,) = CASES.glob(f"{number}-*")
    return next(p for p in sorted(folder.glob("input.*")))


@pytest.mark.parametrize(
    ("number", "rows"),
    [
        ("01", [{**A, "debt_ratio": 88}]),
        ("02", [{**A, "total_investment": 48000, "land_area": 60}]),
        ("09", [{**A, "project_id": "0012"}]),
        ("10", [{**A, "plot_ratio": Fraction(4, 5)}]),
        ("11", [{**A, "submitted_on": dt.date(2024, 9, 2)}]),
        ("12", [A]),
        ("13", [{**A, "land_area": 60}]),
        ("07", [{**A, "project_id": "B1"}, {**A, "project_id": "B2", "project_name": "乙"}]),
        (
            "28",
            [
                {
                    "project_id": "SX-01",
                    "project_name": "半导体设备",
                    "submitted_on": dt.date(2024, 9, 2),
                    "total_investment": 48000,
                    "fixed_asset_investment": 36000,
                    "land_area": 60,
                }
            ],
        ),
        (
            "17",
            [
                {**A, "project_id": "1", "project_name": "'甲"},
                {**A, "project_id": "2", "project_name": "乙'"},
                {**A, "project_id": "3", "project_name": "丙"},
            ],
        ),
        (
            "23",
            [
                {
                    "project_id": "SX-01",
                    "project_name": "半导体设备",
                    "submitted_on": dt.date(2024, 9, 2),
                }
            ],
        ),
        ("24", [A, {**A, "project_id": "A2", "project_name": "乙"}]),
    ],
)
def test_what_is_read(number: str, rows: list[dict[str, Any]]) -> None:
    assert as_portfolio(case(number)) == rows
    assert as_single(case(number)) == rows


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("03", ["total_investment）：单元格的数字格式“0,”显示的数比实际的数小千倍以上"]),
        ("04", ["land_area）：公式没有算出的值"]),
        ("08", ["project_id）：数字超过 15 位"] * 2),
        ("22", ["“3/5”不是数"]),
        ("29", ["单位“E4”"]),
        ("31", ["land_area）：公式没有算出的值"]),
        ("16", [None, "有 1 格，表头有 3 格", None]),
    ],
)
def test_what_is_refused(number: str, said: list[str | None]) -> None:
    for read in (as_portfolio, as_single):
        found = read(case(number))
        assert len(found) == len(said)
        for row, words in zip(found, said, strict=True):
            if words is None:
                assert isinstance(row, dict)
            else:
                assert isinstance(row, str)
                assert words in row


def test_a_fraction_is_refused_in_every_cell_that_has_one() -> None:
    (reason,) = as_portfolio(case("22"))
    assert isinstance(reason, str)
    for written in ("3/5", "24/12", "2024/3"):
        assert f"“{written}”不是数" in reason


def test_an_old_workbook_is_read_like_a_new_one() -> None:
    """Beside the formula: number formats that show zeros, a unit, a percentage."""
    import xlrd

    path = case("31")
    book = xlrd.open_workbook(path, formatting_info=True)
    assert book.sheet_by_index(0).cell_value(1, 0) == 7
    problems = _problems(path)
    assert [p.place.cell for p in problems] == ["一批!G2"]
    from evaluator.dossier.tables import read_book
    from evaluator.problems.errors import Problems

    (row,) = read_book(path.name, path.read_bytes(), REGISTRY, Problems()).rows
    assert row.raw["project_id"] == "007"
    assert row.raw["total_investment"] == "4.8亿元"
    assert row.raw["debt_ratio"] == "88%"


def _problems(path: Path) -> list[Any]:
    with pytest.raises(DossierError) as caught:
        read_dossiers(path, REGISTRY)
    return list(caught.value.problems)


def test_our_own_template_is_read_by_every_command() -> None:
    (single,) = read_dossiers(case("27"), REGISTRY)
    (row,) = as_portfolio(case("27"))
    assert isinstance(row, dict)
    assert (row["project_id"], row["submitted_on"]) == (single.id, single.submitted_on)


@pytest.mark.parametrize(
    ("number", "words"), [("14", "不是工作簿|网页"), ("19", "同一个字段|有两个")]
)
def test_files_that_are_refused(number: str, words: str) -> None:
    for read in (as_portfolio, as_single):
        with pytest.raises(AdmissionError, match=words):
            read(case(number))


def test_quotes_far_down_in_a_file(tmp_path: Path) -> None:
    """Nothing of how a file is written is guessed from its first rows."""
    path = tmp_path / "input.csv"
    rows = [f"A{n},甲,2024-06-03,东区,8000" for n in range(20_600)]
    last = '"Z1",乙,2024-06-03,"他说""好"",走了","8,000"'
    path.write_text(
        "\n".join(["项目编号,项目名称,受理日期,拟落户片区,总投资", *rows, last]), "utf-8"
    )
    found = as_portfolio(path)
    assert len(found) == 20_601
    assert found[-1] == {
        "project_id": "Z1",
        "project_name": "乙",
        "submitted_on": dt.date(2024, 6, 3),
        "zone": '他说"好",走了',
        "total_investment": 8000,
    }


def test_an_instant_means_its_day_in_beijing(tmp_path: Path) -> None:
    """In the first hours of a month in Beijing it is still the month before in Greenwich."""
    path = tmp_path / "input.parquet"
    duckdb.sql(
        "COPY (SELECT 'A1' AS project_id, '甲' AS project_name, "
        f"make_timestamptz(1725123600000000) AS submitted_on) TO '{path}'"
    )
    assert as_portfolio(path) == [{**A, "submitted_on": dt.date(2024, 9, 1)}]
    read = make_profile(
        REGISTRY, **{**A, "submitted_on": dt.datetime(2024, 8, 31, 17, tzinfo=dt.UTC)}
    )
    assert read.submitted_on == dt.date(2024, 9, 1)
    text = tmp_path / "input.csv"
    text.write_text("项目编号,项目名称,受理日期\nA1,甲,2024-08-31T17:00:00+00:00", "utf-8")
    for reader in (as_portfolio, as_single):
        (reason,) = reader(text)
        assert "应是日期" in reason


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".sqlite", ".parquet", ".xls"])
def test_what_is_no_such_file_is_told_in_chinese(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    for content in (b"", b"<html>", bytes(range(256)) * 4):
        path.write_bytes(content)
        with pytest.raises(AdmissionError) as caught:
            run(ruleset_of(), [path], tmp_path / "out.csv")
        words = str(caught.value).replace(str(path), "")
        assert any("\u4e00" <= c <= "\u9fff" for c in words)
        assert "Error" not in words
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_id_twice_is_said_and_refused_where_asked(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(ruleset_of(), [case("25")], out).repeated == ("A1",)
    out.unlink()
    with pytest.raises(PortfolioError, match="A1"):
        run(ruleset_of(), [case("25")], out, unique=True)
    assert list(tmp_path.glob("out.csv")) == []
    with pytest.raises(DossierError, match="D110"):
        read_dossiers(case("25"), REGISTRY)


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (folder,) = CASES.glob("32-*")
    paths = [folder / "d1" / "x.csv", folder / "d2" / "x.csv"]
    out = tmp_path / "out.csv"
    summary = run(ruleset_of(), paths, out)
    assert [(c.total, c.judged, c.rejected) for c in summary.counts] == [(2, 1, 1)] * 2
    rejects = rows_of(rejects_path(out), "source, row_number")
    assert rejects == [(str(paths[0]), 3), (str(paths[1]), 3)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.rejects.csv"]


def test_csv_is_written_for_a_spreadsheet(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    run(ruleset_of(), [case("33")], out)
    for path in (out, rejects_path(out)):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    ids = [line.split(",")[0] for line in out.read_text("utf-8-sig").splitlines()[1:]]
    assert sorted(ids) == ["'-5", "'=1+1", "'@SUM(1)", "001"]


def _fails(summary: Summary) -> Summary:
    raise RuntimeError(summary)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_nothing_half_written_stays(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Callable[..., Summary]:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("evaluator.portfolio.run.summarise", broken)
    out = tmp_path / f"out{suffix}"
    with pytest.raises(RuntimeError, match="disk"):
        run(ruleset_of(), [case("25"), case("33")], out, findings=tmp_path / "f.parquet")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_not_missing_as_well(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("项目编号,项目名称,受理日期\nA1,甲\0乙,2024-06-03\nA2,,近日\n", "utf-8")
    first, second = as_portfolio(path)
    assert isinstance(first, str)
    assert isinstance(second, str)
    assert "控制字符" in first
    assert "缺少" not in first
    assert "缺少必填的“项目名称”" in second
    assert "缺少必填的“受理日期”" not in second


def test_a_file_without_rows_is_told_as_a_single_dossier_is(tmp_path: Path) -> None:
    """Only headings, in every kind of file."""
    rulebook, empty = ruleset_of(), Table(tables(1, 1).columns, [])
    for name in ("a.csv", "a.jsonl", "a.sqlite", "a.xlsx"):
        WRITERS[name](tmp_path / name, empty)
        out = tmp_path / "out.csv"
        with pytest.raises(AdmissionError, match="没有申报材料"):
            run(rulebook, [tmp_path / name], out)
        assert list(tmp_path.glob("*out*")) == []


def test_a_list_in_a_cell_is_json(tmp_path: Path) -> None:
    """Of a record and of codes, as ``evaluate`` and ``portfolio`` read it, in a workbook and in CSV."""
    head = ["项目编号", "项目名称", "受理日期", "product_energy", "emissions", "product_codes"]
    energy = '[{"key": "水泥熟料", "value": 100, "unit": "千克标准煤/吨"}]'
    cod = ' [{"key": "COD", "value": "1.50"}]'
    day = "2024-06-03"
    rows = [
        ["A1", "甲", day, energy, cod, '["356201", "356299"]'],
        ["A2", "甲", day, "水泥熟料 100", "1.5", "356201"],
        ["A3", "甲", day, '[{"key": "水泥熟料"}]', '{"key": "COD"}', '["x"'],
        ["A4", "甲", day, "", '[{"key": "COD", "key": "PM", "value": 1}]', ""],
    ]
    for name, write in (("a.csv", as_csv), ("a.xlsx", as_xlsx)):
        path = write(tmp_path / name, [head, *rows])
        for read in (as_portfolio, as_single):
            first, *others = read(path)
            assert isinstance(first, dict)
            assert first["emissions.COD"] == Fraction(3, 2)
            assert first["product_codes"] == codes_text(["356201", "356299"])
            about = [["product_energy", "emissions"]] * 2 + [["emissions"]]
            for reason, names in zip(others, about, strict=True):
                assert isinstance(reason, str), (name, read)
                assert all(f"（{n}）" in reason for n in names), (name, read, reason)
        twice = write(tmp_path / f"twice{path.suffix}", [[*head, "emissions.COD"], [*rows[0], "1"]])
        for read in (as_portfolio, as_single):
            with pytest.raises(AdmissionError, match="emissions"):
                read(twice)
