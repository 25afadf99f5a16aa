"""Words that can stand for a field's value in a table or list: industry codes, enum codes, numbers.

A word that the field can never hold would silently never match, and a negative list that never
matches passes everything; so it is a mistake of the rulebook.
"""

from __future__ import annotations

import re

from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.choices import which
from evaluator.values.industries import TABLES, not_in_table
from evaluator.values.national_codes import INDUSTRY_SECTIONS

CODE_HINT = "门类字母加 2 至 4 位数字，如 C39、C3985"
_CODE = re.compile(r"([A-T])(\d{0,4})")


def code_fault(text: str, *, whole: bool, table: str | None = None) -> str | None:
    """Why ``text`` is no GB/T 4754 code (``whole``) or prefix of one; None where it is.

    With ``table`` it has to be in the whole table; a field of a stored ruleset names none.
    """
    match = _CODE.fullmatch(text)
    if match is None:
        return "不是 GB/T 4754 行业代码"
    low, high = INDUSTRY_SECTIONS[match[1]]
    digits = match[2]
    if len(digits) >= 2 and not low <= int(digits[:2]) <= high:
        return f"不是 GB/T 4754 行业代码：门类 {match[1]} 的大类为 {low:02d} 至 {high:02d}"
    if len(digits) == 1:
        return "只有一位数字，行业代码至少两位"
    if whole and not digits:
        return "是门类，企业填的是大类以下的代码"
    missing = not_in_table(text) if table else None
    return f"不在 {TABLES[table or '']} 里；{missing}" if missing else None


def key_fault(field: Field, text: str) -> tuple[str, str] | None:
    """Why ``text`` can be no value of ``field`` in a table row: a sentence and a hint."""
    if field.format == "industry_code":
        fault = code_fault(text, whole=False, table=field.table)
        return (f"“{text}”{fault}", CODE_HINT) if fault else None
    if field.type is FieldType.ENUM and text not in field.values:
        return f"“{field.label}”没有取值“{text}”", which(text, field.values)
    if field.type is FieldType.INT:
        if not re.fullmatch(r"-?(0|[1-9]\d*)", text):
            return f"“{field.label}”是整数，不能是“{text}”", "写整数"
        low, high = field.minimum, field.maximum
        if (low is not None and int(text) < low) or (high is not None and int(text) > high):
            return f"“{field.label}”不会是 {text}", f"应在 {low} 至 {high}"
    return None
