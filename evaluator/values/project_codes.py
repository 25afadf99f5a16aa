"""统一项目代码 (GB/T 40058-2021): the structure that is published, checked part by part.

``2204-500199-07-02-828999``: year and month, administrative division, guiding department, kind of project,
five random digits and a check digit; 24 characters with the hyphens. Codes given out before November 2020
(发改投资〔2020〕1439号) have a year of four digits in front. How the check digit is worked out is in no text that
we could read, so it is not checked: a slip in it is only found where the code is somebody else's already.
"""

from __future__ import annotations

import re

EXAMPLE = "2204-500199-07-02-828999"
_SHAPE = re.compile(r"([0-9]{4})-([0-9]{6})-([0-9]{2})-([0-9]{2})-([0-9]{6})")
# GB/T 2260: the provinces, and 00 for the centre.
PROVINCES = frozenset(
    re.findall("..", "001112131415212223313233343536374142434445465051525354616263646566718182")
)
# Kinds of project, first digit always 0.
KINDS = frozenset(f"{n:02d}" for n in range(1, 10))
FIRST_OLD, LAST_OLD = 2015, 2020


def project_code(text: str) -> str:
    """The code as it is written, digits narrow and hyphens plain. Raises ValueError that says what is wrong."""
    plain = "".join(chr(ord(c) - 0xFEE0) if "０" <= c <= "９" else c for c in text.strip())
    plain = re.sub("[－—–‐]", "-", plain).replace(" ", "")
    if plain.isdigit() and len(plain) == 20:
        plain = "-".join((plain[:4], plain[4:10], plain[10:12], plain[12:14], plain[14:]))
    match = _SHAPE.fullmatch(plain)
    if match is None:
        raise ValueError(f"统一项目代码是 5 段数字，如 {EXAMPLE}；写的是“{text.strip()[:40]}”")
    when, where, _, kind, _ = match.groups()
    month, year = int(when[2:]), int(when[:2])
    old = FIRST_OLD <= int(when) <= LAST_OLD
    if not old and not (year >= 20 and 1 <= month <= 12):
        raise ValueError(f"统一项目代码第 1 段“{when}”应是年月，如 2204（2022 年 4 月）")
    if where[:2] not in PROVINCES:
        raise ValueError(f"统一项目代码第 2 段“{where}”不是行政区划代码")
    if kind not in KINDS:
        raise ValueError(f"统一项目代码第 4 段“{kind}”应是项目类型，01 至 09")
    return plain
