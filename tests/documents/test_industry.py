"""Candidates for the industry code, with the words that match."""

from __future__ import annotations

import re
from pathlib import Path

from evaluator.documents.industry import candidates, industries
from evaluator.documents.reading import answer
from evaluator.dossier.fields import base_registry

ROOT = Path(__file__).parents[2]


def test_a_products_common_word_counts_before_pieces_of_a_name() -> None:
    best = candidates("网络接插件生产线项目")
    assert (best[0].code, best[0].name) == ("C3989", "其他电子元件制造")
    assert best[0].words == ("接插件",)
    assert len(candidates("高端智能装备材料制造基地项目")) <= 5
    assert candidates("高端铝型材深加工项目")[0].code == "C3252"
    assert all(c.code in industries() for c in candidates("废旧轮胎循环利用项目"))


def test_what_the_text_tells_of_products_counts_too() -> None:
    text = "项目名称：启航基地项目\n建设内容：年产300万套汽车刹车盘。\n总投资2亿元。"
    dossier = answer("a.txt", text.encode(), base_registry())["dossiers"][0]
    assert dossier["industries"][0]["code"] == "C3670"
    assert "刹车盘" in dossier["industries"][0]["words"]


def test_of_published_projects_most_have_their_class_among_the_five() -> None:
    found = said = 0
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        text = path.read_text("utf-8")
        code = re.search(r"^\s*industry_code:\s*['\"]?([A-Z]\d+)", text, re.M)
        name = re.search(r"^\s*project_name:\s*['\"]?([^\n'\"]+)", text, re.M)
        if code and name:
            said += 1
            five = candidates(name[1])
            found += any(c.code.startswith(code[1]) or code[1].startswith(c.code) for c in five)
    assert said >= 20
    assert found * 10 >= said * 6
