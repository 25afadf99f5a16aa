"""What changed in criteria, day by day: old → new for each row, and from which day.

Blocks are not compared with blocks: splitting a period in two without changing a value is no
change; a new period is told against the value that held before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluator.judgement.wording import with_unit
from evaluator.prove.scale import other_unit
from evaluator.rulebook.criteria import DAY, KIND_LABELS, Criterion, Kind, Period, Provenance, Row
from evaluator.values.numbers import shown


def whole_criterion(criterion: Criterion) -> Iterator[str]:
    """A criterion that is new or gone, in full."""
    for period in criterion.periods:
        yield f"自 {period.start.isoformat()} 起："
        yield from (f"  {line}" for line in _content(period))


def criterion_lines(a: Criterion, b: Criterion) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What changed from ``a`` to ``b``, and warnings of values that look like a slip of the unit."""
    warnings: list[str] = []
    lines = (*_heading(a, b), *_values(a, b, warnings))
    return lines, tuple(warnings)


def quoted(text: str | None) -> str:
    """A text of the rulebook in quotation marks, or that there is none."""
    return "（无）" if text is None else f"“{text}”"


def _heading(a: Criterion, b: Criterion) -> Iterator[str]:
    if a.kind is not b.kind:
        yield f"性质：{KIND_LABELS[a.kind]} → {KIND_LABELS[b.kind]}"
    if a.rounded != b.rounded:
        x, y = (
            "全数值比较" if r is None else f"修约到 {r} 位小数比较" for r in (a.rounded, b.rounded)
        )
        yield f"比较方法：{x} → {y}"
    if a.title != b.title:
        yield f"名称：“{a.title}”→“{b.title}”"
    if a.tighten_only != b.tighten_only:
        yield f"地方只能加严：{'是' if a.tighten_only else '否'} → {'是' if b.tighten_only else '否'}"


def _values(a: Criterion, b: Criterion, warnings: list[str]) -> Iterator[str]:
    """Every stretch of days on which the two differ, merged where they differ in the same way."""
    starts = {p.start for c in (a, b) for p in c.periods}
    ends = {p.end + DAY for c in (a, b) for p in c.periods if p.end}
    told: tuple[str, ...] = ()
    for day in sorted(starts | ends):
        lines = tuple(_on_day(a.period(day, day), b.period(day, day), b, warnings))
        if lines and lines != told:
            yield f"自 {day.isoformat()} 起："
            yield from (f"  {line}" for line in lines)
        elif told and not lines:
            yield f"自 {day.isoformat()} 起：两者相同"
        told = lines


def day_lines(a: Period | None, b: Period | None, c: Criterion) -> Iterator[str]:
    """What is different on a day on which ``a`` was in force and ``b`` is."""
    return _on_day(a, b, c, [])


def _on_day(a: Period | None, b: Period | None, c: Criterion, warnings: list[str]) -> Iterator[str]:
    if a is None or b is None:
        if a is not b:
            yield "原来没有标准，现在有了：" if a is None else "原来有标准，现在没有了："
            yield from (line for p in (a, b) if p is not None for line in _content(p))
        return
    if a.gap != b.gap:
        yield f"无标准的原因：{quoted(a.gap)} → {quoted(b.gap)}"
    more, fewer = [x for x in b.codes if x not in a.codes], [x for x in a.codes if x not in b.codes]
    if more:
        yield f"清单增加 {'、'.join(more)}"
    if fewer:
        yield f"清单删去 {'、'.join(fewer)}"
    rows_a, rows_b = ({_key(r): r for r in p.rows} for p in (a, b))
    for key in dict.fromkeys((*rows_a, *rows_b)):
        yield from _row(rows_a.get(key), rows_b.get(key), c, warnings)
    if a.accepted_before != b.accepted_before:
        yield f"过渡条款（此前受理的按旧标准）：{a.accepted_before or '（无）'} → {b.accepted_before or '（无）'}"
    if a.provenance != b.provenance and a.provenance and b.provenance:
        x, y = (p.source.citation(p.clause) for p in (a.provenance, b.provenance))
        if x != y:
            yield f"依据：{x} → {y}"
        if a.provenance.verified != b.provenance.verified:
            yield f"核对状态：{'已核对' if b.provenance.verified else '示例值'}"
    yield from _corrections(a, b)


def _corrections(a: Period, b: Period) -> Iterator[str]:
    """What is said to have been misread before, and was not said so already."""
    known = {p.correction for p in _cited(a)}
    for text in dict.fromkeys(p.correction for p in _cited(b) if p.correction):
        if text not in known:
            yield f"更正：{text}"


def _cited(period: Period) -> Iterator[Provenance]:
    if period.provenance is not None:
        yield period.provenance
    yield from (row.provenance for row in period.rows)


def _key(row: Row) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted((k, tuple(sorted(v))) for k, v in row.keys.items()))


def _row(a: Row | None, b: Row | None, c: Criterion, warnings: list[str]) -> Iterator[str]:
    if a is None or b is None:
        some = a or b
        assert some is not None
        yield f"{'增加' if a is None else '删去'}一行：{some.title()} {_amount(some)}"
        return
    if a.value == b.value and a.unit == b.unit:
        return
    name = f"{a.title()}：" if a.keys else ""
    same = a.unit is not None and b.unit is not None and a.unit.same_kind(b.unit)
    if not same or a.unit is None or b.unit is None:
        yield f"{name}{_amount(a)} → {_amount(b)}"
        return
    was = a.value * a.unit.factor_to(b.unit)
    if was == b.value:
        yield f"{name}只改了单位：{_amount(a)} → {_amount(b)}"
        return
    way = ""
    if c.kind in (Kind.FLOOR, Kind.CEILING):
        way = "，加严" if (b.value > was) == (c.kind is Kind.FLOOR) else "，放宽"
    change = (
        f"（{'提高' if b.value > was else '降低'} {shown(abs(b.value - was) / abs(was) * 100, 1)}%{way}）"
        if was
        else ""
    )
    yield f"{name}{_amount(a)} → {_amount(b)}{change}"
    unit = other_unit(b.value, was / 2, was * 2, b.unit)
    text = f"{name}{_amount(b)}像是按“{unit.name}”写的" if unit else ""
    if text and text not in warnings:
        warnings.append(text)


def _amount(row: Row) -> str:
    return with_unit(shown(row.value, 6), row.unit)


def _content(period: Period) -> Iterator[str]:
    if period.gap is not None:
        yield f"无标准：{period.gap}"
    if period.codes:
        yield "、".join(period.codes)
    for row in period.rows:
        yield f"{row.title() + '：' if row.keys else ''}{_amount(row)}"
