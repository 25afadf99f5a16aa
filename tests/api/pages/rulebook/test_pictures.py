"""Pages with a picture of what a verdict rests on, and the same in words beside it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from tests.api.pages.visitor import Visitor

RULE = "positive.investment_intensity"


@pytest.fixture
def anybody(app: Any) -> Visitor:
    return Visitor(app)


def pictured(text: str) -> tuple[str, set[str]]:
    """The drawing, and the rules that the list beside it names."""
    (svg,) = re.findall(r'<svg class="rests".*?</svg>', text, re.S)
    listed = text[text.index("写成清单") :]
    return svg, set(re.findall(r'<li><a href="/rules/([^"]+)"', listed))


def test_a_rule_shows_what_it_rests_on(anybody: Visitor) -> None:
    svg, rules = pictured(anybody.get(f"/rules/{RULE}").text)
    assert rules == {RULE}
    for word in ("固定资产投资", "用地面积", "行业代码"):
        assert f">{word}</text>" in svg
    assert 'class="field open"' not in svg


def test_all_rules_are_one_picture_and_those_that_were_looked_for(anybody: Visitor) -> None:
    book = anybody.store.rulesets.current().ruleset
    svg, rules = pictured(anybody.get("/rules/picture").text)
    assert rules == set(book.rules)
    assert svg.count("<rect") > len(rules)
    _, some = pictured(anybody.get("/rules/picture?list=integrity").text)
    assert some == {r.id for r in book.rules.values() if r.list == "integrity"}
    assert 'href="/rules/picture?list=integrity"' in anybody.get("/rules?list=integrity").text
    assert anybody.get("/rules/picture?list=none").status_code == 422


def test_an_example_marks_what_is_not_settled(anybody: Visitor) -> None:
    page = html.unescape(anybody.get("/examples/r14-mushroom-weinan/picture").text)
    svg, some = pictured(page)
    assert 'class="field open"' in svg
    assert 'class="rule unknown open"' in svg
    assert 'class="rule satisfied' not in svg
    _, every = pictured(anybody.get("/examples/r14-mushroom-weinan/picture?all=1").text)
    assert some < every
    rule = sorted(some)[0]
    _, one = pictured(anybody.get(f"/examples/r14-mushroom-weinan/why/{rule}").text)
    assert one == {rule}
    assert (
        'href="/examples/r14-mushroom-weinan/picture"'
        in anybody.get("/examples/r14-mushroom-weinan").text
    )


def test_a_department_sees_its_own_part_and_reading_is_noted(app: Any) -> None:
    chair, ecology = (Visitor(app).log_in(name) for name in ("chair", "ecology"))
    book = chair.store.rulesets.current().ruleset
    _, whole = pictured(chair.get("/decisions/1/picture?all=1").text)
    _, own = pictured(ecology.get("/decisions/1/picture?all=1").text)
    assert own
    assert own < whole
    assert all("ecology" in book.rules[id_].departments for id_ in own)
    rule = sorted(own)[0]
    assert pictured(ecology.get(f"/decisions/1/why/{rule}").text)[1] == {rule}
    assert "结论靠什么" in Visitor(app).log_in("auditor").get("/audit").text
    assert Visitor(app).get("/decisions/1/picture", follow_redirects=False).status_code == 401
    assert chair.get("/decisions/999/picture").status_code == 404
