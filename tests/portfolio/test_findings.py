"""The findings of a portfolio, rule by rule."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.rulebook.ast import Compare, Ruleset
from evaluator.rulebook.verdict import Status
from evaluator.rulebook.walk import leaves
from tests.portfolio.files import numbered, rows_of, run, write_jsonl


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
