"""``admission portfolio``: what it prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from evaluator.cli.portfolio import portfolio_app
from tests.portfolio.files import BAD, GOOD, HEAD, as_csv, write_jsonl
from tests.support import ROOT


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
