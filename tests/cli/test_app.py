"""The ``admission`` command as a person runs it: its output and exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.typed import D01, R36, flat, run, start


def test_a_person_reads_the_conclusion_first_and_every_column() -> None:
    out = start("evaluate", R36).stdout
    lines = [line for line in out.splitlines() if line.strip()]
    assert "提交会审" in lines[1]
    for word in ("要求", "申报", "差距", "依据", "责任部门", "怎么办", "缺的材料", "由谁提供"):
        assert word in out
    words = flat(out)
    assert "福州市工业企业入园准" in words
    assert "怎样可以准入：" in words
    assert "…" not in out


def test_json_is_one_object_a_dossier_and_byte_identical() -> None:
    first = start("evaluate", "--json", R36, D01).stdout
    assert first == run("evaluate", "--json", "--engine", "reference", R36, D01).stdout
    objects = [json.loads(line) for line in first.splitlines()]
    assert [o["verdict"] for o in objects] == ["refer", "pass"]
    wanted = {"dossier", "verdict", "as_of", "ruleset", "labels", "findings", "counterfactual"}
    finding = {
        "rule",
        "status",
        "effect",
        "departments",
        "value",
        "required",
        "unit",
        "gap",
        "basis",
        "missing",
        "remedy",
    }
    for o in objects:
        assert wanted <= o.keys()
        assert all(finding <= f.keys() for f in o["findings"])
    assert objects[1]["labels"] == ["四高项目"]


def test_as_of_and_department() -> None:
    data = json.loads(run("evaluate", "--json", "--as-of", "2026-01-01", R36).stdout)
    assert data["as_of"] == "2026-01-01"
    out = run("evaluate", "--json", "--department", "ecology", R36).stdout
    assert all("ecology" in f["departments"] for f in json.loads(out)["findings"])


def test_explain_prints_formula_row_basis_and_yaml() -> None:
    out = run("explain", R36, "--rule", "positive.investment_intensity").stdout
    for text in (
        "固定资产投资 ÷ 用地面积 = 10704.29 万元 ÷ 62.21109 亩 = 172.06 万元/亩",
        "《福州市工业企业入园准入指导意见》",
        "criteria.yaml:",
        "规则原文 rules/positive/investment.yaml:",
        "- id: positive.investment_intensity",
    ):
        assert text in out
    everything = run("explain", R36, "--json").stdout
    traces = json.loads(everything)["traces"]
    assert len(traces) > 10
    assert run("explain", D01).stdout.count("没有影响结论的事项") == 1


def test_bad_input_is_exit_2_with_nothing_judged_and_everything_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "project_id: X1\nproject_name: 甲\nsubmitted_on: 2024-06-03\n"
        "land_aera: 10\nannual_tax: 3 吨\nbuilding_coefficient: 140\n",
        "utf-8",
    )
    done = start("evaluate", D01, bad, code=2)
    assert done.stdout == ""
    for text in (
        "bad.yaml:4:1",
        "land_area",
        "bad.yaml:5:13",
        "万元/年",
        "bad.yaml:6:23",
        "0 至 100",
    ):
        assert text in done.stderr
    assert "没有作任何评估" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("evaluate", "nowhere.yaml"), "nowhere.yaml"),
        (("evaluate", D01, "--as-of", "昨天"), "2024-06-01"),
        (("evaluate", D01, "--engine", "drools"), "durable"),
        (("evaluate", D01, "--department", "环保局"), "ecology"),
        (("explain", D01, "--rule", "positive.land_taxx"), "positive.land_tax"),
        (("explain", D01, "--as-of", "2023-06-01", "--rule", "negative.steel_pause"), "steel"),
        (("schema", "nothing"), "dossier"),
        (("schema", "template"), ".xlsx"),
        (("evaluate", D01, "--rulebook", "examples"), "criteria.yaml"),
    ],
)
def test_wrong_usage_says_what_is_allowed(args: tuple[str, ...], said: str) -> None:
    assert said in run(*args, code=2).stderr


def test_schema_and_template(tmp_path: Path) -> None:
    rules = json.loads(run("schema", "rules").stdout)
    assert "investment_intensity_floor" in json.dumps(rules)
    dossier = json.loads(run("schema", "dossier").stdout)
    assert dossier["properties"]["land_area"]
    form = tmp_path / "申报模板.xlsx"
    run("schema", "template", "-o", form)
    assert form.stat().st_size > 5000


def test_another_profile_is_data_alone() -> None:
    data = json.loads(run("evaluate", "--json", "--rulebook", "profiles/longchang", D01).stdout)
    assert data["ruleset"]["profile"] == "longchang"
    assert data["findings"]


def test_profiles_side_by_side(tmp_path: Path) -> None:
    """Which city admits it, and where it falls short; a field of one city is no mistake in another."""
    path = tmp_path / "one.yaml"
    path.write_text(
        "source: 试\n"
        "dossier: {project_id: P1, project_name: 试比较, submitted_on: 2024-06-03, "
        "industry_code: C3985, land_use_mode: new_industrial_land, land_area: 50, "
        "fixed_asset_investment: 16000, annual_output: 30000, annual_tax: 1400, plot_ratio: 1.3, "
        "construction_months: 20, zone_tier: coastal}\n",
        "utf-8",
    )
    cities = ("--profile", "fuzhou", "--profile", "shaoxing", "--profile", "bazhou")
    told = json.loads(run("evaluate", "--json", str(path), *cities).stdout)
    by = {p["profile"]: p for p in told["profiles"]}
    assert {k: v["verdict"] for k, v in by.items()} == {
        "fuzhou": "pass",
        "shaoxing": "refer",
        "bazhou": "refer",
    }
    assert [s["rule"] for s in by["shaoxing"]["short"]] == [
        "positive.investment_per_mu",
        "positive.tax_per_mu",
    ]
    assert by["bazhou"]["missing"] == ["项目类别"]
    words = flat(run("evaluate", str(path), *cities).stdout)
    assert "亩均税收：申报28万元/亩/年，要求30万元/亩/年" in words.replace(" ", "")
    assert run("evaluate", str(path), "--profile", "fuzho", code=2).stderr.startswith("没有剖面")


def test_industries_are_found_by_name() -> None:
    assert run("industries", "炼焦").stdout.startswith("C2521 炼焦（小类）")
    assert "没有这样的名称" in run("industries", "飞毯", code=1).stderr
