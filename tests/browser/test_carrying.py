"""What somebody fills in before logging in is in the form after the login, and then a draft."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from scripts.seeding import PASSWORD
from tests.browser.conftest import breaches

NOTE = "登录前填写的内容已放回"


def _fill(page: Page, name: str) -> None:
    page.fill("[id='f-project_id']", "CARRY")
    page.fill("[id='f-project_name']", name)
    page.fill("[id='f-land_area']", "18公顷")
    page.select_option("[id='f-land_use_mode']", label="新增工业用地")
    for row in range(3):
        page.fill(f"[id='f-product_energy.{row}.key']", f"产品{row}")


def _enter(page: Page) -> None:
    page.fill("#name", "clerk")
    page.fill("#password", PASSWORD)
    page.click("main button:has-text('登录')")
    expect(page.locator(".who")).to_contain_text("退出")


def _restored(page: Page, name: str) -> None:
    expect(page.locator("[role=status]")).to_contain_text(NOTE)
    expect(page.locator("[id='f-project_name']")).to_have_value(name)
    expect(page.locator("[id='f-land_area']")).to_have_value("18公顷")
    expect(page.locator("[id='f-land_use_mode'] option:checked")).to_have_text("新增工业用地")
    expect(page.locator("[id='f-product_energy.2.key']")).to_have_value("产品2")


def test_half_filled_in_then_the_login_above(page: Page, seeded: str) -> None:
    page.goto(f"{seeded}/assess")
    _fill(page, "半填<b>的项目</b>")
    page.on("dialog", lambda dialog: dialog.accept())  # The guard asks before it is left.
    page.click(".who a:has-text('登录')")
    _enter(page)
    _restored(page, "半填<b>的项目</b>")
    assert breaches(page) == []
    # It is a draft without another key being pressed, and nothing stays in the tab.
    expect(page.locator("#kept")).to_contain_text("草稿已自动保存")
    assert page.evaluate("sessionStorage.length") == 0
    page.goto(f"{seeded}/projects")
    expect(page.locator("main")).to_contain_text("半填<b>的项目</b>")
    page.goto(f"{seeded}/assess")
    expect(page.locator("[id='f-project_name']")).to_have_value("")


def test_checked_over_then_the_login_below_and_submitted(page: Page, seeded: str) -> None:
    page.goto(f"{seeded}/assess")
    _fill(page, "核对过的项目")
    for row in range(3):
        page.fill(f"[id='f-product_energy.{row}.value']", "1")
        page.fill(f"[id='f-product_energy.{row}.unit']", "千克标准煤/吨")
    page.click("text=检查并核对")
    expect(page.locator("h1")).to_have_text("核对申报信息")
    assert breaches(page) == []
    expect(page.locator("main")).not_to_contain_text("请先保留填好的申报表", use_inner_text=True)
    page.click("main a:has-text('登录'):visible")
    _enter(page)
    _restored(page, "核对过的项目")
    page.click("text=检查并核对")
    page.click("text=确认提交")
    expect(page.locator("[role=status]").first).to_contain_text(re.compile("已受理，受理编号 ZR"))


def test_a_trial_then_the_login_that_leads_elsewhere(page: Page, seeded: str) -> None:
    """As through the identity provider, which comes back to the first page."""
    page.goto(f"{seeded}/assess")
    _fill(page, "试算过的项目")
    page.click("text=检查并核对")
    expect(page.locator(".summary")).to_be_visible()  # The products lack their numbers.
    page.goto(f"{seeded}/login")
    _enter(page)
    expect(page.locator("main [role=status]")).to_contain_text("还没有提交")
    page.click("text=继续填写")
    _restored(page, "试算过的项目")
    page.click("text=不要这些内容")
    expect(page.locator("[id='f-project_name']")).to_have_value("")


def test_the_next_person_at_the_computer_finds_nothing(page: Page, seeded: str) -> None:
    page.goto(f"{seeded}/assess")
    _fill(page, "别人的项目")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{seeded}/login")
    _enter(page)
    page.click(".who button:has-text('退出')")
    expect(page.locator(".who")).to_contain_text("登录")
    assert page.evaluate("sessionStorage.length") == 0


def test_without_a_script_the_page_says_what_to_do(plain: Page, seeded: str) -> None:
    plain.goto(f"{seeded}/assess")
    plain.fill("[id='f-project_id']", "CARRY")
    plain.fill("[id='f-project_name']", "没有脚本")
    plain.click("text=检查并核对")
    expect(plain.locator("main")).to_contain_text("请先保留填好的申报表", use_inner_text=True)
    expect(plain.locator("[data-carried]")).to_be_hidden()
