"""What a cell means: the one place that says it, whichever file or database the cell comes from.

A spreadsheet keeps 15 significant digits, so a binary number means the decimal of 15 digits that it
shows; its number format may add a percent sign, a unit or leading zeros, and those are part of what
a person reads. A moment on a calendar means its day; an instant (a moment with a zone, as databases
keep it) its day in Beijing, wherever the machine stands. What cannot be taken is a CellFault: it is never an empty cell. Knows
neither files nor dossiers.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NoReturn

from evaluator.reading.numberformat import FormatError, displayed

CellValue = Decimal | str | bool | dt.date
BEIJING = dt.timezone(dt.timedelta(hours=8))
DIGITS = 15  # What a spreadsheet keeps of a number that was typed, and shows of a computed one.
_TEXT = "把单元格格式设为“文本”，再重新填写"
_GENERAL = "把单元格格式改为“常规”，核对后重填"
_TIME = "把单元格格式改为“常规”，再重新填写"


class CellFault(ValueError):
    """A cell that cannot be taken: why, what to do, and what of it can be shown."""

    def __init__(self, message: str, hint: str | None = None, shown: CellValue = "") -> None:
        self.message = message
        self.hint = hint
        self.shown = shown
        super().__init__(message)


def meaning(value: object, code: str = "General") -> CellValue | None:
    """The meaning of a value as a reader of spreadsheets or databases hands it over; None is empty.

    ``code`` is the number format. Raises CellFault.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, (int, float)):
        return number(value, code)
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (dt.date, dt.time, dt.timedelta)):
        return day(value)
    raise CellFault("单元格里不是文字、数或日期", _TIME)


def number(value: float, code: str = "General") -> Decimal | str:
    """A binary number under a number format. Raises CellFault."""
    exact = decimal_of(value)
    try:
        return displayed(exact, code)
    except FormatError as error:
        raise CellFault(str(error), _GENERAL, exact) from None


def decimal_of(value: float) -> Decimal:
    """The decimal that a binary number stands for. Raises CellFault where digits have been lost."""
    # INVARIANT: no more than 15 significant digits (0.1+0.2 is stored as 0.30000000000000004 and
    # means 0.3).
    if value != value or value in (float("inf"), float("-inf")):
        raise CellFault("单元格里不是数", _TIME)
    if abs(value) >= 10**DIGITS:
        raise CellFault("数字超过 15 位，表格软件已丢掉后面的几位", _TEXT)
    return Decimal(f"{value + 0.0:.{DIGITS}g}")  # Of minus zero, which nobody has typed, zero.


def day(value: dt.date | dt.time | dt.timedelta) -> dt.date:
    """The day of a date, moment or instant. Raises CellFault for a time of day."""
    if isinstance(value, dt.datetime):
        return (value.astimezone(BEIJING) if value.tzinfo else value).date()
    if isinstance(value, dt.date):
        return value
    raise CellFault("单元格是时刻，不是数或日期", _TIME)


def error(shown: str) -> NoReturn:
    """An error cell (#DIV/0!)."""
    raise CellFault(f"单元格出错（{shown}）", "改正公式，或直接填数", shown)


def no_value(also: str = "") -> NoReturn:
    """A formula that has not been calculated."""
    raise CellFault(f"公式没有算出的值{also}", "打开文件重算并保存，或直接填数")
