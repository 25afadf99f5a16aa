"""``admission rules check`` and ``admission rules test``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.typed import run
from tests.support import CRITERIA, METRICS, RULES


def test_rules_check_and_test_of_the_shipped_rulebook() -> None:
    assert "0 处错误" in run("rules", "check", "--quiet").stdout
    assert "0 个不通过" in run("rules", "test").stdout


def test_rules_check_shows_the_line_and_a_hint(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "criteria.yaml").write_text(CRITERIA, "utf-8")
    (tmp_path / "rules/metrics.yaml").write_text(METRICS, "utf-8")
    (tmp_path / "rules/labels.yaml").write_text("dimensions: {output: 产出}\n", "utf-8")
    (tmp_path / "rules/r.yaml").write_text(RULES.replace("tax_floor}, ", "tax_flor}, "), "utf-8")
    text = RULES.replace("criterion: tax_floor}}", "criterion: tax_flor}}")
    (tmp_path / "rules/r.yaml").write_text(text, "utf-8")
    out = run("rules", "check", tmp_path, code=1).stdout
    assert "rules/r.yaml:6:" in out
    assert "^^^^^^^^" in out
    assert "是否想写“tax_floor”" in out
    found = json.loads(run("rules", "check", tmp_path, "--json", code=1).stdout)
    assert {"code", "message", "file", "line", "column"} <= found[0].keys()
