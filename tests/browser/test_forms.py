"""A number changed without YAML: from the standard's page to publication, by two people."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect

from api.store.proposals.forms import next_month
from api.workdays.china import today
from tests.browser.conftest import breaches, log_in
from tests.browser.test_proposing import finished

START = next_month(today())


class Hand:
    """Counts what a person does on a page: each click, each field filled in."""

    def __init__(self) -> None:
        self.actions = 0

    def click(self, page: Page, what: str) -> None:
        page.click(what)
        self.actions += 1

    def fill(self, page: Page, what: str, text: str) -> None:
        page.fill(what, text)
        self.actions += 1


def test_twenty_to_eighteen_from_next_month(seeded: str, browser: Browser, server: Any) -> None:
    clerk = browser.new_context().new_page()
    second = browser.new_context().new_page()
    hand = Hand()
    log_in(clerk, seeded, "maintainer", "/criteria?q=亩均税收")
    clerk.goto(f"{seeded}/criteria?q=亩均税收")
    hand.click(clerk, "main a:text-is('土地税收下限')")
    hand.click(clerk, "a.button:has-text('修改')")
    assert breaches(clerk) == []
    assert clerk.input_value("#start") == START.isoformat()
    assert clerk.input_value("#read_by") == "孙维护"
    hand.fill(clerk, "#value-2", "18")
    hand.fill(clerk, "#title", "园区土地税收标准修订意见")
    hand.fill(clerk, "#clause", "第三条")
    hand.click(clerk, "#verified")
    hand.click(clerk, "button:has-text('起草提案')")
    expect(clerk.locator("h1")).to_contain_text("土地税收下限：20 → 18 万元/亩/年")
    finished(clerk)
    state = clerk.locator("#state")
    expect(state).to_contain_text("20 万元/亩/年 → 18 万元/亩/年")
    expect(state).to_contain_text("恰为 18 万元/亩/年")
    expect(state).to_contain_text("全部通过")
    expect(state).not_to_contain_text("追溯")
    assert breaches(clerk) == []
    hand.click(clerk, "button:has-text('送审')")
    expect(state).to_contain_text("须由另一人批准")
    address = clerk.url

    log_in(second, seeded, "publisher", "/proposals")
    second.goto(address)
    hand.click(second, "button:has-text('批准')")
    hand.click(second, "button:has-text('发布')")
    expect(second.locator("section").first).to_contain_text("现行")
    assert hand.actions < 12
    second.goto(f"{seeded}/criteria/land_tax_floor")
    expect(second.locator("main")).to_contain_text("园区土地税收标准修订意见")
    expect(second.locator("section").first).to_contain_text("尚未生效")
    expect(second.locator("section").nth(1)).to_contain_text("现行")
    assert breaches(second) == []
    current = server[1].state.judges.current().ruleset.criteria["land_tax_floor"]
    assert [p.start.isoformat() for p in current.periods] == ["2023-01-01", START.isoformat()]
    clerk.context.close()
    second.context.close()


def test_a_rule_is_changed_and_the_file_opens_at_its_place(seeded: str, browser: Browser) -> None:
    page = browser.new_context().new_page()
    log_in(page, seeded, "maintainer", "/rules")
    page.goto(f"{seeded}/rules/positive.land_output")
    page.click("a:has-text('在文件里试改')")
    line = page.locator(".cm-activeLine")
    expect(line).to_contain_text("positive.land_output")
    page.goto(f"{seeded}/rules/positive.land_output")
    page.click("a.button:has-text('修改')")
    assert breaches(page) == []
    page.click("button:has-text('起草提案')")
    expect(page.locator(".summary")).to_be_visible()
    assert breaches(page) == []
    page.context.close()
