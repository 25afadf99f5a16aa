"""The form as it is filled in: what matters first, what is folded away, what is asked about, other numbers."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import openpyxl
import pytest

from api.judging.judge import Judge
from api.judging.partly import readable_dossier
from api.pages.assess.dossier_form import fill, sections, typed_from
from api.pages.assess.doubts import doubts
from api.pages.assess.industries import found_industries, suggested
from api.pages.assess.live import arranged, mattering
from api.pages.assess.verdict_view import view_of
from evaluator.dossier.template import write_template
from evaluator.rulebook.verdict import Status
from evaluator.values.industries import industries, level
from tests.api.pages.visitor import Visitor, inputs_of
from tests.api.support import example, shipped

JUDGE = Judge(shipped(), "reference")
REGISTRY = JUDGE.ruleset.registry
THREE = {"project_id": "P1", "project_name": "甲", "submitted_on": "2026-11-24"}


def workbook(cells: dict[str, object]) -> bytes:
    """The template with these fields filled in, by field name."""
    out = io.BytesIO()
    write_template(REGISTRY, out)
    book = openpyxl.load_workbook(out)
    sheet = book["项目申报表"]
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value in cells:
                sheet.cell(cell.row, 2).value = cells[str(cell.value)]
    book.save(out := io.BytesIO())
    return out.getvalue()


def test_an_early_stage_asks_for_its_own_fields_first() -> None:
    told = mattering(JUDGE, {}, "lead")
    parts = arranged(sections(REGISTRY, {}), told, "线索初筛")
    assert parts[0].title == "线索初筛要的"
    first = {i.field.name for i in parts[0].inputs}
    assert {"project_name", "industry_code", "total_investment"} <= first
    assert len(first) < 30
    assert all(p.later for p in parts[1:])
    everything = [i.name for p in parts for i in (*p.inputs, *p.idle)]
    assert sorted(everything) == sorted(i.name for s in sections(REGISTRY, {}) for i in s.inputs)


def test_what_is_folded_away_changes_no_verdict_while_the_rest_stands() -> None:
    typed = {**THREE, "land_use_mode": "leased_plant"}
    told = mattering(JUDGE, typed, None)
    assert {"land_area", "plot_ratio"} <= told.idle
    assert "plant_area" not in told.idle
    before = JUDGE.evaluate(JUDGE.read(typed))
    for name, value in (("land_area", "1"), ("plot_ratio", "0.1"), ("land_class", "15")):
        after = JUDGE.evaluate(JUDGE.read({**typed, name: value}))
        assert {k: s for k, s in after.statuses.items() if s is not before.statuses[k]} == {}
    assert Status.NOT_APPLICABLE in before.statuses.values()
    assert "land_area" not in mattering(JUDGE, THREE, None).idle


def test_a_field_that_is_filled_in_is_never_folded_away() -> None:
    typed = {**THREE, "land_use_mode": "leased_plant", "land_area": "六十亩"}
    assert "land_area" not in mattering(JUDGE, typed, None).idle


def test_whatever_cannot_be_read_counts_as_not_filled_in() -> None:
    # Of a 两高 project, which refers by itself, only what can reject would still be asked.
    told = mattering(JUDGE, {"submitted_on": "昨天", "land_area": "很多", "two_high": "否"}, None)
    assert "land_area" in {w.anchor for w in told.wanted}
    assert "two_high" not in {w.anchor for w in told.wanted}


def test_a_share_below_one_is_asked_about() -> None:
    asked = {"debt_ratio": "0.6", "orders_in_hand": "0.6%", "local_supply_share": "60"}
    filled = fill({**THREE, **asked}, REGISTRY)
    assert filled.profile is not None
    found = {d.name: d.text for d in doubts(filled.profile, filled.typed, REGISTRY)}
    assert found == {"debt_ratio": "填的是 0.6%，是不是想写 60%？"}


def test_every_class_and_common_words_for_products_lead_to_a_code() -> None:
    classes = {c: n for c, n in industries().items() if level(c) == "小类"}
    assert len(classes) == 1381
    for code, name in classes.items():
        assert code in {f.code for f in found_industries(name)}, name
    assert "C3841" in {f.code for f in found_industries("锂电池")}
    assert "C1432" in {f.code for f in found_industries("预制菜")}
    assert "C3011 水泥制造" in (suggested("水泥厂") or "")
    assert suggested("qqq") is None


def test_a_wrong_cell_keeps_the_rest() -> None:
    raw = workbook(
        {
            **THREE,
            "land_area": "约十亩",
            "total_investment": 35000,
            "emissions.COD": "少",
            "emissions.SO2": 3,
        }
    )
    read = readable_dossier("表.xlsx", raw, REGISTRY)
    typed = typed_from(read.profile, REGISTRY) | read.texts
    assert typed["total_investment"] == "35000"
    assert typed["land_area"] == "约十亩"
    assert typed["emissions.COD"] == "少"
    assert typed["emissions.SO2"].startswith("3")
    assert {u.input for u in read.wrong} == {"land_area", "emissions.COD"}
    assert all(u.problem.place.cell for u in read.wrong)
    assert readable_dossier("表.xlsx", workbook({"project_id": "P1"}), REGISTRY).wrong


def test_missing_items_stand_in_the_order_of_what_they_can_do() -> None:
    result = JUDGE.judge(JUDGE.read(example("r20"))).data
    order = {q["field"]: n for n, q in enumerate(result["questions"])}
    lacks = view_of(result, JUDGE.ruleset).lacks
    asked = [[order[f.name] for f in lack.fields if f.name in order] for lack in lacks]
    assert all(ranks == sorted(ranks) for ranks in asked)
    firsts = [ranks[0] for ranks in asked if ranks]
    assert firsts == sorted(firsts)
    assert sum(map(len, asked)) > 30


def test_the_page_says_where_the_cell_is_and_keeps_what_was_read(app: Any) -> None:
    visitor = Visitor(app)
    raw = workbook({**THREE, "land_area": "约十亩", "total_investment": 35000})
    answer = visitor.client.post(
        "/assess/upload", files={"file": ("表.xlsx", raw)}, headers={"accept": "text/html"}
    )
    assert answer.status_code == 422
    typed = inputs_of(answer.text)
    assert (typed["total_investment"], typed["land_area"]) == ("35000", "约十亩")
    assert re.search(r"<b>项目申报表!B\d+</b>：<a href=\"#f-land_area\">", answer.text)
    assert "不必重新上传" in answer.text
    assert "有 1 处需要改正" in answer.text


def test_other_numbers_show_only_what_they_change(app: Any) -> None:
    visitor = Visitor(app)
    form = visitor.get("/assess?example=r36-acid-mist-purifier").text
    typed = {**inputs_of(form), "_base": "example/r36-acid-mist-purifier"}
    same = html.unescape(visitor.post("/assess/confirm", typed).text)
    assert "改了 0 项" in same
    typed["land_area"] = "200"
    checked = html.unescape(visitor.post("/assess/confirm", typed).text)
    assert "改了 1 项" in checked
    answer = html.unescape(visitor.post("/assess/result", typed).text)
    assert "与原来的数相比" in answer
    rows = re.findall(r'<td>([^<]*)</td><td data-label="原来">([^<]*)</td>', answer)
    assert [r for r in rows if r[0] == "用地面积"]
    assert visitor.post("/assess/confirm", {**typed, "_base": "example/none"}).status_code == 404
    assert visitor.post("/assess/confirm", {**typed, "_base": "decision/1"}).status_code == 401


@pytest.mark.parametrize(("name", "status"), [("clerk", 200), ("ecology", 403)])
def test_a_decision_is_tried_with_other_numbers_by_who_sees_it_whole(
    app: Any, name: str, status: int
) -> None:
    visitor = Visitor(app).log_in(name)
    assert visitor.get("/assess?decision=1").status_code == status


def test_what_is_asked_of_a_field_and_of_a_form(app: Any) -> None:
    visitor = Visitor(app)
    said = visitor.post("/assess/field?name=debt_ratio", {"debt_ratio": "0.6"}).text
    assert "是不是想写 60%" in said
    said = visitor.post("/assess/field?name=industry_code", {"industry_code": "水泥厂"}).text
    assert "C3011" in said
    told = visitor.post("/assess/ask", {"land_use_mode": "leased_plant"}).text
    (idle,) = re.findall(r'data-idle="([^"]*)"', told)
    assert "land_area" in idle.split()
    assert visitor.post("/assess/ask", {"_stage": "leed"}).status_code == 422
