"""Comparisons by the rounded value in the columnar engine: what is missing, and what a finding shows."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from evaluator.dossier.dossier import make_profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from tests.portfolio.files import rows_of, run, write_jsonl
from tests.support import ruleset_of

SOURCES = """
language: 1
profile: {id: t, title: 例}
sources: {s: {title: 某办法, level: city}}
criteria:
"""
A = {"project_id": "P1", "project_name": "甲", "submitted_on": "2024-06-03"}


def rule(leaf: str, effect: str) -> str:
    return (
        f"- {{id: positive.plot_ratio, title: 容积率, list: positive, effect: {effect}, "
        f"departments: [natural_resources], basis: [{{criterion: c}}], require: {{field: plot_ratio, {leaf}: {{criterion: c}}}}}}\n"
    )


@pytest.mark.parametrize("leaf", ["equals", "at_least", "at_most", "more_than", "less_than"])
@pytest.mark.parametrize("target", ["1.25", "1.2"])
@pytest.mark.parametrize("digits", [0, 1])
def test_a_missing_value_is_unknown_whatever_it_is_compared_with(
    leaf: str, target: str, digits: int, tmp_path: Path
) -> None:
    """1.25 with one digit is a target that no value rounds to; that does not make a missing one known."""
    kind = {"equals": "value", "at_least": "floor", "more_than": "floor"}.get(leaf, "ceiling")
    criteria = SOURCES + (
        f"  c: {{title: 规定, kind: {kind}, unit: '1', compare: {{rounded: {digits}}}, "
        f"values: [{{from: 2024-01-01, source: s, verified: true, value: {target}}}]}}\n"
    )
    ruleset = ruleset_of(rule(leaf, "reject"), criteria, "[]", "{dimensions: {}, labels: []}")
    values = [None, "1.2", "1.24", "1.25", "1.249", "1.3", "0.9", "1"]
    rows = [
        {**A, "project_id": f"P{n}", **({"plot_ratio": v} if v else {})}
        for n, v in enumerate(values)
    ]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.parquet"
    write_jsonl(source, rows)
    run(ruleset, [source], out)
    found = dict(rows_of(out, "project_id, verdict"))
    engine = ReferenceEngine(ruleset)
    for row in rows:
        statuses = engine.statuses(make_profile(ruleset.registry, **row), dt.date(2024, 6, 3))
        assert found[row["project_id"]] == combine(ruleset, statuses).value, row
    assert found["P0"] == "refer"


def test_the_findings_of_a_rounded_table_by_industry(tmp_path: Path) -> None:
    criteria = SOURCES + (
        "  c: {title: 下限, kind: floor, unit: '1', by: [industry_code], compare: {rounded: 1}, values: "
        "[{from: 2024-01-01, source: s, verified: true, rows: [{industry_code: C39, value: 1.2}, {value: 0.8}]}]}\n"
    )
    ruleset = ruleset_of(rule("at_least", "refer"), criteria, "[]", "{dimensions: {}, labels: []}")
    source = tmp_path / "in.jsonl"
    rows = [
        {**A, "project_id": f"P{n}", "industry_code": "C3985", "plot_ratio": v}
        for n, v in enumerate(("1.15", "1.25", "1.149"))
    ]
    source.write_text("\n".join(json.dumps(r) for r in rows), "utf-8")
    findings = tmp_path / "f.parquet"
    run(ruleset, [source], tmp_path / "out.csv", findings=findings)
    found = sorted(rows_of(findings, "project_id, status, value_about, required_about"))
    assert found == [
        ("P0", "satisfied", 1.15, 1.2),
        ("P1", "satisfied", 1.25, 1.2),
        ("P2", "violated", 1.149, 1.2),
    ]
