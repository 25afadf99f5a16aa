"""The story of docs/first-day.md is walked as it is told."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page

from scripts.first_day import story
from tests.support import ROOT


def test_the_story_is_as_it_is_told(seeded: str, browser: Browser) -> None:
    shot: dict[str, str] = {}

    def shoot(page: Page, name: str) -> None:
        shot[name] = page.locator("main").inner_text()

    story(browser, seeded, shoot)
    told = (ROOT / "docs" / "first-day.md").read_text("utf-8")
    assert re.findall(r"\(screenshots/([\w-]+)\.png\)", told) == list(shot)
    kept = {p.stem for p in (ROOT / "docs" / "screenshots").glob("*.png")}
    assert kept == set(shot)
    # What one presses is called so on some page of the story.
    pages = "\n".join(shot.values())
    for word in ("检查并核对", "更改", "为什么", "要求补正", "附条件准入", "督办", "销号"):
        assert f"“{word}”" in told or word in told
        assert word in pages, word
    assert "2 项因材料不足不能判断" in shot["verdict"]
    assert "先问这 1 项" in shot["verdict"]
