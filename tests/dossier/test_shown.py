"""What a cell of a workbook shows is what is read: number formats, formulas, dates, other programs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from evaluator.reading.numberformat import FormatError, displayed
from tests.dossier.workbooks import (
    SHEET,
    edit_part,
    one,
    problems,
    read,
    saved,
)


@pytest.mark.parametrize(
    ("header", "value", "number_format", "expected"),
    [
        ("资产负债率", 0.6, "0%", 60),
        ("资产负债率", 0.57, "0.00%", 57),
        ("资产负债率", 0.07, "0%", 7),
        ("资产负债率", 60, "General", 60),
        ("资产负债率", 60, '0"%"', 60),
        ("资产负债率", 0.6, "General", Fraction(3, 5)),
        ("资产负债率（‰）", 0.6, "0%", 60),
        ("容积率", 1.25, "0%", Fraction(5, 4)),
        ("总投资", 5, '0.0"亿元"', 50000),
        ("总投资", 5, "0亿元", 50000),
        ("总投资（亿元）", 5, '0"万元"', 5),
        ("总投资", 1234.5, "#,##0.00", Fraction(2469, 2)),
        ("总投资", 1234.5, '"\u00a5"#,##0.00', Fraction(2469, 2)),
        ("总投资", 1234.5, "[$\u00a5-804]#,##0.00;[Red]-#,##0.00", Fraction(2469, 2)),
        ("总投资", 1234.5, '_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ ', Fraction(2469, 2)),
        ("总投资", 1234.5, "0.00E+00", Fraction(2469, 2)),
        # Shown as 20.00; judged by the full value.
        ("总投资", 19.996, "0.00", Fraction(19996, 1000)),
        ("总投资", 0.1 + 0.2, "General", Fraction(3, 10)),
        ("总投资", 8.3, "General", Fraction(83, 10)),
        ("总投资", 1e-7, "General", Fraction(1, 10**7)),
        ("总投资", "1,234.5", "@", Fraction(2469, 2)),
        ("就业人数", 270.0, "0", 270),
        ("项目名称（x）", None, None, None),
        ("主要产品代码", 123, "000000", ("000123",)),
        ("拟落户片区", 12, "General", "12"),
        ("成立日期", 45000, "yyyy-mm-dd", dt.date(2023, 3, 15)),
        ("成立日期", dt.datetime(2023, 3, 15, 13, 30), "yyyy-mm-dd hh:mm", dt.date(2023, 3, 15)),
    ],
)
def test_number_format(header: str, value: Any, number_format: str | None, expected: Any) -> None:
    if value is None:
        assert problems(one(header, value))[0].code == "D104"
        return
    (profile,) = read(one(header, value, number_format))
    assert list(profile.values.values())[3] == expected


@pytest.mark.parametrize(
    ("header", "value", "number_format", "code"),
    [
        ("总投资", 0.6, "0%", "D104"),
        ("就业人数", 0.6, "0%", "D104"),
        ("总投资", 5, '0"套"', "D104"),
        ("总投资", 5, '"约"0', "D103"),
        ("总投资", 120000, "0,", "D120"),
        ("总投资", 120000, "0.0,,", "D120"),
        ("总投资", 120000, "0\\.0,", "D120"),
        ("总投资", 5, '0"点"0', "D120"),
        ("总投资", 45000, "yyyy-mm-dd", "D103"),
        ("总投资", 0.5, "hh:mm", "D120"),
        ("总投资", 0.5, "[h]:mm", "D120"),
        ("成立日期", -5, "yyyy-mm-dd", "D105"),
        ("成立日期", 45000, "General", "D103"),
        ("两高项目", 1, "General", "D103"),
        ("拟落户片区", 123456789012345678, "General", "D120"),
        ("拟落户片区", 0.5, "General", None),
        ("总投资", 1e300, "General", "D120"),
        ("总投资", "#DIV/0!", None, "D120"),
        ("总投资", "=A1", None, "D120"),
    ],
)
def test_number_format_refused(
    header: str, value: Any, number_format: str | None, code: str | None
) -> None:
    data = one(header, value, number_format)
    if code is None:
        assert read(data)[0].values["zone"] == "0.5"
        return
    (found,) = problems(data)
    assert (found.code, found.place.cell) == (code, "Sheet!D2")


@pytest.mark.parametrize("code", ["0;0%", "0.0#", "# ?/?", "[>100]0;0.0", "0_);(0)", ""])
def test_plain_formats_change_nothing(code: str) -> None:
    assert displayed(Decimal("0.6"), code) == Decimal("0.6")


def test_two_percent_signs() -> None:
    with pytest.raises(FormatError):
        displayed(Decimal("0.6"), "0%%")


@pytest.mark.parametrize(
    ("cell_xml", "expected"),
    [
        ('<c r="D2"><f>1+2</f><v>3</v></c>', 3),
        ('<c r="D2"><f>0.1+0.2</f><v>0.30000000000000004</v></c>', Fraction(3, 10)),
        ('<c r="D2" t="str"><f>"18 "&amp;"公顷"</f><v>18 公顷</v></c>', 270),
        ('<c r="D2" t="str"><f>IF(1,"","")</f><v></v></c>', None),
        ('<c r="D2" t="inlineStr"><is><t>18 公顷</t></is></c>', 270),
        ('<c r="D2"><v>1.8E1</v></c>', 18),
    ],
)
def test_cells_as_other_programs_write_them(cell_xml: str, expected: Any) -> None:
    data = edit_part(
        one("用地面积", 7), SHEET, lambda xml: xml.replace('<c r="D2" t="n"><v>7</v></c>', cell_xml)
    )
    (profile,) = read(data)
    assert profile.values.get("land_area") == expected


@pytest.mark.parametrize(
    "cell_xml",
    [
        '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>',
        '<c r="D2"><f>1+2</f></c>',
        '<c r="D2"><f>1+2</f><v></v></c>',
    ],
)
def test_formulas_without_a_value(cell_xml: str) -> None:
    data = edit_part(
        one("用地面积", 7), SHEET, lambda xml: xml.replace('<c r="D2" t="n"><v>7</v></c>', cell_xml)
    )
    (found,) = problems(data)
    assert (found.code, found.place.cell) == ("D120", "Sheet!D2")


def test_dates_of_the_1904_system() -> None:
    book = load_workbook(BytesIO(one("成立日期", 45000, "yyyy-mm-dd")))
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0]["C2"].value = "2024-06-03"
    book.worksheets[0]["D2"].value = 45000
    assert read(saved(book))[0].values["enterprise_founded_on"] == dt.date(2027, 3, 16)
