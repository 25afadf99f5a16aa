"""What to write where a number was written otherwise: "18", 18%, 1,800, 15 万元/亩."""

from __future__ import annotations

import re

from evaluator.reading.yaml.scalar import full_width, narrow
from evaluator.reading.yaml.scan import YScalar
from evaluator.values.numbers import exact_text, terminates
from evaluator.values.units import (
    ONE,
    NotANumber,
    Unit,
    UnitError,
    alternatives,
    conversion,
    split_quantity,
)

# Letters that are taken for digits.
ALIKE = {"O": "0", "o": "0", "l": "1", "I": "1", "Ｏ": "0", "О": "0"}
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
PLAIN = "只写数字，单位写在 unit 里；不写范围和约数"


def number_fault(node: YScalar, unit: Unit | None) -> tuple[str, str]:
    """Why what stands for a criterion's number is none, and what to write instead."""
    wide = full_width(node.text)
    if wide is not None:
        return wide.message, wide.hint
    if among := _letter_among_digits(node.text):
        return among
    message = f"“{node.text[:40]}”不是数"
    dotted = narrow(node.text.replace("。", "."))
    if "。" in node.text and dotted.replace(".", "", 1).isdecimal():
        return message, f"小数点用半角，写 {dotted}"
    try:
        number, name = split_quantity(node.text)
    except UnitError:
        return message, PLAIN
    if not name:
        return f"“{node.text[:40]}”加了引号，是文字，不是数", f"去掉引号，写 {exact_text(number)}"
    if unit is None:
        return message, f"只写数：{exact_text(number)}，单位另写 unit: {_quoted(name)}"
    try:
        value = number * conversion(name, unit)
    except UnitError:
        return message, f"单位“{name}”与 unit 的“{unit.name}”不是同一种量；{PLAIN}"
    if not terminates(value):
        return message, PLAIN
    where = "" if unit == ONE else f"，单位按 unit 的“{unit.name}”"
    return message, f"只写数：{exact_text(value)}{where}"


def _quoted(unit: str) -> str:
    return f'"{unit}"' if unit[:1] in "%‰1" else unit


def _letter_among_digits(text: str) -> tuple[str, str] | None:
    """ "2O" for 20: a letter that looks like a digit, beside digits."""
    word = text.split()[0] if text.split() else ""
    letters = [c for c in word if c in ALIKE]
    plain = "".join(ALIKE.get(c, c) for c in word)
    if not letters or not any(c.isdigit() for c in word) or not _NUMBER.fullmatch(plain):
        return None
    said = "、".join(dict.fromkeys(letters))
    return f"“{word[:40]}”的数字中间有字母 {said}", f"是不是 {plain}？"


def literal_fault(node: YScalar, unit: Unit, error: UnitError) -> tuple[str, str]:
    """The same for a number in a condition, which may carry a unit."""
    wide = full_width(node.text)
    if wide is not None:
        return wide.message, wide.hint
    if among := _letter_among_digits(node.text):
        return among
    if isinstance(error, NotANumber):
        other = "" if unit == ONE else f" 或 12.5 {unit.name}"
        return str(error), f"写一个数，如 12.5{other}；不写范围和约数"
    known = "只写数，不带单位" if unit == ONE else f"可用单位：{'、'.join(alternatives(unit))}"
    return str(error), known
