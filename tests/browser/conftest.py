"""One real server and one Chromium for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.pages.frame.render import STATIC
from scripts.seeding import PASSWORD, people, submit_examples
from scripts.serving import CHROMIUM_ARGS, chromium_path, running
from tests.support import without

# A slow machine is no failure.
expect.set_options(timeout=60_000)
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """Address and application."""
    if not (STATIC / "app.js").is_file():
        without("assets are not built: make setup")
    with running(tmp_path_factory.mktemp("pages")) as (address, app):
        yield address, app


@pytest.fixture(scope="session")
def address(server: tuple[str, Any]) -> str:
    """The server's address."""
    return server[0]


@pytest.fixture(scope="session")
def seeded(server: tuple[str, Any]) -> str:
    """The address of the server, with accounts and three projects."""
    address, app = server
    actors = people(app.state.store)
    submit_examples(
        app.state.store,
        actors["clerk"],
        ("r14-mushroom-weinan", "d01-complete-good", "r36-acid-mist-purifier"),
    )
    return address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    if chromium_path() is None:
        without(
            "no chromium on this machine: apt-get install chromium-headless-shell fonts-noto-cjk"
        )
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGS)
        yield found
        found.close()


def _page(browser: Browser, **options: Any) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="zh-CN", **options
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda m: wrong.append(m.text) if "Content Security Policy" in m.text else None
    )
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; no script error and no CSP breach may happen on it."""
    yield from _page(browser)


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page with JavaScript off."""
    yield from _page(browser, java_script_enabled=False)


def breaches(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    if not AXE.is_file():
        without("axe-core is not installed: make setup")
    page.evaluate(AXE.read_text("utf-8"))
    # The size of what one presses (WCAG 2.2 AA) is not among axe's defaults.
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
    )
    return [
        f"{v['id']}: {v['help']}: {n['html'][:120]}"
        for v in found["violations"]
        for n in v["nodes"]
    ]


def log_in(page: Page, address: str, name: str, after: str = "/") -> None:
    page.goto(f"{address}/login?next={after}")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button:has-text('登录')")
    expect(page.locator(".who")).to_contain_text("退出")
