"""Two rulebooks on one portfolio."""

from __future__ import annotations

from pathlib import Path

from evaluator.portfolio.compare import compare_file
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options
from tests.portfolio.files import as_csv, rows_of
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
