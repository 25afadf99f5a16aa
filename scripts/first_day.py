"""One project from the form to its supervision, as docs/first-day.md tells it: ``make screenshots``.

``story`` is walked by a test as well, which holds the document against it; ``main`` writes its pictures
to docs/screenshots/. Debian's chromium speaks Chinese with the package chromium-l10n.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.seeding import PASSWORD, people
from scripts.serving import CHROMIUM_ARGS, chromium_path, running

Shoot = Callable[[Page, str], None]
WIDTH, HEIGHT = 1180, 760
PATIENCE = 60_000  # Milliseconds; a slow machine is no failure.
WHO = ("clerk", "ecology", "chair")


def story(browser: Browser, address: str, shoot: Shoot) -> None:
    """Walk it, from an empty form on; ``shoot`` is called with each picture's name."""
    clerk, ecology, chair = (_person(browser, address, name) for name in WHO)
    clerk.goto(f"{address}/assess?example=d01-complete-good")
    clerk.select_option("[id='f-eia_class']", "")
    shoot(clerk, "form")
    clerk.click("text=检查并核对")
    clerk.locator("h1", has_text="核对申报信息").wait_for()
    shoot(clerk, "check")
    clerk.click("text=确认提交")
    expect(clerk.locator(".verdict")).to_contain_text("黄灯·提交会审")
    shoot(clerk, "verdict")
    found = re.search(r"ZR\d{4}-\d{6}", clerk.locator("[role=status]").first.inner_text())
    assert found is not None
    number = found[0]

    ecology.goto(f"{address}/tasks")
    ecology.locator("tr", has_text=number).locator("a").click()
    ecology.check("#supplement")
    ecology.fill("#reason", "请补填环评类别")
    ecology.locator("#reason").scroll_into_view_if_needed()
    shoot(ecology, "task")
    ecology.click("text=提交意见")
    expect(ecology.locator("main")).to_contain_text("要求补正：请补填环评类别")

    clerk.goto(f"{address}/projects/{number}")
    clerk.click("text=去补正")
    clerk.select_option("[id='f-eia_class']", label="报告表")
    clerk.click("text=检查并核对")
    clerk.click("text=确认补正")
    expect(clerk.locator(".verdict")).to_contain_text("绿灯·准入")
    shoot(clerk, "supplement")

    chair.goto(f"{address}/projects/{number}")
    chair.check("#o-conditional")
    chair.fill("#reason", "经集体研究，同意准入。")
    chair.fill("[id='conditions.0.text']", "开工前取得环评批复")
    chair.fill("[id='conditions.0.due_on']", "2030-01-01")
    chair.select_option("[id='conditions.0.department']", label="生态环境部门")
    chair.locator("#reason").scroll_into_view_if_needed()
    shoot(chair, "conclusion")
    chair.click("button:has-text('作出结论')")
    expect(chair.locator(".verdict")).to_contain_text("委员会结论：附条件准入")
    chair.click("main a:has-text('决定书') >> nth=0")
    expect(chair.locator(".sheet h1")).to_have_text("项目附条件准入决定书")
    shoot(chair, "letter")

    chair.goto(f"{address}/projects/{number}")
    chair.select_option("#promise-kind", label="税收（万元/年）")
    chair.fill("#promise-due_on", "2026-06-30")
    chair.click("button:has-text('登记')")
    chair.goto(f"{address}/supervision")
    late = chair.locator("article", has_text=number)
    late.locator("[name=note]").fill("请在十日内填报上半年税收")
    shoot(chair, "supervision")
    late.locator("button:has-text('督办')").click()
    expect(chair.locator("tr", has_text=number)).to_contain_text("督办中")

    clerk.goto(f"{address}/projects/{number}")
    clerk.click("summary:has-text('填报税收')")
    clerk.fill("[name=on_date]", "2026-06-30")
    clerk.fill("[name=value]", "1,000,000")
    clerk.locator("[name=value]").scroll_into_view_if_needed()
    shoot(clerk, "report")
    clerk.click("button:has-text('填报')")
    expect(clerk.locator("main")).to_contain_text("已兑现")

    chair.goto(f"{address}/supervision")
    row = chair.locator("tr", has_text=number)
    row.locator("[name=note]").fill("税收已经达到承诺")
    shoot(chair, "closing")
    row.locator("button:has-text('销号')").click()
    expect(chair.locator("tr", has_text=number)).to_contain_text("已销号：税收已经达到承诺")
    for page in (clerk, ecology, chair):
        page.context.close()


def _person(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN"
    ).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button:has-text('登录')")
    page.locator(".who", has_text="退出").wait_for()
    return page


def main() -> None:
    """Write the pictures."""
    out = Path("docs/screenshots")
    out.mkdir(parents=True, exist_ok=True)

    def shoot(page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=out / f"{name}.png")

    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory)) as (address, app),
        sync_playwright() as playwright,
    ):
        people(app.state.store)
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=CHROMIUM_ARGS, env={"LANGUAGE": "zh_CN"}
        )
        story(browser, address, shoot)
        browser.close()


if __name__ == "__main__":
    main()
