"""What a spreadsheet shows for a number: the value that the person at the screen has read.

0.6 in a cell formatted as a percentage is "60%" to whoever typed it, and 5 under ``0.0"亿元"`` is
5 亿元. ``displayed`` gives that meaning exactly; display rounding ("0.00") is never applied. Knows
only number format codes (ECMA-376 part 1, 18.8.31).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache


class FormatError(ValueError):
    """A format whose display cannot be taken for the value; the message is for people."""


@dataclass(frozen=True, slots=True)
class _Format:
    percent: int = 0
    before: str = ""
    after: str = ""
    zeros: int = 0
    fault: str | None = None


_PART = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]|(General|G/通用格式|@|[Ee][+-]|[0#?.,/]+)|(.)', re.S
)
_SILENT = frozenset(" ()+-$:€£\u00a5\uffe5")


@lru_cache(maxsize=512)
def _parse(code: str) -> _Format:
    digits: list[str] = []
    texts: list[str] = ["", ""]
    percent = 0
    for quoted, escaped, _bracket, placeholder, other in _PART.findall(_first_section(code)):
        text = "".join(c for c in quoted or escaped or other if c not in _SILENT)
        if placeholder:
            if digits and texts[1].strip():
                return _Format(fault="数字中间夹着文字")
            digits.append(placeholder)
        elif text == "%" and other:
            percent += 1
        elif text:
            texts[1 if digits else 0] += text
    pattern = "".join(digits)
    if re.search(r"[0#?],+(?:\.|$)", pattern):
        return _Format(fault="显示的数比实际的数小千倍以上")
    if percent > 1 or (percent and texts[1].strip()):
        return _Format(fault="百分号不止一个")
    zeros = len(pattern) if re.fullmatch("0{2,}", pattern) else 0
    return _Format(percent, texts[0].strip(), texts[1].strip(), zeros)


def _first_section(code: str) -> str:
    """Up to the first semicolon outside quotes: how a positive number is shown."""
    section = re.match(r'(?:"[^"]*"|\\.|[^;])*', code, re.S)
    return section[0] if section else code


def displayed(value: Decimal, code: str) -> Decimal | str:
    """The value itself, or the text that is shown where the format adds to it （"60%", "5亿元"）.

    Raises FormatError where what is shown is a different number.
    """
    if code == "General":
        return value
    shape = _parse(code)
    if shape.fault:
        raise FormatError(f"单元格的数字格式“{code[:40]}”{shape.fault}")
    if shape.percent:
        return f"{shape.before}{value.scaleb(2):f}%"
    text = f"{value:f}"
    if shape.zeros and value == value.to_integral_value() and value >= 0:
        text = text.rjust(shape.zeros, "0")
        return f"{shape.before}{text}{shape.after}"
    return f"{shape.before}{text}{shape.after}" if shape.before or shape.after else value
