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
from operator import eq, ge, gt, le, lt, ne


class FormatError(ValueError):
    """A format whose display cannot be taken for the value; the message is for people."""


@dataclass(frozen=True, slots=True)
class _Format:
    percent: int = 0
    before: str = ""
    after: str = ""
    zeros: int = 0
    only: str = ""
    fault: str | None = None


_PART = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]|(General|G/通用格式|@|[Ee][+-]|[0#?.,/]+)|(.)', re.S
)
_SECTION = re.compile(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*)(?:;|$)', re.S)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)\]")
_TESTS = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}
_SILENT = frozenset(" ()+-:\u00a5\uffe5")
_OWN_MONEY = ("", "\u00a5", "\uffe5", "CNY", "RMB", "人民币")
# The formats that a file only numbers (ECMA-376: 5 to 8, 42, 44) are of the money of the country.
_NUMBERED = re.compile(r'_?\(?"\$"\*?\s?#,##0(\.00)?_\)')
_MONEY = re.compile("[$€£₩₽]")


@lru_cache(maxsize=512)
def _parse(section: str) -> _Format:
    digits: list[str] = []
    texts: list[str] = ["", ""]
    percent = 0
    seen = False
    numbered = _NUMBERED.fullmatch(section) is not None
    for quoted, escaped, bracket, placeholder, other in _PART.findall(section):
        if bracket.startswith("$") and bracket[1:].partition("-")[0].strip() not in _OWN_MONEY:
            return _Format(fault="显示的是外币")
        written = quoted or escaped or other
        seen = seen or bool(written.strip())
        text = "".join(c for c in written if c not in _SILENT)
        if _MONEY.search(text):
            if not numbered:
                return _Format(fault="显示的是外币")
            continue
        if placeholder:
            if digits and texts[1].strip():
                return _Format(fault="数字中间夹着文字")
            digits.append(placeholder)
        elif text == "%" and other:
            percent += 1
        elif text:
            texts[1 if digits else 0] += text
    pattern = "".join(digits)
    if not pattern and not seen:
        return _Format(fault="不显示这个数，看上去是空的")
    if not pattern and any(texts):
        return _Format(only="".join(texts).strip())
    if re.search(r"[0#?],+(?:\.|$)", pattern):
        return _Format(fault="显示的数比实际的数小千倍以上")
    if percent > 1 or (percent and texts[1].strip()):
        return _Format(fault="百分号不止一个")
    zeros = len(pattern) if re.fullmatch("0{2,}", pattern) else 0
    return _Format(percent, texts[0].strip(), texts[1].strip(), zeros)


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[tuple[str, str | None, Decimal], ...]:
    """Each section of a format, with its condition: an operator and a number."""
    out: list[tuple[str, str | None, Decimal]] = []
    at = 0
    while at <= len(code):
        match = _SECTION.match(code, at)
        if match is None:  # An open quote: the rest is one section.
            out.append((code[at:], None, Decimal(0)))
            break
        found = _CONDITION.search(match[1])
        operator, number = (found[1], Decimal(found[2])) if found else (None, Decimal(0))
        out.append((_CONDITION.sub("", match[1]), operator, number))
        at = match.end() + (match.end() == len(code) and not match[0].endswith(";"))
    return tuple(out)


def _section(value: Decimal, code: str) -> str:
    """The section by which a number is shown."""
    sections = _sections(code)
    if any(operator for _, operator, _ in sections):
        for text, operator, number in sections[:3]:
            if operator is None or _TESTS[operator](value, number):
                return text
        return sections[0][0]
    if value < 0 and len(sections) > 1:
        return sections[1][0]
    # The fourth is of texts.
    return sections[2][0] if value == 0 and len(sections) > 2 else sections[0][0]


def displayed(value: Decimal, code: str) -> Decimal | str:
    """The value itself, or the text that is shown where the format adds to it （"60%", "5亿元"）.

    Raises FormatError where what is shown is a different number.
    """
    if code in ("General", ""):
        return value
    shape = _parse(_section(value, code))
    if shape.fault:
        raise FormatError(f"单元格的数字格式“{code[:40]}”{shape.fault}")
    if shape.only:
        return shape.only
    if shape.percent:
        return f"{shape.before}{value.scaleb(2):f}%"
    text = f"{value:f}"
    if shape.zeros and value == value.to_integral_value() and value >= 0:
        text = text.rjust(shape.zeros, "0")
        return f"{shape.before}{text}{shape.after}"
    return f"{shape.before}{text}{shape.after}" if shape.before or shape.after else value
