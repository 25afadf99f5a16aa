"""统一项目代码: what is published of its structure, part by part."""

from __future__ import annotations

import pytest

from evaluator.values.project_codes import EXAMPLE, project_code


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        "22045001990702828999",
        " ２２０４－５００１９９－０７－０２－８２８９９９ ",
        "2204 - 500199 - 07 - 02 - 828999",
    ],
)
def test_however_it_is_written(text: str) -> None:
    assert project_code(text) == EXAMPLE


def test_a_code_of_before_2020_has_its_year() -> None:
    assert project_code("2017-500199-35-03-012345") == "2017-500199-35-03-012345"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2213-500199-07-02-828999", "第 1 段"),
        ("2104-990199-07-02-828999", "第 2 段"),
        ("2104-500199-07-10-828999", "第 4 段"),
        ("2104-500199-07-00-828999", "第 4 段"),
        ("2104-500199-07-02-82899", "5 段数字"),
        ("ZR2026-000001", "5 段数字"),
        ("1904-500199-07-02-828999", "第 1 段"),
    ],
)
def test_what_is_wrong_is_said_by_its_part(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        project_code(text)
