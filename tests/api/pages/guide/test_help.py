"""The guide inside the program: every page leads to its part, every link leads somewhere."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.routing import APIRoute

from api.pages import MODULES
from api.pages.frame.parts import help_for, part_for
from api.pages.guide.shelf import HOME, NAMES, document, picture, search
from tests.api.pages.visitor import Visitor

FILES = re.compile(r"\.\{kind\}|\.docx|\.xlsx|\.json|/help|/static|/words$|/state$")


@pytest.fixture
def anybody(app: Any) -> Visitor:
    return Visitor(app)


def anchors(name: str) -> set[str]:
    return {s.anchor for s in document(name).sections}


def pages() -> list[str]:
    """The address of every page that a person opens."""
    return [
        re.sub(r"\{[^}]*\}", "1", route.path)
        for module in MODULES
        for route in module.router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods and not FILES.search(route.path)
    ]


def test_every_page_has_its_part_of_the_guide(anybody: Visitor) -> None:
    listed = pages()
    assert len(listed) > 40
    assert [path for path in listed if part_for(path) is None] == []
    for path in listed:
        part = part_for(path)
        name, _, anchor = (part or "user-guide").partition("#")
        assert name in NAMES
        assert not anchor or anchor in anchors(name), path
    for path in ("/", "/rules", "/examples/r14-mushroom-weinan", "/no-such-page"):
        assert f'href="{help_for(path)}"' in anybody.get(path).text


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_a_page_whose_links_lead_somewhere(anybody: Visitor, name: str) -> None:
    text = anybody.get(f"/help/{name}").text
    body = text[text.index('<article class="guide">') : text.index("</article>")]
    assert "<script" not in body
    assert " style=" not in body
    assert "<h1" in body
    own = set(re.findall(r'<h[1-6] id="([^"]*)"', body))
    assert own == anchors(name)
    regions = re.findall(r'role="region" aria-label="([^"]*)"', body)
    assert len(regions) == len(set(regions))
    for href in map(html.unescape, re.findall(r'<a href="([^"]*)"', body)):
        if href.startswith(("http://", "https://")):
            continue
        path, _, anchor = unquote(href).partition("#")
        target = path.removeprefix("/help/") or name
        assert target in NAMES, href
        assert not anchor or anchor in anchors(target), href
    for source in re.findall(r'<img src="([^"]*)"', body):
        shown = anybody.get(source)
        assert shown.status_code == 200, source
        assert shown.headers["content-type"] in ("image/png", "image/svg+xml")
        assert "sandbox" in shown.headers["content-security-policy"]


def test_all_documents_in_chinese_are_there() -> None:
    chinese = {
        p.stem for p in HOME.glob("*.md") if re.match("# .*[\u4e00-\u9fff]", p.read_text("utf-8"))
    }
    assert chinese - set(NAMES) <= {"benchmarks-answer"}


def test_what_is_looked_for_is_found_where_it_stands(anybody: Visitor) -> None:
    found, _ = search("督办")
    assert found[0].section.title in {s.title for s in found[0].document.sections}
    assert {"user-guide", "first-day"} <= {f.document.name for f in found}
    wide, _ = search("ＹＡＭＬ")
    narrow, _ = search("yaml")
    assert [f.section for f in wide] == [f.section for f in narrow] != []
    text = anybody.get("/help?q=督办").text
    assert f'href="/help/{found[0].document.name}#{found[0].section.anchor}"' in text
    assert "没有找到" in anybody.get("/help?q=没有这样的词啊").text
    assert "<b>x" not in anybody.get("/help?q=<b>x").text
    assert search("  ") == ([], 0)


@pytest.mark.parametrize(
    "path",
    [
        "/help/none",
        "/help/../user-guide",
        "/help/decisions",
        "/help/files/screenshots/none.png",
        "/help/files/screenshots/..%2Fuser-guide.md",
        "/help/files/decisions/0001.md",
        "/help/files/..%2F..%2Fapi/x.png",
    ],
)
def test_nothing_else_is_served(anybody: Visitor, path: str) -> None:
    assert anybody.get(path).status_code == 404


def test_only_pictures_are_files() -> None:
    assert picture("pictures", "investment_intensity.svg") is not None
    assert picture("pictures", "../user-guide.md") is None
    assert picture("..", "user-guide.md") is None
