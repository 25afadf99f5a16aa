"""A change of the rulebook from draft to publication, by two people; with and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import breaches, log_in


def finished(page: Page) -> None:
    """Wait for the check, as somebody without scripts would: by looking again."""
    for _ in range(120):
        page.reload()
        if page.locator("[role=status]", has_text="完成").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("#state").inner_text())


def test_from_draft_to_publication(seeded: str, browser: Browser) -> None:
    drafter = browser.new_context(java_script_enabled=False).new_page()
    second = browser.new_context().new_page()
    log_in(drafter, seeded, "maintainer", "/proposals")
    closed = drafter.locator("details:not([open]) > summary", has_text="起草新提案")
    if closed.count():
        closed.click()
    drafter.click("button:has-text('起草')")
    expect(drafter.locator(".summary")).to_contain_text("请写明改什么")
    drafter.fill("#title", "亩均税收否决线由 10 降为 3")
    drafter.fill("#reason", "据园区修订意见")
    drafter.click("button:has-text('起草')")
    drafter.locator("a", has_text="rules/negative/low_output.yaml").click()
    area = drafter.locator("#text")
    area.fill(area.input_value().replace("remedy: 提高税收贡献", "remedy: 核实并提高税收贡献"))
    drafter.click("text=保存这一稿")
    finished(drafter)
    expect(drafter.locator("#state")).to_contain_text("改了什么")
    expect(drafter.locator("#state")).to_contain_text("对已有项目的影响")
    drafter.locator("a", has_text="rules/negative/low_output.yaml").first.click()
    expect(drafter.locator("ins")).to_contain_text("核实并提高税收贡献")
    drafter.go_back()
    drafter.click("button:has-text('送审')")
    expect(drafter.locator("#state")).to_contain_text("须由另一人批准")
    address = drafter.url

    log_in(second, seeded, "publisher", "/proposals")
    second.goto(address)
    assert breaches(second) == []
    second.locator("a", has_text="rules/negative/low_output.yaml").first.click()
    expect(second.locator(".cm-content")).to_be_visible()
    assert breaches(second) == []
    second.go_back()
    second.fill("#comment", "已核对")
    second.click("button:has-text('批准')")
    expect(second.locator("#state")).to_contain_text("批准：已核对")
    second.click("button:has-text('发布')")
    expect(second.locator("main")).to_contain_text("据园区修订意见")
    expect(second.locator("section").first).to_contain_text("现行")
    assert breaches(second) == []
    for path in ("/proposals", "/rules/try/files"):
        second.goto(seeded + path)
        assert breaches(second) == []
    second.goto(f"{seeded}/rules/negative.low_tax")
    expect(second.locator("main")).to_contain_text("核实并提高税收贡献")
    drafter.context.close()
    second.context.close()
