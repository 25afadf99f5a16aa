"""Criteria are found by the words that people use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.pages.visitor import Visitor


@pytest.mark.parametrize(
    "words", ["土地税收", "land_tax_floor", "亩均税收", "亩均税收 下限", "达产年税收"]
)
def test_found_by_metric_rule_and_field(app: Any, words: str) -> None:
    page = Visitor(app).get(f"/criteria?q={words}").text
    assert '<a href="/criteria/land_tax_floor">' in page
    assert '<a href="/criteria/building_coefficient_floor">' not in page


def test_what_no_name_has_is_not_found(app: Any) -> None:
    assert "找到 0 项" in Visitor(app).get("/criteria?q=亩均税收 容积率 噪声").text
