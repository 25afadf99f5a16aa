"""Every page that reads without a login: accessible, narrow, and with JavaScript off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import breaches

READ = (
    "/",
    "/examples",
    "/examples/r14-mushroom-weinan",
    "/examples/r36-acid-mist-purifier",
    "/examples/d01-complete-good",
    "/examples/r15-crypto-mining-fuzhou",
    "/examples/r14-mushroom-weinan/why/negative.low_tax",
    "/examples/r16-huaxing-coal-to-gas/why/positive.investment_intensity",
    "/examples/r14-mushroom-weinan/opinion",
    "/assess",
    "/assess?example=r36-acid-mist-purifier",
    "/rules",
    "/rules?q=投资&list=positive&department=&effect=",
    "/rules?q=没有这样的规则",
    "/rules/positive.investment_intensity",
    "/criteria",
    "/criteria/investment_intensity_floor",
    "/no-such-page",
)


@pytest.mark.parametrize("path", READ)
def test_accessible_and_narrow(page: Page, address: str, path: str) -> None:
    page.goto(address + path)
    assert breaches(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", READ)
def test_reads_without_script(plain: Page, address: str, path: str) -> None:
    plain.goto(address + path)
    expect(plain.locator("h1")).to_have_count(1)
    assert plain.locator("html").get_attribute("lang") == "zh-CN"


def test_large_type_stays(plain: Page, address: str) -> None:
    plain.goto(f"{address}/rules")
    plain.click("text=大字")
    expect(plain.locator("html")).to_have_class("big")
    assert plain.url == f"{address}/rules"
    plain.goto(f"{address}/criteria")
    expect(plain.locator("html")).to_have_class("big")


def test_a_verdict_says_why(page: Page, address: str) -> None:
    page.goto(address)
    page.click("text=渭南经开区食用菌深加工综合产业")
    expect(page.locator(".verdict")).to_contain_text("黄灯·提交会审")
    first = page.locator(".reason", has_text="亩均税收重点会审线").first
    expect(first).to_contain_text("10 万元/亩/年")
    first.locator("text=为什么").click()
    expect(page.locator("main")).to_contain_text("达产年税收 ÷ 用地面积")
    expect(page.locator("pre")).to_contain_text("id: negative.low_tax")
    page.reload()
    expect(page.locator("h1")).to_contain_text("亩均税收重点会审线：不符合")


def test_keyboard_reaches_the_text_first(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
