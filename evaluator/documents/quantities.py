"""Numbers as documents write them: 12.5 亿元, 十二亿五千万元, 1,250万, 贰仟万元整, 七成, 3.6—4亿元.

``quantities`` finds them in a plain text, each with its unit as the unit table knows it. Exact: no
float is used. Knows nothing of fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    c: i for i, c in enumerate("零壹贰叁肆伍陆柒捌玖")
}
_DIGITS |= {"〇": 0, "两": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_CHINESE = "零〇一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟"

# What is written, and the unit of the table that it means.
UNITS = {
    "元": "元", "块钱": "元", "人民币": "元", "万元": "万元", "亿元": "亿元", "百万元": "百万元",
    "m2": "平方米", "平方米": "平方米", "平米": "平方米", "平": "平方米", "平方": "平方米", "㎡": "平方米",
    "亩": "亩", "公顷": "公顷", "ha": "公顷", "hm2": "公顷", "平方公里": "平方公里",
    "m3": "立方米", "立方米": "立方米", "立方": "立方米", "方": "方",
    "kWh": "千瓦时", "kwh": "千瓦时", "KWh": "千瓦时", "KWH": "千瓦时", "千瓦时": "千瓦时",
    "kW·h": "千瓦时", "kw·h": "千瓦时", "千瓦·时": "千瓦时", "千瓦小时": "千瓦时", "度电": "度", "度": "度",
    "tce": "吨标准煤", "吨标煤": "吨标准煤", "吨标准煤": "吨标准煤", "t标煤": "吨标准煤", "t标准煤": "吨标准煤",
    "吨煤当量": "吨标准煤", "千克标准煤": "千克标准煤", "kgce": "千克标准煤",
    "吨": "吨", "t": "吨", "T": "吨", "千克": "千克", "公斤": "千克", "kg": "千克",
    "个月": "个月", "月": "月", "年": "年", "日": "日", "天": "天", "日历天": "天",
    "人": "人", "名": "人", "人次": "人次", "个岗位": "人", "个就业岗位": "人", "个工作岗位": "人", "个": "个",
    "件": "件", "项": "件", "%": "%", "‰": "‰", "倍": "倍", "级": "级", "等": "级",
    "美元": "美元", "美金": "美元", "欧元": "欧元", "港元": "港元", "港币": "港元", "日元": "日元", "英镑": "英镑",
}  # fmt: skip
FOREIGN = frozenset({"美元", "欧元", "港元", "日元", "英镑"})
_PER = {"a": "年", "y": "年", "yr": "年", "年": "年", "月": "月", "d": "日", "天": "日", "日": "日"}
_SCALES = {"": 1, "十": 10, "百": 100, "千": 1000, "万": 10**4, "十万": 10**5, "百万": 10**6,
           "千万": 10**7, "亿": 10**8, "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12}  # fmt: skip
_ARABIC = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_NO_UNIT = "(?![瓦克伏米])"  # 千 in 千瓦时 is no thousand.
_HAN_CHAR = f"(?:[{_CHINESE.replace('千', '')}]|千{_NO_UNIT})"
_HAN = rf"{_HAN_CHAR}(?:{_HAN_CHAR}|[万亿])*(?:点[{_CHINESE}]+)?"
_SCALE = "|".join(
    s + _NO_UNIT * s.endswith("千")
    for s in sorted((s for s in _SCALES if s), key=len, reverse=True)
)
_UNIT = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
_TAIL = rf"(?P<scale>(?:个(?=[百千万亿]))?(?:{_SCALE}))?(?P<more>[余多](?=元|人|亩))?(?P<unit>{_UNIT})?(?P<per>(?:/(?:[a-zA-Z]{{1,3}}|[\u4e00-\u9fff]{{1,3}})){{0,2}})"
_PATTERN = re.compile(
    rf"百分之(?P<hundredth>{_HAN}|{_ARABIC})"
    rf"|(?P<tenth>[{_CHINESE}\d]+)成(?P<half>半)?(?![立本为分功果交员型套])"
    rf"|(?<![\d.A-Za-z])(?P<low>{_ARABIC})(?P<lowtail>(?:{_SCALE})?(?:{_UNIT})?)"
    rf"(?:-{{1,2}}|—{{1,2}}|–|~|至|到|～)(?P<high>{_ARABIC}){_TAIL.replace('P<', 'P<r')}"
    rf"|(?:(?<![\d.A-Za-z#-])|(?<=TRL))(?P<arabic>[+-]?{_ARABIC})(?P<odd>[余多])?(?::1(?![\d.])|{_TAIL})"
    rf"|(?P<han>{_HAN})(?P<hodd>[余多])?{_TAIL.replace('P<', 'P<h')}"
)
_DATE = re.compile(
    r"(?:19|20)\d{2}\s*[年./-]\s*\d{1,2}(?!\d)(?:\s*[月./-]\s*\d{1,2}日?|\s*月)?"
    r"|(?:19|20)\d{2}年|\d{1,2}月(?:\d{1,2}日|[初中底份]|上旬|中旬|下旬)"
    r"|[二〇零一三四五六七八九]{4}年|[一二三四五六七八九十]{1,2}月(?!期)|(?:19|20)\d{2}[-—~至]+(?:19|20)\d{2}年"
    r"|第[一二三四五六七八九十\d]+[章节条款项期批次届位]|[一二三四五六七八九十]+[、)]|\d{3,4}-[\d×xX*]{7,8}"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit in a text. ``unit`` is "" where none is written.

    ``high`` is given for a range, whose low end ``number`` is. ``odd`` is "余" or "多" in the number.
    """

    start: int
    end: int
    number: Fraction
    unit: str
    high: Fraction | None = None
    odd: bool = False
    known: bool = True


def chinese_number(text: str) -> Fraction | None:
    """十二亿五千万 as a number; None where it is not one."""
    whole, _, decimals = text.partition("点")
    if all(c in _DIGITS for c in whole) and len(whole) > 1:
        return None  # 二〇二四: a year or a number of something.
    total = section = digit = 0
    for c in whole:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _SMALL:
            section += (digit or 1) * _SMALL[c]
            digit = 0
        elif c in _LARGE:
            section += digit
            if c == "亿" or not section:
                total = (total + section) * _LARGE[c] if section or total else _LARGE[c]
            else:
                total += section * _LARGE[c]
            section = digit = 0
        else:
            return None
    value = Fraction(total + section + digit)
    for power, c in enumerate(decimals, 1):
        if c not in _DIGITS:
            return None
        value += Fraction(_DIGITS[c], 10**power)
    return value


def arabic(text: str) -> Fraction:
    """1,250.5 as a number."""
    return Fraction(text.replace(",", ""))


def _scale(written: str | None) -> int:
    return _SCALES[(written or "").lstrip("个")]  # 3.5 个亿


def unit_name(unit: str, per: str) -> str | None:
    """The unit of the table that is meant; None for one that is not in it."""
    base = UNITS.get(unit, "") if unit else ""
    if unit and not base:
        return None
    parts = [p for p in per.split("/") if p]
    names = [_PER.get(p, UNITS.get(p, p)) for p in parts]
    return "/".join([base, *names]) if names else base


def read_unit(text: str) -> tuple[int, str] | None:
    """A text that is nothing but a unit, as in a heading: ("万", "元") is (10000, "元")."""
    match = re.fullmatch(_TAIL, text)
    if not match or not text:
        return None
    name = unit_name(match["unit"] or "", match["per"] or "")
    if name is None:
        return None
    if not name and (match["scale"] or "").lstrip("个") not in ("万", "亿"):
        return None
    return _scale(match["scale"]), name


# What may follow a number of 万 or 亿 that is one of money, though 元 is not written.
_OPEN = re.compile(r"[^\u4e00-\u9fffA-Za-z]|[左上以及的余多和与或、至到整用为可即已就,，]|$")


def _tail(match: re.Match[str], prefix: str) -> tuple[int, str, bool]:
    scale = _scale(match[f"{prefix}scale"])
    unit, per = match[f"{prefix}unit"] or "", match[f"{prefix}per"] or ""
    name = unit_name(unit, per) if unit or not per else None
    if name is None:
        return scale, unit + per, False
    if match[f"{prefix}scale"] and not name:
        # 1,250万: of what, the field tells; but 80万台 is of 台.
        return scale, "?", _OPEN.match(match.string, match.end()) is not None
    return scale, name, True


def quantities(text: str) -> list[Quantity]:
    """All numbers of a plain text, in order; dates and numbers of chapters are none."""
    taken = [m.span() for m in _DATE.finditer(text)]
    out: list[Quantity] = []
    for match in _PATTERN.finditer(text):
        start, end = match.span()
        if any(a < end and start < b for a, b in taken):
            inside = next((b for a, b in taken if a <= start < b), None)
            if inside is not None or end - start < 3:
                continue
        found = _read(match)
        if found is not None:
            out.append(found)
    return out


def _read(match: re.Match[str]) -> Quantity | None:
    start, end = match.span()
    if match["hundredth"]:
        raw = match["hundredth"]
        number = arabic(raw) if raw[0].isdigit() else chinese_number(raw)
        return None if number is None else Quantity(start, end, number, "%")
    if match["tenth"]:
        raw = match["tenth"]
        number = arabic(raw) if raw.isdigit() else chinese_number(raw)
        if number is None or number > 10:
            return None
        return Quantity(start, end, number * 10 + (5 if match["half"] else 0), "%")
    if match["low"]:
        scale, unit, known = _tail(match, "r")
        own = read_unit(match["lowtail"]) if match["lowtail"] else None
        low_scale = own[0] if own and match["lowtail"] else scale
        low, high = arabic(match["low"]) * low_scale, arabic(match["high"]) * scale
        return Quantity(start, end, low, unit, high, known=known) if low < high else None
    if match["arabic"]:
        scale, unit, known = _tail(match, "")
        odd = bool(match["odd"] or match["more"])
        value = arabic(match["arabic"]) * scale
        return _and_half(match, Quantity(start, end, value, unit, odd=odd, known=known))
    number = chinese_number(match["han"])
    scale, unit, known = _tail(match, "h")
    if number is None or not unit:
        return None
    odd = bool(match["hodd"] or match["hmore"])
    return _and_half(match, Quantity(start, end, number * scale, unit, odd=odd, known=known))


def _and_half(match: re.Match[str], read: Quantity) -> Quantity:
    """一年半."""
    if read.unit == "年" and match.string.startswith("半", read.end):
        return replace(read, end=read.end + 1, number=read.number + Fraction(1, 2))
    return read
