"""What ``admission rules publish`` prints of a check: stages, verdicts and rules in words."""

from __future__ import annotations

from typing import Any

import pytest

from api.store.proposals.checks import STAGES as SERVED
from evaluator.cli import publish
from evaluator.rulebook.load import load_layers
from tests.rulebook.corpus import MINIMAL, texts

RULESET = load_layers((("base", texts(MINIMAL)),))


class Service:
    """A service whose check goes through every stage."""

    def __init__(self) -> None:
        self.left = [("running", "进行中", stage) for stage in SERVED] + [("done", "完成", "")]

    def call(self, method: str, path: str) -> dict[str, Any]:
        """The next state of the check."""
        assert (method, path) == ("GET", "/proposals/1/checks")
        state, label, stage = self.left.pop(0)
        return {"state": state, "label": label, "stage": stage}


def test_stages_are_told_in_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "POLL_SECONDS", 0)
    publish._wait(Service(), 1, 60)  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "检查：进行中（检查写法）"
    assert lines[-1] == "检查：完成"
    assert len(lines) == len(SERVED) + 1
    assert not any(stage in line for line in lines for stage in SERVED)


def test_what_a_check_found(capsys: pytest.CaptureFixture[str]) -> None:
    moved = {
        "ref": "决定 3",
        "old": "pass",
        "new": "refer",
        "rules": ["positive.land_tax", "x.gone"],
    }
    problem = {
        "severity": "error",
        "file": "rules/r.yaml",
        "line": 2,
        "column": 8,
        "code": "E101",
        "message": "冒号用了全角",
        "hint": "改为半角冒号",
    }
    impact = {"total": 30, "moved_total": 25, "moved": [moved] * 25}
    run = {"error": None, "result": {"check": {"problems": [problem]}, "impact": impact}}
    publish._tell(run, RULESET)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "rules/r.yaml:2:8 E101 冒号用了全角",
        "  提示：改为半角冒号",
        "影响：已有决定 30 份，结论改变 25 份",
    ]
    assert lines[3] == "  决定 3：准入 → 提交会审，因 positive.land_tax（亩均税收）、x.gone"
    assert lines[-1] == "  另有 5 份没有列出，见网页上的提案"
