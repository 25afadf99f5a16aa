"""What a plain YAML word means, and which plain words are refused because readers would disagree.

meaning("20.50") == Decimal("20.50")
meaning("no")    == Unclear("“no”的意思不明确", "是非值只写 true 或 false；…")
meaning("１８")  == Unclear("“１８”的意思不明确", "数字用半角，写 18；若是文字请加引号")
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import NamedTuple

Scalar = str | bool | int | Decimal | dt.date | None
MAX_SHOWN = 40  # Characters of a word in a message.
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
    (re.compile(r"[-+]?[0-9]+(_[0-9]+)+(\.[0-9]+)?"), "数中不加下划线，写 {}"),
    (re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"), "数中不加逗号，写 {}"),
    (
        re.compile(r"[-+]?[0-9]{1,3}(\uff0c[0-9]{3})+(\.[0-9]+)?"),
        "数中不加逗号，写 {}；若是几个数，中间用半角逗号",
    ),
    (re.compile(r"[-+]?([0-9]+\.|\.[0-9]+)"), "小数点前后都要有数字"),
    (re.compile(r"(?i)[-+]?\.?(inf|nan)"), "不允许无穷大或非数"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9].*)?"), "日期写作 2024-01-01"),
    (
        re.compile(r"[0-9]{4}[./年][0-9]{1,2}[./月][0-9]{1,2}日?"),
        "日期写作 2024-01-01；若是文字请加引号",
    ),
    (
        re.compile(r"[-+]?[\uff10-\uff19]+([.\uff0e][\uff10-\uff19]+)?"),
        "数字用半角，写 {}；若是文字请加引号",
    ),
)
# What stands around the digits of a number that was written with something more.
_DRESS = str.maketrans(
    {
        "_": None,
        ",": None,
        "\uff0c": None,
        "\uff0e": ".",
        **{chr(0xFF10 + n): str(n) for n in range(10)},
    }
)
# Full-width marks that mean nothing to YAML: around a whole word, they were meant to.
_QUOTES = {"“": "”", "”": "“", "‘": "’", "「": "」", "＂": "＂"}
_ANY_QUOTE = frozenset({*_QUOTES, *_QUOTES.values(), '"'})
_BRACKETS = {"［": ("］", "[", "]"), "【": ("】", "[", "]"), "｛": ("｝", "{", "}")}


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
            return Unclear(f"“{text}”的意思不明确", hint.format(narrow(text)))
    return text


def full_width(text: str) -> Unclear | None:
    """Why a word without quotes was meant otherwise: full-width quotes or brackets around it.

    No mistake of reading, since such a text was always taken as it stands; where a number or a list
    is expected it says what to write.
    """
    first, inner, last = text[:1], text[1:-1], text[-1:]
    shown = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
    if first in _BRACKETS:
        close, left, right = _BRACKETS[first]
        if close in text[:-1]:
            return None
        return Unclear(f"括号用了全角：{shown}", f"改为半角 {left} {right}；若是文字请加引号")
    if first not in _QUOTES:
        if not text.endswith('"') or text.count('"') > 1:
            return None
        return Unclear(f"只有后引号，没有前引号：{shown}", "补上前引号，或删掉后引号")
    if len(text) < 2 or last not in (_QUOTES[first], first, '"') or _ANY_QUOTE & set(inner):
        return None
    number = narrow(inner)
    if _INT.fullmatch(number) or _DECIMAL.fullmatch(number):
        return Unclear(f"引号用了全角：{shown}", f"数不加引号，写 {number}")
    return Unclear(f"引号用了全角：{shown}", f'改为半角引号，写 "{inner[:MAX_SHOWN]}"')


def narrow(text: str) -> str:
    """A number as it should be written: half-width digits, nothing between them."""
    return text.strip().translate(_DRESS)


def _date(text: str) -> dt.date | Unclear:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return Unclear(f"“{text}”不是有效的日期", "日期写作 2024-01-01")
    if YEARS[0] <= day.year <= YEARS[1]:
        return day
    return Unclear(f"日期“{text}”不可能", f"年份应在 {YEARS[0]} 至 {YEARS[1]}")
