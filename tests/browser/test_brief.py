"""From a published brief to a decision: pasted, confirmed, what is still to be asked, the verdict.

Every click and every field filled in is counted: what a clerk does is what the guide says.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import breaches

# The facts of examples/r14 and r21, told as a newspaper tells them.
MUSHROOM = """\
渭南经开区食用菌深加工综合产业项目近日签约。项目总投资5亿元，属新建项目，以出让方式取得工业用地260亩。
全部建成达产后，年产值2.8亿元，年税收1000万元。"""
OPTICAL = """\
项目名称：世华科技高性能光学材料制造基地
该基地由上市公司世华科技投资建设，属新建项目，总投资22亿元，其中固定资产投资15亿元。
项目以出让方式取得新增工业用地81.5亩，建设周期60个月，达产后年税收8150万元。"""


class Clerk:
    """A page whose actions are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def click(self, where: str) -> None:
        self.actions += 1
        self.page.click(where)

    def fill(self, where: str, text: str) -> None:
        self.actions += 1
        self.page.fill(where, text)

    def choose(self, where: str, label: str) -> None:
        self.actions += 1
        self.page.select_option(where, label=label)

    def judge(self, brief: str, number: str, address: str) -> None:
        """Everything from the empty page to the verdict."""
        self.page.goto(f"{address}/assess")
        self.click("text=从现成的材料读入")
        self.fill("[id='f-pasted']", brief)
        self.click("button:has-text('读入')")
        expect(self.page.locator("main")).to_contain_text("准数")
        self.click("text=采用打勾的")
        self.fill("[id='f-project_id']", number)
        self.fill("[id='f-submitted_on']", "2026-11-24")
        self.click("text=检查并核对")
        self.click("text=试算结论")


def test_a_brief_asks_first_for_the_industry_and_is_referred_with_its_reasons(
    page: Page, address: str
) -> None:
    clerk = Clerk(page)
    clerk.judge(MUSHROOM, "R14", address)
    expect(page.locator(".verdict")).to_contain_text("黄灯·提交会审")
    expect(page.locator("main")).to_contain_text("行业代码，问发展改革部门")
    assert clerk.actions == 8
    clerk.click("text=返回修改")
    clerk.fill("[id='f-industry_code']", "C1372")
    clerk.click("text=检查并核对")
    clerk.click("text=试算结论")
    expect(page.locator(".verdict")).to_contain_text("2 项触及负面清单")
    expect(page.locator("main")).to_contain_text("亩均税收")
    expect(page.locator("main")).not_to_contain_text("行业代码，问发展改革部门")
    assert clerk.actions == 12


def test_a_brief_asks_and_an_answer_decides(page: Page, address: str) -> None:
    clerk = Clerk(page)
    clerk.judge(OPTICAL, "R21", address)
    expect(page.locator(".verdict")).to_contain_text("黄灯·提交会审")
    expect(page.locator("main")).to_contain_text("先问这 5 项")
    expect(page.locator("main")).to_contain_text(
        "列入失信被执行人或严重违法失信名单，问市场监管部门"
    )
    assert clerk.actions == 8
    assert breaches(page) == []
    clerk.click("text=返回修改")
    expect(page.locator("[id='f-fixed_asset_investment']")).to_have_value("150000")
    clerk.choose("[id='f-dishonest_enterprise']", "是")
    clerk.click("text=检查并核对")
    clerk.click("text=试算结论")
    expect(page.locator(".verdict")).to_contain_text("红灯·不予准入")
    assert clerk.actions == 12
