"""A change of the rulebook from draft to publication, by two people; with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.seeding import people
from scripts.serving import running
from tests.api.workbench import write_rulebook
from tests.browser.conftest import breaches, log_in


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the small rulebook: ``test_forms`` waits for the proofs of the shipped one."""
    directory = tmp_path_factory.mktemp("office")
    with running(directory, rulebook=write_rulebook(directory / "rulebook")) as (address, app):
        people(app.state.store)
        yield address


def finished(page: Page) -> None:
    """Wait for the check, as somebody without scripts would: by looking again."""
    for _ in range(120):
        page.reload()
        if page.locator("[role=status]", has_text="完成").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("#state").inner_text())


def test_from_draft_to_publication(office: str, browser: Browser) -> None:
    drafter = browser.new_context(java_script_enabled=False).new_page()
    second = browser.new_context().new_page()
    log_in(drafter, office, "maintainer", "/proposals")
    closed = drafter.locator("details:not([open]) > summary", has_text="起草新提案")
    if closed.count():
        closed.click()
    drafter.click("button:has-text('起草')")
    expect(drafter.locator(".summary")).to_contain_text("请写明改什么")
    drafter.fill("#title", "亩均税收的整改建议")
    drafter.fill("#reason", "据园区修订意见")
    drafter.click("button:has-text('起草')")
    drafter.locator("a", has_text="rules/rules.yaml").click()
    area = drafter.locator("#text")
    area.fill(area.input_value().replace("remedy: 提高税收或核减用地", "remedy: 核实并提高税收"))
    drafter.click("text=保存这一稿")
    finished(drafter)
    expect(drafter.locator("#state")).to_contain_text("改了什么")
    expect(drafter.locator("#state")).to_contain_text("对已有项目的影响")
    drafter.locator("a:visible", has_text="rules/rules.yaml").first.click()
    expect(drafter.locator("ins")).to_contain_text("核实并提高税收")
    drafter.go_back()
    drafter.click("button:has-text('送审')")
    expect(drafter.locator("#state")).to_contain_text("须由另一人批准")
    address = drafter.url

    log_in(second, office, "publisher", "/proposals")
    second.goto(address)
    assert breaches(second) == []
    second.locator("a:visible", has_text="rules/rules.yaml").first.click()
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
        second.goto(office + path)
        assert breaches(second) == []
    second.goto(f"{office}/rules/positive.tax")
    expect(second.locator("main")).to_contain_text("核实并提高税收")
    drafter.context.close()
    second.context.close()
