"""The heading of a part of a table: which columns name, which hold values, which the unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.documents.contexts import Scope
from evaluator.documents.labels import label_of
from evaluator.documents.layout import Cell
from evaluator.documents.lexicon import Words
from evaluator.documents.pollutants import column_field
from evaluator.documents.text import folded

_NAME_COLUMN = re.compile(
    "^(?:指标|名称|项目|内容|指标名称|费用名称|污染物|污染因子|污染物名称|类别|科目|工程或费用名称|能源种类|能源名称|种类|要素|事项|填报项|栏目|经济指标|因子|物料名称|序号.*名称|主要指标|指标项|年度|年份)$"
)
# Also what ends like one, where it is no field's name: 评估项, 项目要素.
_LIKE_NAMES = re.compile("^[^、，,:：]{1,6}(?:指标|名称|要素|事项|科目|项)$")
_YEAR_COLUMN = re.compile(r"^(?:20\d\d年?|第[一二三四五六七八九十\d]+年)(?:\(.*\))?$|^达产年?")
_VALUE_COLUMN = re.compile(
    r"^(?:金额|数值|数据|数量|内容|指标值|填报|填写|填写内容|具体内容|申报值)(?:\(.*)?$"
)
UNIT_COLUMN = re.compile("^(?:计量|金额)?单位")
SKIPPED = re.compile("^(?:序号|编号|No|备注|说明|附注|填写说明|依据|指标说明)")


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns of a part of a table: which hold values, which the unit."""

    texts: tuple[str, ...]
    group: str


def heading_of(
    words: Words, cells: list[tuple[int, Cell]], row: Sequence[Cell], scope: Scope
) -> Heading | None:
    """The heading that a row is: names of columns, no values."""
    texts = [folded(c.text).replace("\n", "").strip(" :") for _, c in cells]
    if len([t for t in texts if t]) < 2:
        return None
    named = [t for t in texts if _names(words, re.sub(r"\(.*", "", t), scope)]
    if len(texts) == 2 and not (named[:1] == texts[:1] and _VALUE_COLUMN.match(texts[1])):
        return None
    columns = [
        t
        for t in texts
        if t
        and (
            (len(t) <= 12 and words.columns["never"].search(t))
            or words.columns["best"].search(t)
            or UNIT_COLUMN.match(t)
            or SKIPPED.match(t)
            or _YEAR_COLUMN.match(t)
            or column_field(t)
        )
    ]
    if any(re.fullmatch(r"[\d.,%]+", t) or "☑" in t or len(t) > 24 for t in texts):
        return None
    if not named and any(map(UNIT_COLUMN.match, texts)) and len(columns) >= 2:
        named = texts[:1]  # Whatever the first column is called, beside a unit it names.
    strict = [t for t in texts if (x := label_of(words, t, scope)) and x.fields and not x.key]
    if named and len(columns) >= 1 and len(strict) <= len(texts) // 2:
        group = (
            row[0].text
            if row
            and len(cells) > 2
            and not _names(words, texts[0], scope)
            and not SKIPPED.match(texts[0])
            else ""
        )
        return Heading(tuple(folded(c.text).replace("\n", "") for c in row), group)
    return None


def _names(words: Words, text: str, scope: Scope) -> bool:
    if _NAME_COLUMN.match(text):
        return True
    label = label_of(words, text, scope) if _LIKE_NAMES.match(text) else None
    return bool(_LIKE_NAMES.match(text)) and (label is None or not label.fields)
