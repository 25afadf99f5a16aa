"""Layouts of offices, one kind a test: what each says, and what it does not say."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.documents.reading import Reading, read
from evaluator.dossier.fields import base_registry
from tests.documents.builders import Made, P, T, build


def _reading(name: str, *parts: Any) -> Reading:
    made = Made(name, list(parts), {})
    return read(name, build(made), base_registry())


def _ticked(name: str, *parts: Any) -> dict[str, Any]:
    (one,) = _reading(name, *parts).dossiers
    return {e.field: e.value for e in one.excerpts if e.ticked}


def test_projects_side_by_side_are_one_dossier_a_column() -> None:
    reading = _reading(
        "对比.xlsx",
        T(
            [
                ["指标", "单位", "项目一", "项目二"],
                ["项目名称", "", "光掩模再制造", "双氧水扩能"],
                ["总投资", "亿元", "7.8", "4.25"],
                ["用地面积", "亩", "52", "—"],
                ["年税收", "万元", "4100", "2350"],
                ["就业人数", "人", "210", "85"],
            ]
        ),
    )
    told = {d.project: {e.field: e.value for e in d.excerpts if e.ticked} for d in reading.dossiers}
    assert told["光掩模再制造"]["total_investment"] == "78000"
    assert told["双氧水扩能"]["total_investment"] == "42500"
    assert "land_area" not in told["双氧水扩能"]


def test_rows_of_labels_over_rows_of_values_are_no_list_of_projects() -> None:
    said = _ticked(
        "表.xlsx",
        T(
            [
                ["单位：万元、亩、㎡", "<", "<", "<"],
                ["申报单位", "禾木家居股份有限公司", "项目", "柔性生产基地"],
                ["投资", "总额", "固投", "设备"],
                ["^", "46800", "39600", "21750"],
                ["用地", "土地面积", "总建筑面积", "容积率"],
                ["^", "115.8", "148200", "1.92"],
            ]
        ),
    )
    assert said["total_investment"] == "46800"
    assert said["land_area"] == "115.8"
    assert said["floor_area"] == "148200"


@pytest.mark.parametrize(("mark", "value"), [("（达产）", "7.8"), ("", None)])
def test_of_years_only_the_one_of_full_output_counts(mark: str, value: str | None) -> None:
    said = _ticked(
        "年度.docx",
        P("项目总投资6.5亿元。"),
        T(
            [
                ["年度", "2027年", "2028年", f"2029年{mark}"],
                ["营业收入（亿元）", "2.1", "4.5", "7.8"],
            ]
        ),
    )
    assert said.get("annual_revenue") == (None if value is None else "78000")


def test_options_that_are_not_ticked_say_nothing() -> None:
    said = _ticked(
        "申请.docx",
        P("是否两高：□是 ☑否　是否列入失信名单：□是 ☑否"),
        T(
            [
                ["企业情况", "2021.06.18成立；☑民企 □国企 □外企", "性质", "（ ）新建 （√）扩建"],
                ["高新技术企业", "☑是 □否", "专精特新“小巨人”", "□是 ☑否"],
            ]
        ),
    )
    assert said["two_high"] is False
    assert said["dishonest_enterprise"] is False
    assert said["investor_kind"] == "private"
    assert said["construction_kind"] == "expansion"
    assert said["enterprise_grade"] == "high_tech"


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("项目总投资3.5个亿。", "total_investment", "35000"),
        ("建设期1年半。", "construction_months", "18"),
        ("综合能耗（等价）9,860tce，（当量）5,742tce。", "annual_energy", "5742"),
        ("另外企业拟投资2亿元建设厂房。", "investor_kind", None),
        ("项目日用水90吨。", "annual_water", None),
        ("电1350万度，全年运行。", "annual_electricity", "1350"),
        ("《关于提质增效的意见》明确：新增工业用地亩均税收不低于20万元。", "land_use_mode", None),
        ("生产中不设电镀工序。", "electroplating", False),
        ("不使用溶剂型涂料。", "solvent_coating", "0"),
        ("在手订单占达产年营业收入的28%。", "orders_in_hand", "28"),
        ("年税收2000-2500万元。", "annual_tax", None),
    ],
)
def test_a_sentence_says(text: str, field: str, value: Any) -> None:
    said = _ticked("话.txt", P("项目名称：某某生产线项目"), P(text))
    assert said.get(field) == value


def test_two_figures_that_the_text_calls_different_are_in_conflict() -> None:
    (one,) = _reading(
        "汇报.txt", P("项目总投资4.35亿元，企业另一份说明中为4.53亿元，需企业核实。")
    ).dossiers
    told = {e.value: e.kind for e in one.excerpts if e.field == "total_investment"}
    assert told == {"43500": "conflicting", "45300": "conflicting"}
