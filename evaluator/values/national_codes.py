"""Codes that a national standard defines: GB/T 4754 industries, GB 32100 credit codes.

Each reader returns the code in its standard form or raises BadCode, whose hint says what is allowed.
"""

from __future__ import annotations

import re
import unicodedata

from evaluator.values.industries import TABLES, not_in_table

# The divisions (two digits) of each section of GB/T 4754-2017.
INDUSTRY_SECTIONS = {
    "A": (1, 5),
    "B": (6, 12),
    "C": (13, 43),
    "D": (44, 46),
    "E": (47, 50),
    "F": (51, 52),
    "G": (53, 60),
    "H": (61, 62),
    "I": (63, 65),
    "J": (66, 69),
    "K": (70, 70),
    "L": (71, 72),
    "M": (73, 75),
    "N": (76, 79),
    "O": (80, 82),
    "P": (83, 83),
    "Q": (84, 85),
    "R": (86, 90),
    "S": (91, 96),
    "T": (97, 97),
}


class BadCode(ValueError):
    """A text that is no such code; ``kind`` names the standard."""

    def __init__(self, kind: str, hint: str) -> None:
        self.kind = kind
        self.hint = hint
        super().__init__(kind)


def _plain(text: str) -> str:
    """A code as it is printed: letters and digits of full width are the same ones, typed in Chinese."""
    return unicodedata.normalize("NFKC", text).upper()


def industry_code(text: str, table: str | None = None) -> str:
    """A section letter and 2 to 4 digits whose division lies in that section.

    With ``table`` (``industries.TABLES``) the code has to be in that table too. A ruleset stored by a version
    that asked for less has a field file without it, so what was read then is still read.
    """
    code = _plain(text)
    match = re.fullmatch(r"([A-Z]?)([0-9]{2})[0-9]{0,2}", code)
    section = _section(int(match[2])) if match else None
    if match and section and match[1] == section:
        missing = not_in_table(code) if table else None
        if missing is None:
            return code
        raise BadCode(f"{TABLES[table or '']} 里的行业代码", missing)
    hint = "写门类字母加 2 至 4 位数字，如 C3985"
    if match and section:
        digits = code.removeprefix(match[1])
        hint = f"大类 {match[2]} 属于门类 {section}，是否想写“{section}{digits}”？"
    raise BadCode("GB/T 4754 行业代码", hint)


def _section(division: int) -> str | None:
    spans = INDUSTRY_SECTIONS.items()
    return next((s for s, (low, high) in spans if low <= division <= high), None)


def credit_code(text: str) -> str:
    """18 characters with a right check character."""
    from stdnum.cn import uscc  # Takes long to import, and few read such a code.
    from stdnum.exceptions import ValidationError

    try:
        return str(uscc.validate(_plain(text)))
    except ValidationError:
        hint = "18 位，不含字母 I、O、S、V、Z，末位是校验码（GB 32100）；请对照营业执照"
        raise BadCode("有效的统一社会信用代码", hint) from None
