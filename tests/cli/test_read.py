"""``admission read``: JSON, and a dossier file that can be judged."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from evaluator.cli.app import app
from evaluator.dossier.fields import base_registry
from evaluator.dossier.files import read_dossiers

BRIEF = """项目编号：LQ-2025-007
受理日期：2025年3月4日
项目名称：精密轴承制造项目
总投资3.2亿元，固定资产投资约2.5亿元，用地60亩。
项目不属于“两高”项目。
主要污染物：化学需氧量排放量3.06吨/年。
"""


def test_the_draft_can_be_judged_and_keeps_quotes(tmp_path: Path) -> None:
    source = tmp_path / "简讯.txt"
    source.write_text(BRIEF, "utf-8")
    output = tmp_path / "dossier.yaml"
    result = CliRunner().invoke(app, ["read", str(source), "-o", str(output)])
    assert result.exit_code == 0, result.output
    text = output.read_text("utf-8")
    assert "# fixed_asset_investment: 25000  # 约数" in text
    assert "总投资3.2亿元" in text
    (profile,) = read_dossiers(output, base_registry())
    assert profile.values["total_investment"] == 32000
    assert profile.values["two_high"] is False
    assert "fixed_asset_investment" not in profile.values


def test_json_of_one_and_of_several_files(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text(BRIEF, "utf-8")
    one = json.loads(CliRunner().invoke(app, ["read", str(source), "--json"]).output)
    assert one["problems"] == []
    excerpts = {e["field"]: e for e in one["dossiers"][0]["excerpts"]}
    assert excerpts["total_investment"]["value"] == "32000"
    assert excerpts["total_investment"]["unit"] == "万元"
    assert excerpts["two_high"]["value"] is False
    assert excerpts["emissions.COD"]["value"] == "3.06"
    assert not excerpts["fixed_asset_investment"]["ticked"]
    missing = str(tmp_path / "nothing.txt")
    result = CliRunner().invoke(app, ["read", str(source), missing, "--json"])
    assert result.exit_code == 2
    both = json.loads(result.output)
    assert [bool(a["problems"]) for a in both] == [False, True]


def test_a_citys_own_field_is_found_by_its_own_words(tmp_path: Path) -> None:
    from evaluator.rulebook.shipped import rulebook_path

    book = tmp_path / "book"
    book.mkdir()
    shipped = rulebook_path(None)
    (book / "criteria.yaml").write_text((shipped / "criteria.yaml").read_text("utf-8"), "utf-8")
    (book / "rules").symlink_to(shipped / "rules")
    (book / "fields.yaml").write_text(
        "fields:\n"
        "  - name: cold_storage\n"
        "    label: 冷库容积\n"
        "    type: decimal\n"
        "    group: investment\n"
        "    unit: 立方米\n"
        "    excerpt: {names: [冷藏库容积, 冻库容积]}\n",
        "utf-8",
    )
    source = tmp_path / "a.txt"
    source.write_text("本项目冻库容积2.4万立方米。", "utf-8")
    args = ["read", str(source), "--json", "--rulebook", str(book)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    (excerpt,) = json.loads(result.output)["dossiers"][0]["excerpts"]
    assert (excerpt["field"], excerpt["value"], excerpt["ticked"]) == (
        "cold_storage",
        "24000",
        True,
    )
