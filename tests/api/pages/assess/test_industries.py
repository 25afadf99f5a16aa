"""Industry codes found by name, in the form, in the filter and over the API: the standard's whole table."""

from __future__ import annotations

import re
from typing import Any

from api.pages.assess.industries import industry_choices
from evaluator.values.industries import industries, search_industries
from evaluator.values.national_codes import industry_code
from tests.api.pages.visitor import Visitor


def test_what_is_offered() -> None:
    found = dict(industry_choices())
    # Common words for its products stand with a class, so that a browser finds it by them.
    assert found["C3011"] == "水泥制造（水泥熟料）"
    assert found["C3023"] == "石棉水泥制品制造"
    assert found["C30"] == "非金属矿物制品业"
    assert found["T97"] == "国际组织"
    assert list(found) == sorted(found)
    assert len(found) == len(industries()) - 20
    assert all(industry_code(code, "gbt4754_2017") == code for code in found)


def test_the_form_and_the_filter_offer_them(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    for path, name in (("/assess", "f-industry_code"), ("/projects", "industry")):
        page = visitor.get(path).text
        assert '<option value="C30">C30 非金属矿物制品业</option>' in page
        (tag,) = re.findall(rf'<input [^>]*id="{name}"[^>]*>', page)
        assert 'list="industries"' in tag
        assert page.count('id="industries"') == 1
    found = visitor.get("/api/v1/industries", params={"q": "炼焦"}).json()
    assert found[0] == {"code": "C2521", "name": "炼焦", "level": "小类"}
    assert len(found) == len(search_industries("炼焦"))
    by_product = visitor.get("/api/v1/industries", params={"q": "锂电池"}).json()
    assert "C3841" in {f["code"] for f in by_product}
    assert visitor.get("/api/v1/industries").status_code == 422
