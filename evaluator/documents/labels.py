"""What a cell of a table is the label of: a field, another thing, or nothing known.

A label may carry a number ("1.2 设备购置费"), a unit ("总投资（万元）") and words around the name ("本项目年用
电量"). Knows the lexicon, not the values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluator.documents.contexts import Scope
from evaluator.documents.lexicon import Words
from evaluator.documents.pollutants import pollutant
from evaluator.documents.quantities import read_unit
from evaluator.documents.text import folded

_NUMBERING = re.compile(
    r"^(?:\(?[一二三四五六七八九十]+[)、.]|\d+(?:\.\d+)*[、.)]?(?=[^\d%])|[①-⑳]|[*★●·•-]+)"
)
_BRACKET = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]")
_LEAD = re.compile(
    "^(?:其中[:,]?|本项目|该项目|项目|本期|本次|拟建|拟投|拟引进|拟|计划|预计|预期|预估|估算|需求|规划|达产后|达产年度|达产年|达产|满产后?|投产后|正常年份|正常年|稳产年|"
    "年均|年度|年|本公司|本单位|公司|企业|申报|新增|申请|意向|希望|可?实现|上缴|缴纳|入库|应缴|应纳|全口径|主要|涉及|涉|有无|是否有|是否涉及|是否|需要|所需|用于)"
)
_ALL = re.compile("全部|整体|总体|各期|[两三四]期|全厂")
_TRAIL = re.compile("(?:情况|合计|总计|说明|金额|数据|指标|规模|为|数|额|如下|符合性|判定)$")


@dataclass(frozen=True, slots=True)
class Label:
    """``fields`` is empty for a known name of something else. ``unit`` is scale and unit, if given."""

    text: str
    fields: tuple[str, ...]
    unit: tuple[int, str] | None = None
    key: str | None = None
    bare: str = ""
    several: bool = False


def unit_in(text: str) -> tuple[int, str] | None:
    """The unit that a heading names: "万元", "单位：万元", "万元/年"."""
    said = re.sub(r"^(?:计量|金额)?单位[:]?", "", text).strip(" ,，;")
    # "tce，当量值", "含税，万元": the unit is one of the parts.
    return next((u for part in re.split("[,，;]", said) if (u := read_unit(part.strip()))), None)


def label_of(words: Words, raw: str, scope: Scope) -> Label | None:
    """The label that a cell is; None where it is none."""
    text = folded(raw).replace("\n", "").strip(" :；;")
    if not text or len(text) > 40 or any(c in text for c in "。☑□√■"):
        return None
    unit = None
    for inner in _BRACKET.findall(text):
        unit = unit or unit_in(inner)
    core = _BRACKET.sub("", text)
    core = _NUMBERING.sub("", core).strip(" :,，、")
    if scope.phase:
        core = core.removeprefix(scope.phase) or core
    head, mark, tail = re.sub(r"[,，]", "/", core).rpartition("/")
    if mark and head and (read_unit(tail) or tail in ("年", "a")):
        unit = unit or (read_unit(tail) if tail not in ("年", "a") else None)
        core = head
    if len(core) < 2 and core != text:
        return None  # 90人 is a value.
    key = _key(words, core)
    if key is not None:
        return Label(text, ("emissions", "emission_offsets"), unit, key, core)
    fields = _fields(words, core)
    if fields is None and core.count("/") == 1:
        found = [f for f in (_named(words, c) for c in core.split("/")) if f is not None]
        fields = found[0] if len(found) == 1 else None
        if len(found) == 2 and all(len(f) == 1 for f in found):
            return Label(text, found[0] + found[1], unit, None, core, several=True)
    several = False
    if fields is None and 4 <= len(core) <= 16:
        fields = _joined(words, core)
        several = fields is not None
    if fields is None and core in ("合计", "总计", "共计", "小计"):
        named = [f for i in _BRACKET.findall(text) if (f := _named(words, i))]
        fields = named[0] if len(named) == 1 else None  # 合计（总投资）
        if fields is not None:
            return Label(text, fields, unit, None, core)
    if fields is None:
        return None
    if unit == (1, "年") and not any(_in_time(words, f) for f in fields):
        unit = None  # 研发经费（年）
    kept = tuple(f for f in fields if not _aside(words, text, core, f, scope))
    if any(not t.fields for i in _BRACKET.findall(text) if "+" not in i for t in words.terms(i)):
        kept = ()  # 综合能耗（等价值） is not the field.
    if scope.phase and any(_ALL.search(i) for i in _BRACKET.findall(text)):
        kept = ()  # 总投资（全部两期） is not that of this phase.
    return Label(text, kept, unit, None, core, several)


def is_name(words: Words, label: Label) -> bool:
    """Whether the label is a name as the lexicon has it, and not a sentence that holds one."""
    return _named(words, label.bare) is not None


def _in_time(words: Words, name: str) -> bool:
    unit = words.field(name).unit
    return unit is not None and unit.dimension == (("time", 1),)


def _joined(words: Words, core: str) -> tuple[str, ...] | None:
    """土地性质及面积: the fields of both, where their values cannot be taken for each other."""
    parts = re.split("[及和与、]", core)
    if len(parts) != 2:
        return None
    both = [
        _named(words, parts[0]),
        _named(words, parts[0][:2] + parts[1]) or _named(words, parts[1]),
    ]
    if not both[0] or not both[1]:
        return None
    found = (*both[0], *both[1])
    units = [words.field(f).unit for f in found]
    alike = [(u.dimension if u else words.field(f).type) for f, u in zip(found, units, strict=True)]
    return found if len(set(alike)) == len(alike) else None


def _key(words: Words, core: str) -> str | None:
    field = words.registry.fields.get("emissions")
    if field is None or len(core) > 14:
        return None
    return pollutant(re.sub("年?排放(?:总)?量|排放", "", core), field)


def _aside(words: Words, text: str, core: str, name: str, scope: Scope) -> bool:
    """Whether the label itself says that it is last year's, another phase's, a threshold."""
    about = words.lexicon(name).about
    checks = ["threshold", "elsewhere"]
    if (
        text.startswith("其中")
        and words.lexicon(name).near
        and name in words.loose.get(re.sub("^其中[:,]?", "", core), ())
    ):
        return True  # 其中：设备补贴 is a part.
    if about == "project" and re.match(r"20\d\d年", text):
        return "达产" not in core
    if about == "project":
        checks += ["past", "existing", "part"]
    own = any(core == w for w in words.strict if name in words.strict[w])
    if own or about == "market":
        return False
    if words.field(name).type.value in ("bool", "enum", "str"):
        return False
    return any(
        m[0] != scope.phase for check in checks for m in words.contexts[check].finditer(core)
    )


def _named(words: Words, core: str) -> tuple[str, ...] | None:
    found = words.strict.get(core, ()) + words.labels.get(core, ()) + words.loose.get(core, ())
    if found:
        return found
    return () if core in words.others else None


def _fields(words: Words, core: str) -> tuple[str, ...] | None:
    tried = core
    for _ in range(4):
        named = _named(words, tried)
        if named is not None:
            return named
        shorter = _LEAD.sub("", tried, count=1)
        if shorter == tried or len(shorter) < 2:
            shorter = _TRAIL.sub("", tried, count=1)
        if shorter == tried or len(shorter) < 2:
            break
        tried = shorter
    named = _named(words, _TRAIL.sub("", core))
    if named is not None:
        return named
    terms = words.terms(core)
    best = max(terms, key=lambda t: (len(t.text), t.start), default=None)
    if best is not None and re.search(r"\d", core[best.end :]):
        return None  # TRL8 is a value.
    if best is not None and len(best.text) >= 3 and len(best.text) * 10 >= len(core) * 6:
        return best.fields if best.start == 0 or best.end == len(core) else None
    return None
