"""Two rulebooks on one portfolio."""

from __future__ import annotations

import datetime as dt
from itertools import product
from pathlib import Path

import pytest

from evaluator.portfolio.compare import compare_file
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options
from evaluator.revision.impact import impact_file
from tests.portfolio.files import as_csv, rows_of
from tests.portfolio.offices import Cell, Heading, Table
from tests.portfolio.writers import WRITERS, as_json
from tests.support import CRITERIA, RULES, ruleset_of


def test_compare_names_the_rules_that_cause_each_change(tmp_path: Path) -> None:
    old = ruleset_of()
    new = ruleset_of(RULES, CRITERIA.replace("value: 20}", "value: 30}"))
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
    comparison = compare_file(old, new, source, out, Options(), silent)
    assert comparison.matrix == {("refer", "refer"): 2, ("pass", "refer"): 2, ("pass", "pass"): 1}
    assert (comparison.changed, comparison.rules) == (2, {"positive.tax": 2})
    got = sorted(rows_of(out, "project_id::VARCHAR, old_verdict, new_verdict, now_violated"))
    assert got == [(i, "pass", "refer", "positive.tax") for i in ("1", "2")]


CORE = ("a.xlsx", "a.csv", "a.jsonl", "a.parquet", "a.json")
MOVED = ["P2", "P20", "P22", "P24", "P4", "P40", "P44"]
COLUMNS = [
    Heading("项目编号", "project_id"),
    Heading("项目名称", "project_name"),
    Heading("受理日期", "submitted_on"),
    Heading("行业代码", "industry_code"),
    Heading("达产年税收（亿元）", "annual_tax", "亿元"),
    Heading("用地面积（公顷）", "land_area", "公顷"),
    Heading("两高项目", "two_high"),
]
FORMS = [pytest.param(n, marks=() if n in CORE else pytest.mark.soak) for n in (*WRITERS, "a.json")]


def a_table() -> Table:
    """On, below and above the lines of both rulesets; with what is missing, and what is refused."""
    taxes = [
        Cell(0.2),
        Cell(0.3, "0.00"),
        Cell("2000 万元"),
        Cell(None),
        Cell(0.25),
        Cell(0.3, "0,"),
    ]
    areas = [Cell(6.5), Cell("100亩"), Cell(6.66666), Cell(None), Cell("3/5")]
    rows = []
    for n, (tax, area, high) in enumerate(product(taxes, areas, (False, None))):
        day, code = Cell(dt.date(2024, 6, 3)), Cell("C3985" if n % 7 else None)
        rows.append([Cell(f"P{n}"), Cell("甲"), day, code, tax, area, Cell(high)])
    return Table(COLUMNS, rows)


@pytest.mark.parametrize("name", FORMS)
def test_every_file_by_every_engine(name: str, tmp_path: Path) -> None:
    old, new = ruleset_of(), ruleset_of(RULES, CRITERIA.replace("value: 20}", "value: 30}"))
    table, path = a_table(), tmp_path / name
    if name == "a.json":
        listed = [as_json(COLUMNS, row) for row in table.rows if good(row)]
        path.write_text(f"[{', '.join(listed)}]", "utf-8")
    else:
        WRITERS[name](path, table)
    slow = impact_file(old, new, path, "reference")
    refused = 0 if name == "a.json" else sum(not good(row) for row in table.rows)
    assert (slow.unread, slow.total) == (refused, len(table.rows) - (name == "a.json") * 20)
    moved = sorted((m.project_id, m.old, m.new, m.rules) for m in slow.moved)
    assert [m[0] for m in moved] == MOVED
    assert {m[1:] for m in moved} == {("pass", "refer", ("positive.tax",))}
    if name == "a.json":
        return
    fast = impact_file(old, new, path, "columnar")
    assert sorted((m.project_id, m.old, m.new, m.rules) for m in fast.moved) == moved
    assert (fast.matrix, fast.unread, fast.total) == (slow.matrix, slow.unread, slow.total)
    assert fast.reading == slow.reading
    assert fast.touched == slow.touched
    assert len(slow.touched) > len(slow.moved)
    for few in (0, 500):
        found = compare_file(old, new, path, None, Options(few=few), silent)
        assert found.matrix == slow.matrix
        assert (found.counts.rejected, found.counts.total) == (slow.unread, slow.total)
        assert found.findings == slow.findings
        assert found.amounts == {k: (f.count, f.amounts) for k, f in slow.flows.items()}
        assert found.departments == {d: n["touched"] for d, n in slow.by_department.items()}
        assert found.industries == {i: n["touched"] for i, n in slow.by_industry.items()}


def good(row: list[Cell]) -> bool:
    return row[4].code != "0," and row[5].value != "3/5"
