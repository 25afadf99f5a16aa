"""The login button through the identity provider's own pages to our first page, and out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.serving import chromium_path, running
from tests.browser.conftest import breaches, without
from tests.oidc.process import WANG, IdentityProvider, free_port

PEOPLE = {
    "wang": WANG,
    "zhang": {
        "preferred_username": "zhang",
        "name": "张科长",
        "roles": ["department:ecology"],
    },
    "guest": {"preferred_username": "guest", "name": "来客"},
}


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with an identity provider beside it."""
    if chromium_path() is None:
        without("no chromium on this machine")
    directory, port = tmp_path_factory.mktemp("single"), free_port()
    idp = IdentityProvider(Path(directory), f"http://127.0.0.1:{port}", dict(PEOPLE))
    with idp.running(), running(directory, port=port, **idp.settings()) as (address, _):
        yield address


def through_the_provider(page: Page, address: str, name: str) -> None:
    """From our login page over the provider's login and consent pages."""
    page.goto(f"{address}/login")
    page.click("text=用统一身份认证登录")
    expect(page.locator("input[name=password]")).to_be_visible()
    assert not page.url.startswith(address)
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "anything")
    page.click("button[type=submit]")
    page.click("button[type=submit]")


def test_the_login_button_leads_to_our_first_page_with_the_role(page: Page, single: str) -> None:
    through_the_provider(page, single, "wang")
    expect(page).to_have_url(f"{single}/")
    expect(page.locator(".who")).to_contain_text("王某")
    # What a committee member may open, and nothing of a maintainer's.
    menu = page.locator("nav[aria-label=主要栏目]")
    expect(menu).to_contain_text("会审")
    expect(menu).to_contain_text("总览")
    expect(menu).not_to_contain_text("规则提案")
    page.click("nav >> text=总览")
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("fetch('/api/v1/session').then(r => r.json())")["roles"] == ["committee"]


def test_a_department_comes_as_itself(page: Page, single: str) -> None:
    through_the_provider(page, single, "zhang")
    expect(page.locator(".who")).to_contain_text("张科长")
    expect(page.locator("nav[aria-label=主要栏目]")).not_to_contain_text("总览")
    me = page.evaluate("fetch('/api/v1/session').then(r => r.json())")
    assert me["roles"] == ["department:ecology"]


def test_who_has_no_role_reads_why(page: Page, single: str) -> None:
    through_the_provider(page, single, "guest")
    expect(page.locator("main")).to_contain_text("您的统一身份没有本系统的角色")
    assert breaches(page) == []
    page.click("main >> text=回首页")
    expect(page.locator(".who")).to_contain_text("登录")


@pytest.mark.parametrize("scripts", [True, False])
def test_logging_out_goes_through_the_provider(
    page: Page, plain: Page, single: str, scripts: bool
) -> None:
    shown = page if scripts else plain
    through_the_provider(shown, single, "wang")
    shown.click(".who >> text=退出")
    # The provider asks, then sends back to our first page.
    expect(shown).to_have_url(re.compile(r"/session/end"))
    shown.click("button[name=logout]")
    expect(shown).to_have_url(f"{single}/")
    expect(shown.locator(".who")).not_to_contain_text("王某")
    # The next person at this computer is asked for a password.
    shown.goto(f"{single}/login")
    shown.click("text=用统一身份认证登录")
    expect(shown.locator("input[name=password]")).to_be_visible()
