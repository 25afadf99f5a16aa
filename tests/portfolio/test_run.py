"""Portfolios from files: read, rejected, judged and compared like single dossiers."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from evaluator.cli.portfolio import portfolio_app
from evaluator.dossier.dossier import Profile, make_profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import Evaluator
from evaluator.portfolio.compare import compare_file
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options, Summary, evaluate_files, rejects_path
from evaluator.rulebook.ast import Compare, Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status
from evaluator.rulebook.walk import leaves
from tests.portfolio.tables import corpus
from tests.support import ROOT, RULES, ruleset_of


@pytest.fixture(scope="module")
def shipped() -> Ruleset:
    return load_directory(ROOT)


def run(ruleset: Ruleset, paths: list[Path], out: Path, **options: Any) -> Summary:
    return evaluate_files(ruleset, paths, out, Options(**options), silent)


def rows_of(path: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    return duckdb.sql(f"SELECT {columns} FROM '{path}'").fetchall()


def numbered(ruleset: Ruleset) -> list[Profile]:
    """The corpus with an id of its own for each dossier, judged at its own date of acceptance."""
    out = []
    for n, (found, day) in enumerate(corpus(ruleset)):
        values = {**found.to_dict(ruleset.registry), "project_id": f"P{n}", "submitted_on": day}
        out.append(make_profile(ruleset.registry, **values))
    return out


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(
        "\n".join(json.dumps(r, ensure_ascii=False, default=str) for r in rows), "utf-8"
    )


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


@pytest.mark.soak
def test_findings_have_the_values_of_the_reference(shipped: Ruleset, tmp_path: Path) -> None:
    profiles = numbered(shipped)[:60]
    source, findings = tmp_path / "in.jsonl", tmp_path / "findings.parquet"
    write_jsonl(source, [p.to_dict(shipped.registry) for p in profiles])
    run(shipped, [source], tmp_path / "out.parquet", findings=findings)
    engine = ReferenceEngine(shipped)
    got = {
        (r[0], r[1], r[3]): r
        for r in rows_of(findings, "project_id, rule, status, leaf, value, required")
    }
    checked = 0
    for p in profiles:
        for rule_id, trace in engine.assess(p, p.submitted_on).traces.items():
            if trace.status is Status.NOT_APPLICABLE:
                assert (p.id, rule_id, 0) not in got
                continue
            compares = [x for x in leaves(trace.rule.require) if isinstance(x, Compare)]
            traces = [x for x in trace.require_leaves if isinstance(x.leaf, Compare)]
            for k, leaf in enumerate(traces[: len(compares)]):
                row = got[p.id, rule_id, k]
                assert row[2] == trace.status
                for text, amount in ((row[4], leaf.left), (row[5], leaf.right)):
                    assert _fraction(text) == (amount if isinstance(amount, Fraction) else None)
                    checked += 1
    assert checked > 1000


def _fraction(text: str | None) -> Fraction | None:
    if text is None:
        return None
    top, _, bottom = text.partition("/")
    return Fraction(top) / Fraction(bottom or "1")


HEAD = [
    "项目编号",
    "项目名称",
    "受理日期",
    "行业代码",
    "达产年税收",
    "用地面积（公顷）",
    "两高项目",
    "备注",
]
GOOD = ["A1", "甲", "2024-06-03", "C3985", "0.2 亿元", "6.66666", "否", "x"]
BAD = [
    (["A2", "乙", "2024-06-03", "C9985", "100", "1", "否", ""], "行业代码"),
    (["A3", "丙", "2024-13-03", "C3985", "100", "1", "否", ""], "受理日期"),
    (["A4", "丁", "2024年6月3日", "C3985", "abc", "1", "否", ""], "达产年税收"),
    (["A5", "戊", "2024-06-03", "C3985", "-1", "1", "否", ""], "达产年税收"),
    (["", "己", "2024-06-03", "C3985", "1", "1", "否", ""], "项目编号"),
    (["A7", "庚", "2024-06-03", "C3985", "1.00000001", "1", "否", ""], "超出批量评估的范围"),
    (["A8", "辛", "2024-06-03", "C3985", "1", "1", "也许", ""], "两高项目"),
    (["A9", "壬", "2024-06-03", "C3985", "12345678901234", "1", "否", ""], "超出批量评估的范围"),
]


def as_csv(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)
    return path


def as_xlsx(path: Path, rows: list[list[str]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def as_sqlite(path: Path, rows: list[list[str]]) -> Path:
    db = sqlite3.connect(path)
    db.execute(f"CREATE TABLE d ({', '.join(f'[{h}] TEXT' for h in rows[0])})")
    db.executemany(f"INSERT INTO d VALUES ({','.join('?' * len(HEAD))})", rows[1:])
    db.commit()
    db.close()
    return path


def as_parquet(path: Path, rows: list[list[str]]) -> Path:
    source = as_csv(path.with_suffix(".csv"), rows)
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{source}', all_varchar=true)) TO '{path}'")
    return path


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
    assert [r[0] for r in rejects] == list(range(2, 10))
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


def test_an_item_of_too_odd_a_value_is_one_bad_row(tmp_path: Path) -> None:
    """All items of a file are held times one number: one row must not make it too large for all."""
    good = {"project_id": "1", "project_name": "甲", "submitted_on": "2024-06-03"}

    def items(*values: str) -> dict[str, Any]:
        found = [{"product": f"产品{v}", "value": f"1/{v}", "unit": "千瓦时/吨"} for v in values]
        return {**good, "product_energy": found}

    source = tmp_path / "in.jsonl"
    write_jsonl(source, [items("3"), items("1000003", "999983", "999979"), items("7")])
    summary = run(ruleset_of(), [source], tmp_path / "out.csv")
    assert (summary.judged, summary.rejected) == (2, 1)
    ((row, reason),) = rows_of(rejects_path(tmp_path / "out.csv"), "row_number, reason")
    assert row == 2
    assert reason.startswith("单位产品能耗（product_energy）：数值的位数超出")


def test_too_little_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error")

    source = tmp_path / "in.jsonl"
    write_jsonl(source, [{"project_id": "1"}])
    monkeypatch.setattr("evaluator.portfolio.run.connect", full)
    arguments = ["evaluate", str(source), "-o", str(tmp_path / "out.csv")]
    found = CliRunner().invoke(portfolio_app, arguments)
    assert found.exit_code == 2
    assert "超出内存上限" in found.output


def test_the_date_may_come_from_a_column_or_be_one_for_all(tmp_path: Path) -> None:
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
    rows = [["1", "甲", "2024-06-01", "15", "2023-06-01"], ["2", "乙", "2024-06-01", "15", ""]]
    source = as_csv(tmp_path / "in.csv", [head, *rows])
    out = tmp_path / "out.csv"
    for options, expected in (
        ({}, ["reject", "reject"]),
        ({"as_of": "日期"}, ["pass", "reject"]),
        ({"as_of": dt.date(2023, 1, 1)}, ["pass", "pass"]),
    ):
        run(ruleset, [source], out, **options)
        assert [r[0] for r in rows_of(out, "verdict")] == expected


def test_compare_names_the_rules_that_cause_each_change(tmp_path: Path) -> None:
    old = ruleset_of()
    new = ruleset_of(RULES, ruleset_criteria().replace("value: 20}", "value: 30}"))
    head = [
        "project_id",
        "project_name",
        "submitted_on",
        "industry_code",
        "annual_tax",
        "land_area",
    ]
    rows = [
        [str(n), "甲", "2024-06-03", "C3985", str(tax), "100"]
        for n, tax in enumerate((1000, 2000, 2999, 3000, ""))
    ]
    source = as_csv(tmp_path / "in.csv", [[*head, "two_high"], *([*r, "false"] for r in rows)])
    out = tmp_path / "changes.csv"
    found = compare_file(old, new, source, out, Options(), silent)
    assert found.matrix == {("refer", "refer"): 2, ("pass", "refer"): 2, ("pass", "pass"): 1}
    assert (found.changed, found.rules) == (2, {"positive.tax": 2})
    got = sorted(rows_of(out, "project_id::VARCHAR, old_verdict, new_verdict, now_violated"))
    assert got == [(i, "pass", "refer", "positive.tax") for i in ("1", "2")]


def ruleset_criteria() -> str:
    from tests.support import CRITERIA

    return CRITERIA


def test_command_line(tmp_path: Path) -> None:
    source = as_csv(tmp_path / "in.csv", [HEAD, GOOD, BAD[0][0]])
    out, html = tmp_path / "out.parquet", tmp_path / "report.html"
    # A path of a temporary directory may be long: the lines are not to be folded.
    runner = CliRunner(env={"COLUMNS": "200"})
    result = runner.invoke(
        portfolio_app, ["evaluate", str(source), "-o", str(out), "--html", str(html)]
    )
    assert result.exit_code == 0, result.output
    assert "退回 1 份" in result.output
    page = html.read_text("utf-8")
    assert "<svg" in page
    assert "http" not in page
    compared = runner.invoke(
        portfolio_app,
        ["compare", str(source), "--old", str(ROOT), "--new", str(ROOT), "--html", str(html)],
    )
    assert compared.exit_code == 0, compared.output
    assert "结论改变 0 份" in compared.output
    missing = runner.invoke(portfolio_app, ["evaluate", str(tmp_path / "no.csv"), "-o", str(out)])
    assert missing.exit_code == 2
