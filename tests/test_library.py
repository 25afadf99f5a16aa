"""The front door: what it shows, what it costs to open, and that it says what the engine says."""

from __future__ import annotations

import ast
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import evaluator
from tests.support import CRITERIA, LABELS, METRICS, ROOT, RULES

BASE: dict[str, Any] = {
    "project_id": "T1",
    "project_name": "测试项目",
    "submitted_on": dt.date(2024, 6, 3),
}


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> evaluator.Rulebook:
    """The small rulebook of the tests, out of a directory."""
    path = tmp_path_factory.mktemp("rulebook")
    (path / "rules").mkdir()
    (path / "criteria.yaml").write_text(CRITERIA, "utf-8")
    for name, text in (("metrics", METRICS), ("labels", LABELS), ("rules", RULES)):
        (path / "rules" / f"{name}.yaml").write_text(text, "utf-8")
    return evaluator.load_rulebook(path)


def test_the_names_shown_are_exact_and_each_is_there() -> None:
    path = ROOT / "evaluator" / "__init__.py"
    typed = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert sorted(typed) == evaluator.__all__
    assert sorted(n for names in evaluator._HOMES.values() for n in names) == evaluator.__all__
    for name in evaluator.__all__:
        assert getattr(evaluator, name).__doc__, name
        assert name in dir(evaluator)
    with pytest.raises(AttributeError, match="no attribute 'judge'"):
        evaluator.judge  # noqa: B018


@pytest.mark.parametrize("statement", ["import evaluator", "from evaluator import *"])
def test_opening_the_door_loads_no_engine(statement: str) -> None:
    code = (
        f"import sys\n{statement}\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'z3', 'duckdb', 'durable', 'durable_rules_engine', 'ibis', 'openpyxl'}))\n"
        "print('evaluator.library' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["", str("*" in statement)]


def test_a_dict_is_judged_and_every_reason_told(rulebook: evaluator.Rulebook) -> None:
    judgement = rulebook.evaluate(
        {**BASE, "annual_tax": "900 万元", "land_area": 100, "industry_code": "C3985"}
    )
    assert judgement.verdict is evaluator.Verdict.REFER
    assert judgement.verdict_label == "提交会审"
    assert judgement.sentence.startswith("提交会审：1 项正面标准未达到")
    assert (judgement.project_id, judgement.as_of) == ("T1", dt.date(2024, 6, 3))
    assert [r.rule for r in judgement.reasons] == [
        "negative.energy",
        "negative.industry",
        "positive.tax",
    ]
    # What is violated goes before what is not known.
    tax, energy = judgement.blocking
    assert (tax.title, tax.status_label, tax.effect) == ("亩均税收", "不符合", "refer")
    assert (tax.value, tax.required, tax.unit) == ("9", "20", "万元/亩/年")
    assert (tax.gap, tax.gap_relative, tax.example) == ("11", "55%", False)
    assert [c.text for c in tax.basis] == ["《测试办法》（测〔2024〕1号）第三条"]
    assert dict(tax.departments) == {"tax": "税务部门"}
    assert tax.message == "亩均税收 9 万元/亩/年，低于 20 万元/亩/年"
    assert tax.remedy == "提高税收或核减用地"
    assert energy.status is evaluator.Status.UNKNOWN
    assert energy.missing["two_high"] == "两高项目"
    assert judgement.remedy == judgement.result["counterfactual"]["text"]
    assert judgement.remedy.startswith("用地面积由 100 亩降低到 45 亩")
    assert judgement.labels == ()


def test_each_reason_says_what_the_canonical_result_says() -> None:
    judgement = evaluator.load_rulebook(ROOT).evaluate_file(
        ROOT / "examples" / "r36-acid-mist-purifier.yaml"
    )[0]
    for reason, finding in zip(judgement.reasons, judgement.result["findings"], strict=True):
        gap = finding.pop("gap") or {"absolute": None, "relative": None}
        assert (reason.gap, reason.gap_relative) == (gap["absolute"], gap["relative"])
        assert [c.to_dict() for c in reason.basis] == finding.pop("basis")
        assert list(reason.departments) == finding.pop("departments")
        assert list(reason.missing) == finding.pop("missing")
        del finding["dimension"], finding["reasons"]
        assert {key: getattr(reason, key) for key in finding} == finding
    order = [(r.status is evaluator.Status.UNKNOWN) for r in judgement.blocking]
    assert order == sorted(order)
    assert {r.rule for r in judgement.blocking} == set(judgement.evaluation.blocking)


def test_a_bad_dossier_is_refused_with_everything_that_is_wrong(
    rulebook: evaluator.Rulebook, tmp_path: Path
) -> None:
    with pytest.raises(evaluator.DossierError) as refused:
        rulebook.evaluate({"project_id": "T1", "land_area": "3 头", "land": 1})
    assert [(p.code, p.place.pointer) for p in refused.value.problems] == [
        ("D104", "/land_area"),
        ("D101", "/land"),
        ("D109", ""),
        ("D109", ""),
    ]
    with pytest.raises(evaluator.DossierError, match="传入的数据就是申报材料本身"):
        rulebook.evaluate({"dossier": BASE})
    path = tmp_path / "two.jsonl"
    path.write_text("{}\n[]\n", "utf-8")
    with pytest.raises(evaluator.AdmissionError) as refused_file:
        rulebook.evaluate_file(path)
    assert isinstance(refused_file.value, evaluator.DossierError)
    assert {p.place.line for p in refused_file.value.problems} == {1, 2}


def test_a_bad_rulebook_is_refused_with_everything_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(evaluator.RulebookError):
        evaluator.load_rulebook(tmp_path / "none")
    (tmp_path / "rules").mkdir()
    (tmp_path / "criteria.yaml").write_text(CRITERIA, "utf-8")
    wrong = RULES.replace("at_least", "atleast").replace("{field: two_high,", "{field: two_hihg,")
    (tmp_path / "rules" / "rules.yaml").write_text(wrong, "utf-8")
    with pytest.raises(evaluator.RulebookError) as refused:
        evaluator.load_rulebook(str(tmp_path))
    assert len({p.place.line for p in refused.value.problems}) >= 2


def test_every_dossier_of_a_file_is_judged_in_its_order(
    rulebook: evaluator.Rulebook, tmp_path: Path
) -> None:
    path = tmp_path / "many.json"
    dossiers = [{**BASE, "submitted_on": "2024-06-03", "project_id": f"T{n}"} for n in (3, 1, 2)]
    path.write_text(json.dumps(dossiers, ensure_ascii=False), "utf-8")
    judged = rulebook.evaluate_file(str(path), dt.date(2024, 7, 1))
    assert [j.project_id for j in judged] == ["T3", "T1", "T2"]
    assert {j.as_of for j in judged} == {dt.date(2024, 7, 1)}
    assert repr(judged[0]) == "<Judgement T3 2024-07-01: refer>"


def test_a_notebook_shows_verdict_figures_basis_and_departments_escaped(
    rulebook: evaluator.Rulebook,
) -> None:
    name = '<script>alert("1")</script> & 公司'
    dossier = {**BASE, "project_name": name, "annual_tax": 900, "land_area": 100}
    html = rulebook.evaluate({**dossier, "industry_code": "C2614"})._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 公司" in html
    for text in (
        "不予准入：触及 1 项否决项（禁止行业）",
        "《测试标准》",
        "不予准入的情形（1 项）",
        "9 万元/亩/年",
        "20 万元/亩/年",
        "11 万元/亩/年（55%）",
        "《测试办法》（测〔2024〕1号）第三条",
        "税务部门",
        "两高项目",
        "怎样可以准入",
    ):
        assert text in html, text
    passed = rulebook.evaluate(
        {**BASE, "annual_tax": 2000, "land_area": 100, "industry_code": "C3985", "two_high": False}
    )
    assert passed.labels == ("好项目",)
    assert "怎样可以准入" not in passed._repr_html_()
    assert "标签：好项目" in passed._repr_html_()
