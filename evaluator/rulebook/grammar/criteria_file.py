"""criteria.yaml: sources, criteria and their successive periods, read and checked."""

from __future__ import annotations

from itertools import pairwise

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.problems.choices import which
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import YMap, YScalar
from evaluator.rulebook.criteria import DAY, KIND_LABELS, Criterion, Kind, Period, Source
from evaluator.rulebook.grammar.criteria_values import PeriodReader
from evaluator.rulebook.grammar.exprs import MAX_DIGITS
from evaluator.rulebook.grammar.names import Names
from evaluator.values.units import Unit, UnitError, parse_unit, unit_hint

LEVELS = {
    "national": "国家",
    "provincial": "省级",
    "city": "市级",
    "county": "县级",
    "park": "园区",
}
TABLE_TYPES = frozenset({FieldType.STR, FieldType.ENUM, FieldType.INT})


def table_dimensions(registry: Registry) -> dict[str, Field | None]:
    """What a table may be arranged by: words, choices, whole numbers, and the keys of records.

    A record's key ("product", "pollutant") stands for its record field.
    """
    out: dict[str, Field | None] = {f.key: f for f in registry.fields.values() if f.key}
    out |= {n: f for n, f in registry.fields.items() if f.type in TABLE_TYPES}
    return out


def parse_sources(node: YMap | None, names: Names) -> None:
    """Read the ``sources`` table into ``names``."""
    for key, value in node.entries if node else ():
        if not names.check_id(key, "依据文件"):
            continue
        if not isinstance(value, YMap):
            names.report("E202", f"依据文件“{key.text}”应是键值表", value.place)
            continue
        r = Reader(value, names.problems, f"依据文件“{key.text}”")
        source = Source(
            id=key.text,
            title=r.text("title", required=True) or key.text,
            number=r.text("number"),
            issuer=r.text("issuer"),
            published=r.date("published"),
            in_force=r.date("in_force"),
            until=r.date("until"),
            level=r.choice("level", LEVELS),
            seen_at=r.text("seen_at"),
            note=r.text("note"),
            counted_to=r.date("counted_to"),
        )
        r.finish()
        if source.in_force and source.until and source.until < source.in_force:
            message = f"until（{source.until}）早于 in_force（{source.in_force}）"
            names.report("E502", message, key.place, "改正其中一个日期")
        names.sources[key.text] = source


def parse_criteria(node: YMap | None, names: Names) -> None:
    """Read the ``criteria`` table into ``names``."""
    for key, value in node.entries if node else ():
        before = len(names.problems)
        criterion = None
        if not isinstance(value, YMap):
            names.report("E202", f"准入标准“{key.text}”应是键值表", value.place)
        elif names.check_id(key, "准入标准"):
            criterion = _parse_criterion(key, value, names)
            if criterion is None:
                names.dropped(f"准入标准“{key.text}”", key.place)
        if criterion is None or names.problems.wrong(before):
            names.broken.add(key.text)
        if criterion is not None:
            names.criteria[key.text] = criterion


def _parse_criterion(key: YScalar, node: YMap, names: Names) -> Criterion | None:
    r = Reader(node, names.problems, f"准入标准“{key.text}”")
    title = r.text("title", required=True)
    kind_text = r.choice("kind", KIND_LABELS, required=True)
    kind = Kind(kind_text or "value")
    unit = _unit(r)
    before = len(names.problems)
    by = _dimensions(r, names)
    by_known = len(names.problems) == before
    rounded = _rounded(r, names)
    tighten_only = r.boolean("tighten_only", False)
    r.text("note")
    values = r.list_of("values", required=True)
    r.finish()
    for name in ("unit", "by", "compare", "tighten_only") if kind is Kind.LIST else ():
        if (extra := node.get(name)) is not None:
            r.report("E208", f"代码清单不写“{name}”", extra.place, "删掉这一项")
    reader = PeriodReader(key.text, kind, unit, by, names)
    # Without its columns a table would only seem to be full of mistakes.
    read = [p for v in values if by_known and (p := reader.read(v)) is not None]
    periods = [part for period in read for part in period.split()]
    periods.sort(key=lambda p: p.start)
    _check_dates(key.text, periods, names)
    bare = next((row for p in periods for row in p.rows if row.unit is None), None)
    if bare is not None and not r.given("unit"):
        hint = '给标准写 unit，没有单位写 "1"；各行单位不同的，写在行里'
        names.report("E201", f"“{key.text}”的值没有单位", bare.place, hint)
    if not title or not kind_text or not periods:
        return None
    return Criterion(
        key.text, title, kind, unit, tuple(by), rounded, tighten_only, tuple(periods), key.place
    )


def _unit(r: Reader) -> Unit | None:
    node = r.word("unit")
    if node is None:
        return None
    try:
        return parse_unit(node.text)
    except UnitError as error:
        r.report("E401", str(error), node.place, unit_hint(node.text))
        return None


def _dimensions(r: Reader, names: Names) -> dict[str, Field | None]:
    known = table_dimensions(names.registry)
    out: dict[str, Field | None] = {}
    for word in r.words("by"):
        if word.text in known:
            out[word.text] = known[word.text]
        elif word.text in names.registry.references:
            message = f"不能按“{names.registry.label(word.text)}”（{word.text}）分档"
            r.report("E306", message, word.place, "只能按文字、选项和整数的字段分档")
        else:
            hint = which(word.text, {n: f.label if f else "" for n, f in known.items()})
            r.report("E301", f"没有可分档的字段“{word.text}”", word.place, hint)
    return out


def _rounded(r: Reader, names: Names) -> int | None:
    node = r.take("compare")
    if node is None or (isinstance(node, YScalar) and node.text == "full"):
        return None
    if isinstance(node, YMap):
        inner = Reader(node, names.problems, "compare")
        digits = inner.integer("rounded", required=True, low=0, high=MAX_DIGITS)
        inner.finish()
        return digits
    r.report("E203", "compare 写 full 或 {rounded: 位数}", node.place)
    return None


def _check_dates(id_: str, periods: list[Period], names: Names) -> None:
    for earlier, later in pairwise(periods):
        if earlier.end is None or earlier.end >= later.start:
            message = f"“{id_}”有两段同时有效：{later.start} 起的一段与前一段重叠"
            hint = f"把前一段的 until 改为 {later.start - DAY}"
            names.report("E503", message, later.place, hint)
        elif later.start - earlier.end > DAY:
            message = f"“{id_}”在 {earlier.end + DAY} 至 {later.start - DAY} 没有标准"
            names.report("E504", message, later.place, "补上这一段，或写一段 gap 说明原因")
