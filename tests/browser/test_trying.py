"""Trying a change of a rule: problems under the line, the change in words, examples that move."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import breaches, log_in

LAND = "/rules/try/edit?layer=base&file=rules/positive/investment.yaml"


def test_without_script(plain: Page, seeded: str) -> None:
    log_in(plain, seeded, "chair", "/rules")
    plain.click("text=试改规则")
    plain.click("text=rules/positive/investment.yaml")
    area = plain.locator("#text")
    text = area.input_value()
    area.fill(text.replace("effect: refer", "effect: rejekt", 1))
    plain.click("text=检查并看影响")
    expect(plain.locator(".summary")).to_contain_text("rejekt")
    area.fill(text.replace("effect: refer", "effect: reject"))
    plain.click("text=检查并看影响")
    expect(plain.locator("main")).to_contain_text("改了什么")
    expect(plain.locator("main")).to_contain_text("结论改变")
    expect(plain.locator("main li a").first).to_be_visible()


def test_the_editor_checks_as_one_types(page: Page, seeded: str) -> None:
    log_in(page, seeded, "chair", "/rules")
    page.goto(seeded + LAND)
    editor = page.locator(".cm-content")
    expect(editor).to_be_visible()
    expect(page.locator("#text")).to_be_hidden()
    assert breaches(page) == []
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("- id: [")
    expect(page.locator(".cm-lint-marker-error").first).to_be_visible()
    page.click("text=检查并看影响")
    expect(page.locator(".summary")).to_contain_text("要改正")
    assert breaches(page) == []
