"""A passkey made and used in a real Chromium, whose own virtual device signs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from scripts.seeding import PASSWORD, people
from scripts.serving import chromium_path, running
from tests.browser.conftest import breaches, log_in, without
from tests.oidc.process import free_port


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service by a name: browsers have no passkeys for addresses of numbers."""
    if chromium_path() is None:
        without("no chromium on this machine")
    port = free_port()
    address = f"http://localhost:{port}"
    with running(tmp_path_factory.mktemp("named"), port=port, public_url=address) as (_, app):
        people(app.state.store)
        yield address


def with_a_device(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})


def test_a_passkey_is_made_and_lets_in(page: Page, named: str) -> None:
    with_a_device(page)
    log_in(page, named, "clerk", "/account")
    page.fill("#passkey-title", "办公电脑")
    page.click("text=设置通行密钥")
    expect(page.locator("h1")).to_contain_text("备用码")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    assert breaches(page) == []
    page.click("text=已经记下")
    expect(page.locator("#factors + table")).to_contain_text("办公电脑")
    assert breaches(page) == []

    page.click("text=退出")
    page.goto(f"{named}/login?next=/account")
    page.fill("#name", "clerk")
    page.fill("#password", PASSWORD)
    page.click("button:has-text('登录')")
    expect(page.locator("h1")).to_contain_text("第二重验证")
    assert breaches(page) == []
    page.click("text=用通行密钥")
    expect(page).to_have_url(f"{named}/account")
    expect(page.locator("#factors + table")).not_to_contain_text("没有")

    # The device is lost: a code that was written down lets in, once.
    page.click("text=退出")
    for code, said in ((codes[0], "退出"), (codes[0], "不对")):
        page.goto(f"{named}/login?next=/account")
        page.fill("#name", "clerk")
        page.fill("#password", PASSWORD)
        page.click("button:has-text('登录')")
        page.fill("#code", code)
        page.click("button:has-text('登录')")
        expect(page.locator("body")).to_contain_text(said)
        page.context.clear_cookies()
