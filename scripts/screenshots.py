"""Screenshots of the pages at 1366×768 and 390 px into docs/screenshots/: ``make screenshots``.

Debian's chromium speaks Chinese (dates, file buttons) with the package chromium-l10n.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.seeding import PASSWORD, people, submit_examples
from scripts.serving import CHROMIUM_ARGS, chromium_path, running

SIZES = {"desktop": (1366, 768), "phone": (390, 844)}
MAX_HEIGHT = 1600
PLAIN = {
    "home": "/",
    "examples": "/examples",
    "verdict-reject": "/examples/r14-mushroom-weinan",
    "verdict-refer": "/examples/r36-acid-mist-purifier",
    "verdict-pass": "/examples/d01-complete-good",
    "why": "/examples/r14-mushroom-weinan/why/negative.low_tax",
    "opinion": "/examples/r14-mushroom-weinan/opinion",
    "assess": "/assess",
    "rules": "/rules",
    "rule": "/rules/positive.investment_intensity",
    "criteria": "/criteria",
    "criterion": "/criteria/investment_intensity_floor",
    "login": "/login",
    "not-found": "/no-such-page",
}


def shoot(page: Page, out: Path, name: str, size: str) -> None:
    """The page from top to bottom, cut at a readable height."""
    page.wait_for_load_state("networkidle")
    width = SIZES[size][0]
    height = min(page.evaluate("document.documentElement.scrollHeight"), MAX_HEIGHT)
    page.screenshot(
        path=out / f"{name}-{size}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": width, "height": height},
    )
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        print(f"{name}-{size}: {wide} px wide, the window has {width}")


def walk(browser: Browser, address: str, out: Path, only: set[str], numbers: list[str]) -> None:
    """Every page at both sizes."""
    for size, (width, height) in SIZES.items():
        page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
        for name, path in PLAIN.items():
            if not only or name in only:
                page.goto(address + path)
                shoot(page, out, name, size)
        if not only or only & {"mistakes", "confirm", "trial"}:
            journey(page, address, out, size)
        if not only or "private" in only:
            private(page, address, out, size, numbers)
        page.close()


def journey(page: Page, address: str, out: Path, size: str) -> None:
    """The form with mistakes, the checking over, the trial's verdict."""
    page.goto(f"{address}/assess?example=r36-acid-mist-purifier")
    page.fill("[id='f-land_area']", "六十亩")
    page.fill("[id='f-total_investment']", "1.2亿元")
    page.fill("[id='f-project_id']", "")
    page.click("text=检查并核对")
    shoot(page, out, "mistakes", size)
    page.fill("[id='f-land_area']", "62.2")
    page.fill("[id='f-project_id']", "R36")
    page.click("text=检查并核对")
    shoot(page, out, "confirm", size)
    page.click("text=试算结论")
    shoot(page, out, "trial", size)


PRIVATE = {
    "projects": "/projects",
    "tasks": "/tasks",
    "supervision": "/supervision",
    "overview": "/overview",
    "account": "/account",
    "forbidden": "/audit",
}


def private(page: Page, address: str, out: Path, size: str, numbers: list[str]) -> None:
    """What the committee and a department see."""
    log_in(page, address, "chair")
    for name, path in PRIVATE.items():
        page.goto(address + path)
        shoot(page, out, name, size)
    page.goto(f"{address}/projects/{numbers[0]}")
    shoot(page, out, "decision", size)
    page.context.clear_cookies()
    log_in(page, address, "ecology")
    page.goto(f"{address}/tasks")
    page.locator("table a").first.click()
    shoot(page, out, "task", size)
    page.context.clear_cookies()
    log_in(page, address, "maintainer")
    page.goto(f"{address}/rules/try/edit?layer=base&file=rules/negative/low_output.yaml")
    page.wait_for_selector(".cm-content")
    shoot(page, out, "try-rule", size)
    page.evaluate(
        "() => { const text = document.querySelector('#text');"
        " text.value = text.value.replaceAll('effect: reject', 'effect: advise'); }"
    )
    page.click("text=检查并看影响")
    page.locator("h2", has_text="改了什么").wait_for()
    shoot(page, out, "tried-rule", size)
    page.goto(f"{address}/rules/try/files")
    shoot(page, out, "try-files", size)
    page.goto(f"{address}/proposals")
    page.locator("details").evaluate("item => { item.open = true; }")
    page.fill("#title", "新增工业用地的亩均税收下限改为建议项")
    page.fill("#reason", "据园区修订意见（示例）")
    page.click("button:has-text('起草')")
    page.locator("a", has_text="rules/positive/output.yaml").first.click()
    page.wait_for_selector(".cm-content")
    text = page.locator("#text").input_value().replace("effect: refer", "effect: advise")
    page.evaluate("text => { document.querySelector('#text').value = text; }", text)
    page.click("text=保存这一稿")
    page.locator("[role=status]", has_text="完成").wait_for(timeout=90_000)
    shoot(page, out, "proposal", size)
    page.locator("a", has_text="rules/positive/output.yaml").first.click()
    page.wait_for_selector(".cm-content")
    shoot(page, out, "proposal-file", size)
    page.goto(f"{address}/publications")
    shoot(page, out, "publications", size)
    page.context.clear_cookies()
    log_in(page, address, "auditor")
    page.goto(f"{address}/audit")
    shoot(page, out, "audit", size)
    page.goto(f"{address}/audit/verify")
    shoot(page, out, "audit-verify", size)
    page.context.clear_cookies()


def log_in(page: Page, address: str, name: str) -> None:
    """Log in with an account of ``seeding``."""
    page.goto(f"{address}/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button:has-text('登录')")


def main() -> None:
    out = Path("docs/screenshots")
    out.mkdir(parents=True, exist_ok=True)
    only = set(sys.argv[1:])
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory)) as (address, app),
        sync_playwright() as playwright,
    ):
        numbers = submit_examples(app.state.store, people(app.state.store)["clerk"])
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=CHROMIUM_ARGS, env={"LANGUAGE": "zh_CN"}
        )
        walk(browser, address, out, only, numbers)
        browser.close()


if __name__ == "__main__":
    main()
