"""Portfolios from files: read, rejected and judged like single dossiers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from evaluator.judgement.evaluate import Evaluator
from evaluator.portfolio.run import rejects_path
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status
from tests.portfolio.files import (
    BAD,
    GOOD,
    HEAD,
    as_csv,
    as_parquet,
    as_sqlite,
    as_xlsx,
    numbered,
    rows_of,
    run,
    write_jsonl,
)
from tests.support import ROOT, ruleset_of


def test_json_lines_equal_single_dossiers(shipped: Ruleset, tmp_path: Path) -> None:
    profiles = numbered(shipped)
    source, out = tmp_path / "in.jsonl", tmp_path / "out.parquet"
    write_jsonl(source, [p.to_dict(shipped.registry) for p in profiles])
    summary = run(shipped, [source], out)
    assert (summary.judged, summary.rejected) == (len(profiles), 0)
    evaluator = Evaluator(shipped, "reference")
    expected = {}
    for p in profiles:
        found = evaluator.evaluate(p)
        ids = {s: [i for i, x in found.statuses.items() if x is s] for s in Status}
        applicable = [i for i, x in found.statuses.items() if x is not Status.NOT_APPLICABLE]
        expected[p.id] = (
            found.verdict.value,
            " ".join(ids[Status.VIOLATED]),
            " ".join(ids[Status.UNKNOWN]),
            " ".join(applicable),
        )
    got = {
        r[0]: r[1:] for r in rows_of(out, 'project_id, verdict, violated, "unknown", applicable')
    }
    assert got == expected
    assert sum(summary.verdicts.values()) == len(profiles)


@pytest.mark.parametrize(
    ("write", "suffix"),
    [(as_csv, "csv"), (as_xlsx, "xlsx"), (as_sqlite, "sqlite"), (as_parquet, "parquet")],
)
def test_bad_rows_are_reported_and_totals_add_up(
    write: Callable[[Path, list[list[str]]], Path], suffix: str, tmp_path: Path
) -> None:
    ruleset = ruleset_of()
    source = write(tmp_path / f"in.{suffix}", [HEAD, GOOD, *(r for r, _ in BAD)])
    out = tmp_path / "out.csv"
    summary = run(ruleset, [source], out)
    assert [(c.total, c.judged, c.rejected) for c in summary.counts] == [(9, 1, 8)]
    assert summary.counts[0].unused == ("备注",)
    rejects = rows_of(rejects_path(out), "row_number, reason")
    # Of a file that a person opens the number is that of its row.
    first = 3 if suffix in ("csv", "xlsx") else 2
    assert [r[0] for r in rejects] == list(range(first, first + 8))
    for (_, reason), (_, wanted) in zip(rejects, BAD, strict=True):
        assert wanted in reason
    # 2000 万元 on 99.9999 亩 is just above 20.
    assert rows_of(out, "project_id, verdict") == [("A1", "pass")]


def test_a_line_that_is_no_json_is_one_bad_row(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    good = {"project_id": "1", "project_name": "甲", "submitted_on": "2024-06-03"}
    lines = [
        json.dumps(good),
        "{",
        "[1]",
        json.dumps({**good, "nothing": 1}),
        "",
        json.dumps(
            {"source": "s", "dossier": {**good, "emissions": [{"pollutant": "X", "value": 1}]}}
        ),
        json.dumps({**good, "land_area": 100, "annual_tax": 1999.999999}),
    ]
    source.write_text("\n".join(lines), "utf-8")
    summary = run(ruleset_of(), [source], tmp_path / "out.csv")
    assert (summary.counts[0].total, summary.judged, summary.rejected) == (6, 2, 4)
    rejects = rows_of(rejects_path(tmp_path / "out.csv"), "row_number, reason")
    assert [r[0] for r in rejects] == [2, 3, 4, 6]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_date_may_come_from_a_column_or_be_one_for_all(suffix: str, tmp_path: Path) -> None:
    criteria = """
language: 1
profile: {id: t, title: t}
sources: {law: {title: 办法}}
criteria:
  floor:
    title: 下限
    kind: floor
    unit: 万元/年
    values:
      - {from: 2020-01-01, until: 2023-12-31, source: law, value: 10}
      - {from: 2024-01-01, source: law, value: 20}
"""
    rules = """
- {id: positive.tax, title: 税收, list: positive, effect: reject, departments: [tax], basis: [{criterion: floor}], require: {field: annual_tax, at_least: {criterion: floor}}}
"""
    ruleset = ruleset_of(rules, criteria, "[]", "{dimensions: {}, labels: []}")
    head = ["project_id", "project_name", "submitted_on", "annual_tax", "日期"]
    # The day is read as any date is.
    rows = [["1", "甲", "2024-06-01", "15", "2023年6月1日"], ["2", "乙", "2024-06-01", "15", ""]]
    rows.append(["3", "丙", "2024-06-01", "15", "2023-06-01T00:00:00+08:00"])
    write = {"csv": as_csv, "xlsx": as_xlsx}[suffix]
    source = write(tmp_path / f"in.{suffix}", [head, *rows])
    out = tmp_path / "out.csv"
    for options, expected in (
        ({}, ["reject", "reject", "reject"]),
        ({"as_of": "日期"}, ["pass", "reject"]),
        ({"as_of": dt.date(2023, 1, 1)}, ["pass", "pass", "pass"]),
    ):
        run(ruleset, [source], out, **options)
        assert [r[0] for r in rows_of(out, "verdict")] == expected


def test_few_rows_are_judged_one_by_one_with_the_same_results(
    shipped: Ruleset, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    profiles = numbered(shipped)[:60]
    write_jsonl(source, [p.to_dict(shipped.registry) for p in profiles])
    found = []
    for few in (0, 60):
        out = tmp_path / f"{few}.parquet"
        run(shipped, [source], out, few=few)
        found.append(sorted(rows_of(out)))
    assert len(found[0]) == len(profiles)
    assert found[0] == found[1]


def test_a_scorecard_in_columns_and_row_by_row(tmp_path: Path) -> None:
    ruleset = load_directory(ROOT / "profiles" / "shijiazhuang")
    same = {
        "project_name": "一个项目",
        "submitted_on": "2026-06-01",
        "dishonest_enterprise": False,
        "open_penalty": False,
        "illegal_land_use": False,
        "core_licence_held": True,
        "land_area": 40,
        "enterprise_title": "none",
        "chain_role": "none",
    }
    figures = [(12000, 1500), (6000, 600), (10000, 600)]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.parquet"
    given = [
        {**same, "project_id": f"p{n}", "fixed_asset_investment": a, "annual_tax": b}
        for n, (a, b) in enumerate(figures)
    ]
    del given[2]["chain_role"]  # The points that it may give decide.
    write_jsonl(source, given)
    expected = [
        ("p0", "pass", Decimal(80), Decimal(84), "pass"),
        ("p1", "reject", Decimal(43), Decimal(47), "refused"),
        ("p2", "refer", Decimal("59.7"), Decimal("66.7"), None),
    ]
    columns = "project_id, verdict, score_board_low, score_board_high, score_board_grade"
    for few in (0, 500):
        run(ruleset, [source], out, as_of=dt.date(2026, 6, 1), few=few)
        assert rows_of(out, columns) == expected
    findings = tmp_path / "findings.parquet"
    run(ruleset, [source], out, as_of=dt.date(2026, 6, 1), findings=findings)
    found = duckdb.sql(
        f"SELECT project_id, status, value FROM '{findings}' "
        "WHERE rule = 'scorecard.board' AND value IS NOT NULL ORDER BY 1, 2, 3"
    ).fetchall()
    assert {(p, s) for p, s, _ in found} == {
        ("p0", "satisfied"),
        ("p1", "violated"),
        ("p2", "unknown"),
    }
