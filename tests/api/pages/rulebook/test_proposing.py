"""Proposals on pages."""

from __future__ import annotations

import pytest

from api.pages.rulebook.proposing import named
from tests.api.support import shipped


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rule:positive.land_tax", "规则“亩均税收”（positive.land_tax）"),
        ("criterion:land_tax_floor", "标准“土地税收下限”（land_tax_floor）"),
        ("metric:land_tax", "指标“亩均税收”（land_tax）"),
        ("rule:no.longer", "规则“no.longer”"),
        ("file:criteria.yaml", "文件“criteria.yaml”"),
    ],
)
def test_what_a_proposal_touches_is_named(word: str, said: str) -> None:
    assert named(word, shipped()) == said
