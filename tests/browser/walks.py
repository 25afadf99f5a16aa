"""What each kind of person goes through, page by page: ``note`` is told the name of each page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

LONG = (
    "名称特别长的新能源汽车动力电池正负极材料及回收利用一体化产业基地项目（含厂前区与综合能源站）"
    * 2
)
UNBROKEN = "NoSpaceAtAll" * 12


def press(page: Page, selector: str, then: str) -> None:
    """Click, and wait for the page that follows."""
    page.locator(selector).first.click()
    page.locator("h1", has_text=then).wait_for()


def public(page: Page, address: str, note: Callable[[str], None]) -> None:
    for path in (
        "/",
        "/examples",
        "/examples/r14-mushroom-weinan",
        "/examples/d01-complete-good",
        "/examples/r36-acid-mist-purifier",
        "/examples/r14-mushroom-weinan/why/negative.low_tax",
        "/examples/r16-huaxing-coal-to-gas/why/positive.investment_intensity",
        "/examples/r14-mushroom-weinan/opinion",
        "/examples/r14-mushroom-weinan/picture",
        "/rules",
        "/rules/positive.investment_intensity",
        "/rules/picture",
        "/criteria",
        "/criteria/investment_intensity_floor",
        "/assess?stage=lead",
        "/assess/batch",
        "/assess/industries?q=锂电池",
        "/login",
        "/help",
        "/help?q=督办",
        "/help/user-guide",
        "/help/first-day",
        "/no-such-page",
        "/rules?x=1",
        "/projects",
    ):
        page.goto(address + path)
        note(path)


def form(page: Page, address: str, note: Callable[[str], None]) -> None:
    page.goto(f"{address}/assess?example=r36-acid-mist-purifier")
    note("assess")
    page.fill("[id='f-project_name']", LONG)
    page.fill("[id='f-enterprise_name']", UNBROKEN)
    page.fill("[id='f-land_area']", UNBROKEN)
    press(page, "text=检查并核对", "填写")
    page.locator(".summary").wait_for()
    note("mistakes")
    page.fill("[id='f-land_area']", "62.2")
    press(page, "text=检查并核对", "核对申报信息")
    note("confirm")
    press(page, "text=试算结论", LONG[:20])
    note("trial result")
    press(page, "button:has-text('为什么这样判'):visible", "不符合")
    note("trial why")
    press(page, "text=回到结论", LONG[:20])
    press(page, "button:has-text('预审意见书')", "预审意见书")
    note("trial opinion")


def submitted(page: Page, address: str, note: Callable[[str], None]) -> None:
    """A project with the longest of names, submitted, and where its number leads."""
    page.goto(f"{address}/assess?example=r36-acid-mist-purifier")
    page.fill("[id='f-project_name']", LONG)
    page.fill("[id='f-enterprise_name']", UNBROKEN)
    press(page, "text=检查并核对", "核对申报信息")
    press(page, "text=确认提交", LONG[:20])
    note("receipt")
    page.goto(f"{address}/assess")
    page.fill("[id='f-project_name']", UNBROKEN)
    page.click("text=保存草稿")
    page.locator("[role=status]", has_text="草稿已保存").wait_for()
    note("draft")
    page.goto(f"{address}/projects")
    press(page, "a:has-text('丢弃')", "丢弃这份草稿")
    note("discard")
    page.goto(f"{address}/account")
    page.click("summary:has-text('改密码')")
    note("change password")
    for field in ("current", "new", "again"):
        page.fill(f"#{field}", "too short")
    press(page, "button:has-text('改密码')", "我的账号")
    note("change password, refused")
    page.goto(f"{address}/projects?rule={UNBROKEN[:90]}&industry=C99")
    note("misspelt filter")


def committee(page: Page, address: str, note: Callable[[str], None]) -> None:
    page.goto(f"{address}/supervision")
    note("supervision, overdue")
    if page.locator("[name=note]").count():
        page.locator("[name=note]").first.fill(LONG)
        page.locator("button:has-text('督办')").first.click()
    for path in (
        "/supervision",
        "/obstacles",
        "/rates",
        "/appraisal",
        "/projects",
        "/projects?q=没有",
        "/tasks",
        "/tasks?state=all",
        "/tasks/1",
        "/overview",
        "/decisions/1",
        "/decisions/2",
        "/decisions/3",
        "/decisions/1/opinion",
        "/decisions/1/replay",
        "/decisions/1/picture",
        "/account",
        "/audit",
        "/audit/verify",
        "/consistency",
        "/proposals",
    ):
        page.goto(address + path)
        note(path)


def maintainer(page: Page, address: str, note: Callable[[str], None]) -> None:
    page.goto(f"{address}/rules/try/files")
    note("try files")
    page.goto(f"{address}/rules/try/edit?layer=base&file=rules/positive/investment.yaml")
    page.wait_for_selector(".cm-content")
    note("try rule")
    page.evaluate(
        "() => { const t = document.querySelector('#text');"
        " t.value = t.value.replaceAll('effect: refer', 'effect: reject'); }"
    )
    page.click("text=检查并看影响")
    page.locator("h2", has_text="改了什么").wait_for()
    note("trial of a rule")
    page.evaluate("() => { document.querySelector('#text').value = '- id: [\\n'; }")
    page.click("text=检查并看影响")
    page.locator(".summary h2", has_text="要改正").wait_for()
    note("trial with mistakes")
    page.goto(f"{address}/publications")
    note("publications")


def drafter(page: Page, address: str, note: Callable[[str], None]) -> None:
    page.goto(f"{address}/proposals")
    page.locator("details").evaluate("item => { item.open = true; }")
    note("proposals")
    page.fill("#title", LONG[:120])
    page.fill("#reason", UNBROKEN)
    known = page.locator("a", has_text=LONG[:20])
    if known.count():
        # Its checks take a while: one proposal does for every width.
        known.first.click()
        page.locator("h2", has_text="检查").first.wait_for()
    else:
        page.click("button:has-text('起草')")
        page.locator("a:visible", has_text="rules/positive/investment.yaml").first.click()
        page.wait_for_selector(".cm-content")
        page.evaluate(
            "() => { const t = document.querySelector('#text');"
            " t.value = t.value.replace('effect: refer', 'effect: reject'); }"
        )
        page.click("text=保存这一稿")
        page.locator("[role=status]", has_text="完成").wait_for(timeout=600_000)
    note("proposal")
    here = page.url
    for part in ("touched", "shadow", f"comparison?other={here.rpartition('/')[2]}"):
        page.goto(f"{here}/{part}")
        note(part)
    page.goto(here)
    page.locator("a:visible", has_text="rules/positive/investment.yaml").first.click()
    page.wait_for_selector(".cm-content")
    note("proposal file")


Walk = Callable[[Page, str, Callable[[str], None]], Any]


def administrator(page: Page, address: str, note: Callable[[str], None]) -> None:
    page.goto(f"{address}/accounts")
    note("accounts")
    page.locator("a", has_text=LONG[:20]).first.click()
    page.locator("h2", has_text="最近的记录").wait_for()
    note("an account")
    page.locator("button:has-text('重设密码')").click()
    page.locator("[role=status]", has_text="已提出").wait_for()
    note("an account, asked for")
    page.goto(f"{address}/accounts")
    note("accounts, one waits")
    page.locator("button:has-text('收回')").click()
    page.locator("[role=status]", has_text="账号没有变").wait_for()


WALKS: dict[str, tuple[str | None, tuple[Walk, ...]]] = {
    "anybody": (None, (public, form)),
    "clerk": ("clerk", (submitted,)),
    "committee": ("x" * 60, (committee,)),
    "maintainer": ("maintainer", (maintainer,)),
    "administrator": ("second", (administrator,)),
    "drafter": ("maintainer", (drafter,)),
}
# A draft of the shipped rulebook is checked and proven whole, which takes long.
