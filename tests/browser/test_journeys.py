"""Three users from login to the printed opinion: the submitter, a department, the committee."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import breaches, log_in

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEANl9ngAAAAABJRU5ErkJggg=="
)


def fresh(browser: Browser, scripts: bool = True) -> Page:
    page = browser.new_context(
        viewport={"width": 1366, "height": 768}, java_script_enabled=scripts
    ).new_page()
    page.set_default_timeout(60_000)
    return page


@pytest.mark.parametrize("scripts", [True, False])
def test_from_submission_to_opinion(seeded: str, browser: Browser, scripts: bool) -> None:
    """With JavaScript and without: submit, department's word, supplement, conclusion, opinion."""
    clerk, ecology, chair = (fresh(browser, scripts) for _ in range(3))
    log_in(clerk, seeded, "clerk", "/assess?example=d01-complete-good")
    clerk.select_option("[id='f-eia_class']", "")
    clerk.click("text=保存草稿")
    expect(clerk.locator("[role=status]")).to_contain_text("草稿已保存")
    clerk.click("text=检查并核对")
    clerk.click("text=确认提交")
    expect(clerk.locator("[role=status]").first).to_contain_text("已受理，受理编号 ZR")
    expect(clerk.locator(".verdict")).to_contain_text("黄灯·提交会审")
    number = re.search(r"ZR\d{4}-\d{6}", clerk.locator("[role=status]").first.inner_text())
    assert number is not None

    log_in(ecology, seeded, "ecology", "/tasks")
    ecology.locator("tr", has_text=number[0]).locator("a").click()
    ecology.check("#supplement")
    ecology.click("text=提交意见")
    expect(ecology.locator(".summary")).to_contain_text("须写明理由")
    ecology.fill("#reason", "请补填环评类别")
    ecology.set_input_files("#files", {"name": "意见.png", "mimeType": "image/png", "buffer": PNG})
    ecology.click("text=提交意见")
    expect(ecology.locator("main")).to_contain_text("要求补正：请补填环评类别")
    expect(ecology.locator("main")).to_contain_text("意见.png")
    ecology.goto(f"{seeded}/projects/{number[0]}")
    expect(ecology.locator("main")).to_contain_text("您看到的是本部门负责的事项")

    clerk.goto(f"{seeded}/projects/{number[0]}")
    expect(clerk.locator("main")).to_contain_text("有部门要求补正")
    clerk.click("text=去补正")
    clerk.select_option("[id='f-eia_class']", label="报告表")
    clerk.click("text=检查并核对")
    clerk.click("text=确认补正")
    expect(clerk.locator(".verdict")).to_contain_text("绿灯·准入")
    expect(clerk.locator("main")).to_contain_text(re.compile("结论由\\s*提交会审变为\\s*准入"))
    clerk.goto(f"{seeded}/projects")
    expect(clerk.locator("main")).to_contain_text("（第 2 版）")

    log_in(chair, seeded, "chair", f"/projects/{number[0]}")
    chair.check("#o-conditional")
    chair.fill("#reason", "经集体研究，同意准入。")
    chair.fill("[id='conditions.0.text']", "开工前取得环评批复")
    chair.fill("[id='conditions.0.due_on']", "2020-01-01")
    chair.select_option("[id='conditions.0.department']", label="生态环境部门")
    chair.click("button:has-text('作出结论')")
    expect(chair.locator(".summary")).to_contain_text("第 1 个条件的期限早于")
    expect(chair.locator("#reason")).to_have_value("经集体研究，同意准入。")
    assert breaches(chair) == [] if scripts else True
    chair.fill("[id='conditions.0.due_on']", "2030-01-01")
    chair.click("button:has-text('作出结论')")
    expect(chair.locator("[role=status]").first).to_contain_text("已记录委员会结论：附条件准入")
    expect(chair.locator(".verdict")).to_contain_text("委员会结论：附条件准入")
    expect(chair.locator(".second-verdict")).to_contain_text("绿灯·准入")
    expect(chair.locator("#conclusion ~ table").first).to_contain_text("李主任")
    chair.click("main a:has-text('决定书') >> nth=0")
    expect(chair.locator(".sheet h1")).to_have_text("项目附条件准入决定书")
    expect(chair.locator(".sheet")).to_contain_text("开工前取得环评批复")
    expect(chair.locator(".sheet")).not_to_contain_text("。。")
    assert breaches(chair) == [] if scripts else True
    chair.goto(f"{seeded}/projects/{number[0]}")
    chair.click("summary:has-text('变更结论')")
    chair.check("#o-admit")
    chair.fill("#revision_reason", "条件已经落实")
    chair.fill("#reason", "经集体研究，同意准入")
    chair.click("button:has-text('变更结论')")
    expect(chair.locator(".verdict")).to_contain_text("委员会结论：同意准入")
    chair.goto(f"{seeded}/projects?q={number[0]}")
    expect(chair.locator("tbody tr")).to_contain_text("委员会同意准入")
    chair.click("tbody a")
    chair.select_option("#promise-kind", label="税收（万元/年）")
    chair.fill("#promise-due_on", "2027-12-31")
    chair.click("button:has-text('登记')")
    clerk.goto(f"{seeded}/projects/{number[0]}")
    clerk.click("summary:has-text('填报税收')")
    clerk.fill("[name=on_date]", "2026-11-01")
    clerk.fill("[name=value]", "1,000,000")
    clerk.click("button:has-text('填报')")
    expect(clerk.locator("main")).to_contain_text("已兑现")
    chair.click("text=预审意见书 >> nth=0")
    expect(chair.locator(".sheet")).to_contain_text("同意准入：经集体研究，同意准入")
    expect(chair.locator(".sheet")).to_contain_text(number[0])
    for page in (clerk, ecology, chair):
        page.context.close()


PRIVATE = (
    "/account",
    "/projects",
    "/tasks",
    "/overview",
    "/consistency",
    "/supervision",
    "/projects?q=没有这样的项目",
)


@pytest.mark.parametrize("path", PRIVATE)
def test_needs_a_login(plain: Page, seeded: str, path: str) -> None:
    plain.goto(seeded + path)
    expect(plain.locator("h1")).to_have_text("请先登录")


def test_every_private_page_is_accessible(page: Page, seeded: str) -> None:
    log_in(page, seeded, "chair")
    page.goto(f"{seeded}/projects")
    decision = page.locator("table a").first.get_attribute("href")
    assert decision is not None
    page.goto(f"{seeded}/tasks?state=all")
    task = page.locator("table a").first.get_attribute("href")
    assert task is not None
    for path in (*PRIVATE, decision, task, "/tasks?state=all", "/login"):
        page.goto(seeded + path)
        page.wait_for_load_state("load")
        assert breaches(page) == [], path
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.set_viewport_size({"width": 1366, "height": 768})


def test_overview_draws_its_tables(page: Page, seeded: str) -> None:
    log_in(page, seeded, "chair", "/overview")
    expect(page.locator("[data-chart=by-month] svg")).to_be_visible()
    expect(page.locator("#by-month tbody tr").first).to_be_visible()


def test_a_wrong_password_and_a_stranger(page: Page, plain: Page, seeded: str) -> None:
    page.goto(f"{seeded}/login")
    page.fill("#name", "clerk")
    page.fill("#password", "not this one")
    page.click("button:has-text('登录')")
    expect(page.locator(".summary")).to_contain_text("账号或密码不对")
    expect(page.locator("#name")).to_have_value("clerk")
    plain.goto(f"{seeded}/login?next=//elsewhere.example")
    assert plain.locator("[name=next]").get_attribute("value") == "/"


def test_replay_and_filters(page: Page, seeded: str) -> None:
    log_in(page, seeded, "auditor", "/projects")
    page.goto(f"{seeded}/projects?verdict=refer&q=食用菌")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.click("tbody a")
    page.click("summary:has-text('存证信息')")
    page.click("text=按存档重新判定")
    expect(page.locator("h1")).to_contain_text("结果相同")
    page.goto(f"{seeded}/projects?q=食用菌")
    with page.expect_download() as got:
        page.click("text=CSV（.csv）")
    assert "渭南经开区食用菌深加工综合产业" in got.value.path().read_text("utf-8-sig")


def test_a_draft_keeps_itself(page: Page, seeded: str) -> None:
    log_in(page, seeded, "clerk", "/assess")
    page.fill("[id='f-project_name']", "自动保存的项目")
    page.press("[id='f-project_name']", "Tab")
    expect(page.locator("#kept")).to_contain_text("草稿已自动保存")
    first = page.locator("[name=revision]").first.input_value()
    page.fill("[id='f-land_area']", "约六十亩")
    page.press("[id='f-land_area']", "Tab")
    expect(page.locator("[name=revision]").first).not_to_have_value(first)
    page.goto(f"{seeded}/projects")
    page.click("text=自动保存的项目")
    expect(page.locator("[id='f-land_area']")).to_have_value("约六十亩")
    page.goto(f"{seeded}/projects")
    page.click("[aria-label='丢弃草稿：自动保存的项目']")
    expect(page.locator("main")).to_contain_text("自动保存的项目，新项目")
    assert breaches(page) == []
    page.click("text=保留，返回项目")
    expect(page.locator("main")).to_contain_text("自动保存的项目")
    page.click("[aria-label='丢弃草稿：自动保存的项目']")
    page.click("main button:has-text('丢弃草稿')")
    expect(page.locator("main")).not_to_contain_text("自动保存的项目")


def test_an_expired_login_is_told_and_loses_nothing(page: Page, seeded: str) -> None:
    log_in(page, seeded, "clerk", "/assess")
    page.fill("[id='f-project_name']", "登录过期的项目")
    page.press("[id='f-project_name']", "Tab")
    expect(page.locator("#kept")).to_contain_text("草稿已自动保存")
    page.context.clear_cookies()
    page.fill("[id='f-land_area']", "60 亩")
    page.press("[id='f-land_area']", "Tab")
    expect(page.locator("#kept")).to_contain_text("没有保存：登录已过期")
    other = page.context.new_page()
    log_in(other, seeded, "clerk")
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#kept")).to_contain_text("草稿已自动保存")
    page.click("button:has-text('检查并核对')")
    expect(page.locator("h1")).not_to_contain_text("登录")
    expect(page.locator("main")).to_contain_text("60 亩")
    other.goto(f"{seeded}/projects")
    other.click("[aria-label='丢弃草稿：登录过期的项目']")
    other.click("main button:has-text('丢弃草稿')")
