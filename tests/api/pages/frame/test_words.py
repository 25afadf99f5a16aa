"""Numbers and citations as pages print them."""

from __future__ import annotations

import pytest

from api.pages.frame.words import citation, digits


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("差 12000.5 万元/年", "差 12,000.5 万元/年"),
        ("-20000", "-20,000"),
        ("999", "999"),
        ("自 2023-01-01 起：20 → 1800", "自 2023-01-01 起：20 → 1,800"),
        ("环发〔2014〕197号", "环发〔2014〕197号"),
        ("GB/T 4754-2017", "GB/T 4754-2017"),
        ("2022 年起，2023年1月1日", "2022 年起，2023年1月1日"),
    ],
)
def test_thousands_are_marked_and_years_are_not(text: str, shown: str) -> None:
    assert digits(text) == shown


@pytest.mark.parametrize(
    ("start", "until", "said"),
    [
        (None, None, "《甲》"),
        ("2024-01-01", None, "《甲》，2024年1月1日起有效"),
        ("2024-01-01", "2025-12-31", "《甲》，2024年1月1日至2025年12月31日有效"),
        (None, "2025-12-31", "《甲》，至2025年12月31日有效"),
    ],
)
def test_the_words_of_a_basis(start: str | None, until: str | None, said: str) -> None:
    assert citation({"text": "《甲》", "from": start, "until": until}) == said
