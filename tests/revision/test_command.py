"""``admission rules impact``: what is told, one count opened, and a hint where the change begins later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cli.publish import publish_app
from tests.support import CRITERIA, LABELS, METRICS, RULES, good

LATER = "until: 2026-12-31, value: 20}, {from: 2027-01-01, source: law, clause: 第四条, verified: true, value: 200}"


def rulebook(directory: Path, criteria: str) -> Path:
    files = {
        "criteria.yaml": criteria,
        "rules/metrics.yaml": METRICS,
        "rules/labels.yaml": LABELS,
        "rules/rules.yaml": RULES,
    }
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return directory


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    dossiers = [
        good(project_id="P1", project_name="甲", submitted_on="2024-06-03", employees=80),
        good(project_id="P2", project_name="乙", submitted_on="2024-06-03", industry_code=None),
    ]
    lines = [json.dumps({k: v for k, v in d.items() if v is not None}) for d in dossiers]
    (tmp_path / "d.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    old = rulebook(tmp_path / "old", CRITERIA)
    new = rulebook(tmp_path / "new", CRITERIA.replace("value: 20}", "value: 200}"))
    later = rulebook(tmp_path / "later", CRITERIA.replace("value: 20}", LATER))
    return {"old": str(old), "new": str(new), "later": str(later), "d": str(tmp_path / "d.jsonl")}


def run(given: dict[str, str], new: str, *more: str) -> tuple[str, str]:
    words = ["impact", given["old"], given[new], "--dossiers", given["d"], *more]
    answer = CliRunner().invoke(publish_app, words)
    assert answer.exit_code == 0, answer.output
    return answer.stdout, answer.stderr


def test_counts_are_told_and_one_is_opened(given: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "moved.jsonl"
    told, _ = run(given, "new", "-o", str(out))
    assert "共 2 份材料，结论改变 1 份，有任何变动 2 份" in told
    assert "规则 positive.tax（亩均税收）：新不符合 2 份" in told
    assert "就业人数 80 人（1 份填了）" in told
    assert len(out.read_text("utf-8").splitlines()) == 2
    opened, _ = run(given, "new", "--rule", "positive.tax:violated", "--industry", "C39")
    assert opened.splitlines()[0] == "共 1 份"
    assert "P1：准入 → 提交会审，positive.tax（亩均税收）新不符合" in opened
    none, _ = run(given, "new", "--department", "ecology", "--json")
    assert json.loads(none) == []


def test_a_change_that_begins_later_says_from_when(given: dict[str, str]) -> None:
    told, hint = run(given, "later")
    assert "有任何变动 0 份" in told
    assert "改动从 2027-01-01 起；材料都在此前受理的，加 --as-of 2027-01-01 看影响" in hint
    then, _ = run(given, "later", "--as-of", "2027-01-01")
    assert "新不符合 2 份" in then


def test_a_change_that_is_none_is_refused(given: dict[str, str]) -> None:
    words = [
        "impact",
        given["old"],
        given["new"],
        "--dossiers",
        given["d"],
        "--rule",
        "positive.tax:x",
    ]
    refused = CliRunner().invoke(publish_app, words)
    assert refused.exit_code == 2
    assert "violated（新不符合）" in refused.output
