"""Industry codes found by name: divisions by the standard's names, the rest by the rulebook's words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from api.pages.assess.industries import WORDS, industry_choices, industry_name
from evaluator.values.national_codes import industry_code
from tests.api.pages.visitor import Visitor
from tests.api.support import shipped

CRITERIA = (Path(__file__).parents[4] / "criteria.yaml").read_text("utf-8").splitlines()


@pytest.mark.parametrize(("code", "word"), WORDS.items())
def test_every_word_is_the_rulebooks(code: str, word: str) -> None:
    """In the note of the entry that lists the code, which is its line or the one or two below."""
    assert any(
        re.search(rf"\b{code}\b", line) and word in "\n".join(CRITERIA[at : at + 3])
        for at, line in enumerate(CRITERIA)
    )


def test_what_is_offered() -> None:
    found = dict(industry_choices(shipped()))
    assert found["C3011"] == "水泥（非金属矿物制品业）"
    assert found["C30"] == "非金属矿物制品业"
    assert found["C2511"] == "石油、煤炭及其他燃料加工业"
    assert found["T97"] == "国际组织"
    assert list(found) == sorted(found)
    assert set(WORDS) <= set(found)
    for code, words in found.items():
        assert industry_code(code) == code
        assert industry_name(code) in words
    # Nothing that the rulebook does not name: of four digits only those.
    text = "\n".join(CRITERIA) + "\n".join(t for _, fs in shipped().layers for t in fs.values())
    assert all(re.search(rf"\b{code}\b", text) for code in found if len(code) > 3)


def test_the_form_and_the_filter_offer_them(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    for path, name in (("/assess", "f-industry_code"), ("/projects", "industry")):
        page = visitor.get(path).text
        assert '<option value="C3011">C3011 水泥（非金属矿物制品业）</option>' in page
        (tag,) = re.findall(rf'<input [^>]*id="{name}"[^>]*>', page)
        assert 'list="industries"' in tag
        assert page.count('id="industries"') == 1
