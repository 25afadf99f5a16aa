"""What a plain YAML word means, and which plain words are refused because readers would disagree.

meaning("20.50") == Decimal("20.50")
meaning("no")    == Unclear("“no”的意思不明确", "是非值只写 true 或 false；…")
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import NamedTuple

__all__ = ["Scalar", "Unclear", "meaning"]

Scalar = str | bool | int | Decimal | dt.date | None
MAX_NUMBER = 36  # Characters of a number: more than any amount of money needs.
YEARS = (1900, 2200)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)y|n|yes|no|on|off"), "是非值只写 true 或 false；若是文字请加引号"),
    (re.compile(r"(?i)true|false"), "是非值只写小写的 true 或 false；若是文字请加引号"),
    (re.compile(r"(?i)null|~"), "空值只写 null 或留空；若是文字请加引号"),
    (re.compile(r"[-+]?0[0-9_]+(\.[0-9]*)?"), "数不能以 0 开头；若是编号请加引号"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "只写十进制数；若是编号请加引号"),
    (
        re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"),
        "此写法会被当作六十进制数；若是时间或比例请加引号",
    ),
    (re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+"), "不用科学计数法，请写全数字"),
    (re.compile(r"[-+]?[0-9]+(_[0-9]+)+(\.[0-9]+)?"), "数中不加下划线"),
    (re.compile(r"[-+]?[0-9]{1,3}([,\uff0c][0-9]{3})+(\.[0-9]+)?"), "数中不加逗号"),
    (re.compile(r"[-+]?([0-9]+\.|\.[0-9]+)"), "小数点前后都要有数字"),
    (re.compile(r"(?i)[-+]?\.?(inf|nan)"), "不允许无穷大或非数"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9].*)?"), "日期写作 2024-01-01"),
    (
        re.compile(r"[0-9]{4}[./年][0-9]{1,2}[./月][0-9]{1,2}日?"),
        "日期写作 2024-01-01；若是文字请加引号",
    ),
    (
        re.compile(r"[-+]?[\uff10-\uff19]+([.\uff0e][\uff10-\uff19]+)?"),
        "数字用半角；若是文字请加引号",
    ),
)


class Unclear(NamedTuple):
    """A word that is refused: a sentence and a hint."""

    message: str
    hint: str


def meaning(text: str) -> Scalar | Unclear:
    """The value of a word written without quotes."""
    if text in ("", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    first = text[0]
    if not (first.isdigit() or first in "+-.~" or (len(text) < 6 and text.isalpha())):
        return text
    if _INT.fullmatch(text) or _DECIMAL.fullmatch(text):
        if len(text) > MAX_NUMBER:
            return Unclear(f"数“{text[:20]}…”过长", "若是编号请加引号")
        return Decimal(text) if "." in text else int(text)
    if _DATE.fullmatch(text):
        return _date(text)
    for pattern, hint in _TRAPS:
        if pattern.fullmatch(text):
            return Unclear(f"“{text}”的意思不明确", hint)
    return text


def _date(text: str) -> dt.date | Unclear:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return Unclear(f"“{text}”不是有效的日期", "日期写作 2024-01-01")
    if YEARS[0] <= day.year <= YEARS[1]:
        return day
    return Unclear(f"日期“{text}”不可能", f"年份应在 {YEARS[0]} 至 {YEARS[1]}")
