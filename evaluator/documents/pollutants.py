"""Yearly amounts of named pollutants in a sentence: 化学需氧量排放量 3.06 吨/年、氨氮 0.15 吨/年."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evaluator.documents.contexts import Scope, barred, sureness
from evaluator.documents.findings import Finding, in_unit
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import Passage
from evaluator.documents.quantities import Quantity, quantities
from evaluator.documents.text import clause_of
from evaluator.dossier.fields import Field

_NAMES = {
    "COD": ("化学需氧量", "CODcr", "CODCr", "COD"),
    "NH3_N": ("氨氮", "NH3-N"),
    "TN": ("总氮", "TN"),
    "TP": ("总磷", "TP"),
    "SO2": ("二氧化硫", "SO2"),
    "NOx": ("氮氧化物", "NOx", "NOX"),
    "PM": ("颗粒物", "烟粉尘", "烟尘", "粉尘"),
    "VOCs": ("挥发性有机物", "VOCs", "VOCS", "非甲烷总烃", "有机废气"),
    "heavy_metals": ("重金属",),
}
_KEY = {name: key for key, names in _NAMES.items() for name in names}
_ANY = re.compile("|".join(map(re.escape, sorted(_KEY, key=len, reverse=True))))
_OFFSET = re.compile("区域削减|削减替代|替代量|倍量替代|等量替代|区域平衡|替代削减|区域替代")
_NOT_EMITTED = re.compile(
    "产生量|产生浓度|削减量|去除量|浓度|总量指标|许可|已批复|现有|全厂(?!新增)|以新带老|进水|减排|环境容量"
)
REACH = 12


def pollutant(label: str, field: Field) -> str | None:
    """The key of the field that a label names, if it names one and little else."""
    match = _ANY.search(label)
    if match and len(match[0]) * 2 >= len(re.sub(r"[()（）a-zA-Z0-9/]", "", label)):
        return _KEY[match[0]] if _KEY[match[0]] in field.keys else None
    return next((k for k, name in field.keys.items() if name == label or k == label), None)


def column_field(header: str) -> str | None:
    """emissions, emission_offsets or None: what a column of a table of pollutants holds."""
    if _OFFSET.search(header):
        return "emission_offsets"
    if _NOT_EMITTED.search(header) or re.search("产生|削减|一期|标准|限值|远期", header):
        return None
    return "emissions" if "排放" in header else None


def named_amounts(text: str, field: Field) -> list[tuple[str, Quantity]]:
    """Each pollutant of a list with the number right behind it: COD 6.4 NH3-N 0.61."""
    numbers = quantities(text)
    out = []
    for name in _ANY.finditer(text):
        after = next((n for n in numbers if n.start >= name.end()), None)
        gap = text[name.end() : after.start] if after is not None else "?"
        if after is not None and re.fullmatch(r"[\s:为]{0,3}", gap) and _KEY[name[0]] in field.keys:
            out.append((_KEY[name[0]], after))
    return out


def _respectively(
    text: str, sentence: tuple[int, int], names: list[re.Match[str]], numbers: list[Quantity]
) -> dict[int, Quantity]:
    """甲、乙替代量分别为 1、2: each name's number, where there are as many of both."""
    start, end = sentence
    out: dict[int, Quantity] = {}
    for word in re.finditer("分别", text[start:end]):
        at = start + word.start()
        left, right = clause_of(text, start, end, at)
        before = [n for n in names if left <= n.start() < at]
        after = [n for n in numbers if at < start + n.start < right]
        if before and len(before) == len(after):
            out |= {n.start(): q for n, q in zip(before, after, strict=True)}
    return out


def _replaced(
    words: Words,
    part: Passage,
    sentence: tuple[int, int],
    numbers: list[Quantity],
    emitted: Quantity,
    key: str,
) -> Iterator[Finding]:
    """VOCs 11.2t/a，需倍量替代 22.4t/a: the second number is what replaces the first."""
    start, text = sentence[0], part.plain.text
    after = next((n for n in numbers if n.start >= emitted.end), None)
    if after is None:
        return
    gap = text[start + emitted.end : start + after.start]
    field = words.field("emission_offsets")
    if (
        not re.fullmatch(r"[，(]?[^，。;\d]{0,8}(?:替代|削减)[^，。;\d]{0,4}", gap)
        or key not in field.keys
    ):
        return
    read = in_unit(words, field, after)
    if read is not None and read[2] and read[1] is None:
        place = (start + after.start, start + after.end)
        finding = Finding(f"{field.name}.{key}", read[0], "", part.spot)
        yield part.finding(finding, *place, (start + emitted.start, place[1]))


def pollutants(
    words: Words, part: Passage, sentence: tuple[int, int], scope: Scope
) -> Iterator[Finding]:
    """The amounts of a sentence; ``emissions``, or ``emission_offsets`` where it speaks of these."""
    start, end = sentence
    text = part.plain.text
    names = list(_ANY.finditer(text, start, end))
    if not names or not {"emissions", "emission_offsets"} <= words.registry.fields.keys():
        return
    numbers = quantities(text[start:end])
    each = _respectively(text, sentence, names, numbers)
    for i, name in enumerate(names):
        until = names[i + 1].start() if i + 1 < len(names) else end
        number = each.get(name.start()) or next(
            (n for n in numbers if name.end() <= start + n.start < until), None
        )
        if number is None:
            continue
        gap = text[name.end() : start + number.start]
        if name.start() not in each and (len(gap) > REACH or re.search("[，。;]|分别", gap)):
            continue
        left, right = clause_of(text, start, end, name.start())
        clause = text[left:right]
        since = max(start, text.rfind(";", start, name.start()) + 1)
        near = text[since : name.start() + 1] + gap
        offset = _OFFSET.search(near) is not None
        if not offset and _NOT_EMITTED.search(clause):
            continue
        field = words.field("emission_offsets" if offset else "emissions")
        key = _KEY[name[0]]
        read = in_unit(words, field, number) if key in field.keys else None
        if (
            read is None
            or not read[2]
            or barred(words, text, sentence, name.start(), "project", scope)
        ):
            continue
        if not offset and name.start() not in each:
            yield from _replaced(words, part, sentence, numbers, number, key)
        sure = sureness(words, text[start:end], number, name.end() - start)
        yield part.finding(
            Finding(
                f"{field.name}.{key}", read[0], "", part.spot,
                "range" if read[1] is not None else sure.kind, read[1], sure.bound,
            ),
            start + number.start,
            start + number.end,
            (left if each else name.start(), start + number.end),
        )  # fmt: skip
