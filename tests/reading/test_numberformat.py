"""What a number format shows: the section that is used, money, what is not shown at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from evaluator.reading.numberformat import FormatError, displayed


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        ("5", '0;-0;"无"', Decimal(5)),
        ("0", '0;-0;"无"', "无"),
        ("0", '0;-0;"-"', Decimal(0)),
        ("-5", "#,##0;(#,##0)", Decimal(-5)),
        ("-5", '0"万元";[Red]-0"万元"', "-5万元"),
        ("4", '[<10]0"亿元";0"万元"', "4亿元"),
        ("40", '[<10]0"亿元";0"万元"', "40万元"),
        ("10000", '[>=10000]0"万元";[>0]0"亩";0', "10000万元"),
        ("1", '[>=10000]0"万元";[>0]0"亩";0', "1亩"),
        ("-1", '[>=10000]0"万元";[>0]0"亩";0', Decimal(-1)),
        ("7", '"a;b"0', "a;b7"),
        ("7", "0\\;", "7;"),
        ("5", '"四万八"', "四万八"),
        ("5", "", Decimal(5)),
        ("5", "@", Decimal(5)),
        ("5", "0;0;0;@", Decimal(5)),
        ("0", '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', Decimal(0)),
        ("5", '_ "¥"* #,##0.00_ ;_ "¥"* -#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ', Decimal(5)),
        ("5", "[$¥-804]#,##0.00", Decimal(5)),
        ("5", "[$-804]0", Decimal(5)),
        # Formats that a file only numbers are of the money of the country that Excel is set to.
        ("5", '"$"#,##0_);("$"#,##0)', Decimal(5)),
        ("5", '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)', Decimal(5)),
        ("0.0005", '0.0"‰"', "0.0005‰"),
        ("5", '0"%"', "5%"),
        ("5", "[DBNum2][$-804]General", Decimal(5)),
    ],
)
def test_shown(value: str, code: str, shown: Decimal | str) -> None:
    assert displayed(Decimal(value), code) == shown


@pytest.mark.parametrize(
    ("value", "code", "why"),
    [
        ("5", "$#,##0", "外币"),
        ("5", '"$"#,##0', "外币"),
        ("5", "[$$-409]#,##0.00", "外币"),
        ("5", "[$USD] #,##0", "外币"),
        ("5", "[$€-407]0", "外币"),
        ("5", '"US$"0', "外币"),
        ("5", "[$HK$-C04]0", "外币"),
        ("5", ";;;", "看上去是空的"),
        ("0", "0.00;-0.00;", "看上去是空的"),
        ("0", "0;-0;;@", "看上去是空的"),
        ("5", '0!.0,"万"', "夹着文字"),
        ("5", "#,##0,", "千倍"),
        ("20000", '[>=10000]0!.0,"万";0', "夹着文字"),
        ("5", "0%%", "百分号"),
    ],
)
def test_not_taken_for_the_value(value: str, code: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        displayed(Decimal(value), code)


def test_a_condition_is_held_against_the_number() -> None:
    assert displayed(Decimal(2), '[>=10000]0!.0,"万";0') == 2
