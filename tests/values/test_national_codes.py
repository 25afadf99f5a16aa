"""Codes as people type them: letters and digits of full width are the same ones."""

from __future__ import annotations

import pytest

from evaluator.values.national_codes import BadCode, credit_code, industry_code


@pytest.mark.parametrize("text", ["C3985", "c3985", "Ｃ3985", "Ｃ３９８５", "ｃ３９８５"])
def test_an_industry_code_of_full_width_is_read(text: str) -> None:
    assert industry_code(text, "gbt4754_2017") == "C3985"


def test_a_credit_code_of_full_width_is_read() -> None:
    code = "91350100M000100Y43"
    wide = code.translate({ord(c): ord(c) + 0xFEE0 for c in code})
    assert credit_code(wide) == credit_code(code) == code


def test_what_only_looks_like_a_letter_is_refused() -> None:
    # Cyrillic С.
    with pytest.raises(BadCode):
        industry_code("\u04213985")
