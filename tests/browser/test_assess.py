"""Filling in the form, with and without JavaScript, and from a spreadsheet."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from evaluator.dossier.fields import base_registry
from evaluator.dossier.template import write_template
from tests.browser.conftest import breaches


def _fill(page: Page) -> None:
    page.fill("[id='f-project_id']", "T-1")
    page.fill("[id='f-project_name']", "试点<b>项目</b>")
    page.fill("[id='f-submitted_on']", "2026-11-24")
    page.select_option("[id='f-land_use_mode']", label="新增工业用地")
    page.fill("[id='f-fixed_asset_investment']", "1.2亿元")
    page.fill("[id='f-emissions.COD']", "3.5")
    page.fill("[id='f-product_energy.0.key']", "水泥熟料")


@pytest.mark.parametrize("kind", ["page", "plain"])
def test_mistakes_then_trial(kind: str, request: pytest.FixtureRequest, address: str) -> None:
    page: Page = request.getfixturevalue(kind)
    page.goto(f"{address}/assess")
    _fill(page)
    page.fill("[id='f-land_area']", "六十亩")
    page.click("text=检查并核对")
    summary = page.locator(".summary")
    expect(summary).to_contain_text("有 2 处需要改正")
    assert page.title().startswith("错误：")
    expect(page.locator("[id='m-land_area']")).to_contain_text("“六十亩”不是数")
    expect(page.locator("[id='f-fixed_asset_investment']")).to_have_value("1.2亿元")
    expect(page.locator("[id='m-fixed_asset_investment']")).to_contain_text("1.2 亿元")
    if kind == "page":
        assert page.evaluate("document.activeElement.className") == "summary"
        assert breaches(page) == []
    summary.locator("text=用地面积").click()
    page.fill("[id='f-land_area']", "40")
    page.fill("[id='f-product_energy.0.value']", "102")
    page.fill("[id='f-product_energy.0.unit']", "千克标准煤/吨")
    page.click("text=检查并核对")
    expect(page.locator("h1")).to_have_text("核对申报信息")
    expect(page.locator("main")).to_contain_text("12,000 万元（1.2 亿元）")
    if kind == "page":
        assert breaches(page) == []
    page.click("[aria-label='更改用地面积']")
    expect(page.locator("[id='f-land_area']")).to_have_value("40")
    page.click("text=检查并核对")
    page.click("text=试算结论")
    expect(page.locator("h1")).to_have_text("试点<b>项目</b>")
    expect(page.locator("main")).to_contain_text("没有存档")
    if kind == "page":
        assert breaches(page) == []
    page.locator("summary:has-text('不能判断的事项')").click()
    page.locator("button:has-text('为什么'):visible").first.click()
    expect(page.locator("main")).to_contain_text("规则原文")
    page.click("text=回到结论")
    page.click("button:has-text('预审意见书')")
    expect(page.locator(".sheet")).to_contain_text("行政复议")


def test_a_field_is_checked_as_it_is_typed(page: Page, address: str) -> None:
    page.goto(f"{address}/assess")
    page.fill("[id='f-total_investment']", "35000")
    page.press("[id='f-total_investment']", "Tab")
    expect(page.locator("[id='m-total_investment']")).to_have_text("即 3.5 亿元")
    page.fill("[id='f-industry_code']", "Z1")
    page.press("[id='f-industry_code']", "Tab")
    expect(page.locator("[id='m-industry_code']")).to_contain_text("不是 GB/T 4754 行业代码")


def test_an_industry_is_found_by_its_name(page: Page, address: str) -> None:
    page.goto(f"{address}/assess")
    offered = page.evaluate(
        "[...document.getElementById('f-industry_code').list.options]"
        ".filter(o => o.label.includes('水泥')).map(o => o.value)"
    )
    assert offered == ["C301", "C3011", "C302", "C3021", "C3023", "C3029"]
    assert breaches(page) == []


def _workbook(path: Path, cells: dict[str, str]) -> Path:
    out = io.BytesIO()
    write_template(base_registry(), out)
    book = openpyxl.load_workbook(out)
    sheet = book["项目申报表"]
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value in cells:
                sheet.cell(cell.row, 2).value = cells[str(cell.value)]
    book.save(path)
    return path


def test_upload(plain: Page, address: str, tmp_path: Path) -> None:
    plain.goto(f"{address}/assess")
    plain.locator("#upload summary").click()
    plain.locator("#upload button").click()
    expect(plain.locator(".summary")).to_contain_text("请先选择填好的 .xlsx 申报表")
    bad = _workbook(
        tmp_path / "bad.xlsx",
        {
            "project_id": "A1",
            "project_name": "甲",
            "submitted_on": "2026-11-24",
            "land_area": "约十亩",
        },
    )
    plain.set_input_files("#f-file", bad)
    plain.locator("#upload button").click()
    expect(plain.locator(".summary")).to_contain_text("项目申报表!B")
    expect(plain.locator(".summary")).to_contain_text("“约十亩”不是数")
    # The rest is kept: the wrong cell is mended here.
    expect(plain.locator("[id='f-project_name']")).to_have_value("甲")
    expect(plain.locator("[id='f-land_area']")).to_have_value("约十亩")
    good = _workbook(
        tmp_path / "good.xlsx",
        {
            "project_id": "A1",
            "project_name": "甲",
            "submitted_on": "2026-11-24",
            "land_area": "18 公顷",
        },
    )
    plain.set_input_files("#f-file", good)
    plain.locator("#upload button").click()
    expect(plain.locator("[role=status]")).to_contain_text("good.xlsx")
    expect(plain.locator("[id='f-land_area']")).to_have_value("270")


def test_template_downloads(page: Page, address: str) -> None:
    page.goto(address)
    with page.expect_download() as got:
        page.click("a[href$='template.xlsx']")
    assert (
        "项目申报表" in openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes())).sheetnames
    )


@pytest.mark.parametrize("kind", ["page", "plain"])
def test_an_early_stage_and_other_numbers(
    kind: str, request: pytest.FixtureRequest, address: str
) -> None:
    page: Page = request.getfixturevalue(kind)
    page.goto(f"{address}/assess")
    page.fill("[id='f-project_name']", "租厂房的项目")
    page.click("button:has-text('线索初筛')")
    expect(page.locator("#s-now h2")).to_have_text("1. 线索初筛要的")
    expect(page.locator("[id='f-project_name']")).to_have_value("租厂房的项目")
    expect(page.locator("[id='f-annual_water']")).to_be_hidden()
    if kind == "page":
        assert breaches(page) == []
    page.goto(f"{address}/assess?example=r36-acid-mist-purifier")
    page.fill("[id='f-land_area']", "200")
    page.click("text=检查并核对")
    expect(page.locator("main")).to_contain_text("改了 1 项")
    page.click("text=试算结论")
    expect(page.locator("main")).to_contain_text("与原来的数相比")


def test_what_the_answers_make_irrelevant_is_folded_away(page: Page, address: str) -> None:
    page.goto(f"{address}/assess")
    expect(page.locator("#asked")).to_contain_text("还等")
    page.select_option("[id='f-land_use_mode']", label="租用厂房")
    folded = page.locator("#s-investment details.idle")
    expect(folded.locator("summary")).to_contain_text("用地面积")
    expect(page.locator("[id='f-land_area']")).to_be_hidden()
    assert breaches(page) == []
    # A link to it unfolds it, and another answer brings it back.
    page.evaluate("location.hash = '#f-land_area'")
    expect(page.locator("[id='f-land_area']")).to_be_visible()
    page.select_option("[id='f-land_use_mode']", label="新增工业用地")
    expect(page.locator("#s-investment > .fields [id='f-land_area']")).to_be_visible()
    page.fill("[id='f-debt_ratio']", "0.6")
    page.press("[id='f-debt_ratio']", "Tab")
    expect(page.locator("[id='m-debt_ratio']")).to_contain_text("是不是想写 60%")


def test_many_projects_in_one_table(plain: Page, address: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("项目编号", "项目名称", "受理日期", "用地面积（亩）"),
        ("A1", "甲", "2026-11-24", 60),
        ("A2", "乙", "2026-11-24", "六十亩"),
    ):
        sheet.append(row)
    book.save(tmp_path / "一批.xlsx")
    plain.goto(f"{address}/assess/batch")
    plain.set_input_files("#file", tmp_path / "一批.xlsx")
    plain.click("button:has-text('评估')")
    expect(plain.locator("main")).to_contain_text("“六十亩”不是数")
    with plain.expect_download() as got:
        plain.click("button:has-text('下载结论表（.xlsx）')")
    rows = openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes())).worksheets[0]
    assert "甲" in [str(c.value) for c in rows["C"]]
