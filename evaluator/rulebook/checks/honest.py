"""No silent falsehood: a value never changes while what it rests on is said to be the same (E940).

    before  {value: 20, source: fuzhou_2024, clause: 二（二）2, verified: true}
    after   {value: 18, source: fuzhou_2024, clause: 二（二）2, verified: true}   an error

The text that says 20 does not say 18 as well. Either another text is cited, or ``verified`` goes, or
the person says in ``correction`` that the text was misread before. Compared is what a project gets
on a day, so that neither a new row nor a new period gets round it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction

from evaluator.problems.errors import Problem
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.criteria import DAY, Criterion, Hit, Kind, Period, Provenance, Row, lookup
from evaluator.rulebook.grammar.points import table_points
from evaluator.rulebook.load import try_layers
from evaluator.values.numbers import exact_text
from evaluator.values.units import Unit

CODE, FAR_CODE = "E940", "W942"
FAR = 10
HINT = (
    "依据换了就改引新的文件、条款；没有核对原文就写 verified: false；"
    "以前读错了的，写 correction 说明错在哪里"
)


def turning_days(a: Criterion, b: Criterion) -> list[dt.date]:
    """The days on which either of two criteria changes, oldest first."""
    periods = (*a.periods, *b.periods)
    return sorted({p.start for p in periods} | {p.end + DAY for p in periods if p.end})


def value_falsehoods(old: Ruleset, new: Ruleset) -> Iterator[Problem]:
    """E940 for each value that ``new`` changes without changing what it rests on."""
    for id_, criterion in new.criteria.items():
        before = old.criteria.get(id_)
        if before is not None:
            yield from _falsehoods(before, criterion, "原来")


def inherited_falsehoods(ruleset: Ruleset) -> Iterator[Problem]:
    """The same for a profile that replaces a criterion of what it extends."""
    if len(ruleset.layers) < 2:
        return
    below, _ = try_layers(ruleset.layers[:-1], ruleset.fields_text)
    for id_, criterion in ruleset.criteria.items():
        before = below.criteria.get(id_) if below is not None else None
        if before is not None and before.place.source.name != criterion.place.source.name:
            yield from _falsehoods(before, criterion, "下层规则集")


def far_values(old: Ruleset, new: Ruleset) -> Iterator[Problem]:
    """W942 for each value ten times above or below what it was in ``old``."""
    for id_, b in new.criteria.items():
        a = old.criteria.get(id_)
        told: set[int] = set()
        for _, before, after in _hits(a, b) if a is not None else ():
            was = _in_unit(before.row, after.row.unit)
            if id(after.row) in told or was is None or was <= 0 or after.row.value <= 0:
                continue
            if after.row.value >= FAR * was or after.row.value * FAR <= was:
                told.add(id(after.row))
                message = (
                    f"“{b.id}”的 {_amount(after.row)} 与已发布的 {_amount(before.row)} 相差十倍以上"
                )
                hint = "核对数和单位：亩与公顷、元与万元、万元与亿元"
                yield problem(FAR_CODE, message, after.row.place, hint, subject=b.id)


def _falsehoods(a: Criterion, b: Criterion, whose: str) -> Iterator[Problem]:
    if b.kind is Kind.LIST or a.kind is Kind.LIST:
        yield from _lists(a, b, whose)
        return
    told: set[int] = set()
    for day, before, after in _hits(a, b):
        row = after.row
        if id(row) in told or not _same_basis(before.row.provenance, row.provenance):
            continue
        if _in_unit(before.row, row.unit) == row.value:
            continue
        told.add(id(row))
        said = f"{whose}为 {_amount(before.row)}，现在为 {_amount(row)}（{day} 起）"
        notes = ((f"{whose}的值", before.row.place),)
        yield _problem(b, row.provenance, said, row, notes)


def _problem(
    b: Criterion, cited: Provenance, said: str, at: Row | Period, notes: tuple[object, ...] = ()
) -> Problem:
    checked = "仍写“已核对”" if cited.verified else "仍是同一个示例值的依据"
    message = (
        f"“{b.id}”改了值，依据没有改：{said}，都引 {cited.source.citation(cited.clause)}，{checked}"
    )
    return problem(CODE, message, at.place, HINT, notes, subject=b.id)  # type: ignore[arg-type]


def _lists(a: Criterion, b: Criterion, whose: str) -> Iterator[Problem]:
    told: set[int] = set()
    for day in turning_days(a, b):
        before, after = a.on(day), b.on(day)
        if before is None or after is None or id(after) in told:
            continue
        x, y = before.provenance, after.provenance
        if x is None or y is None or not _same_basis(x, y):
            continue
        more = [c for c in after.codes if c not in before.codes]
        fewer = [c for c in before.codes if c not in after.codes]
        if not more and not fewer:
            continue
        told.add(id(after))
        changes = [f"增加 {'、'.join(more[:8])}"] if more else []
        changes += [f"删去 {'、'.join(fewer[:8])}"] if fewer else []
        said = f"与{whose}相比{'，'.join(changes)}（{day} 起）"
        yield _problem(b, y, said, after, ((f"{whose}的名录", before.place),))


def _hits(a: Criterion, b: Criterion) -> Iterator[tuple[dt.date, Hit, Hit]]:
    """What a project gets by each of two criteria, wherever either can differ."""
    for day in turning_days(a, b):
        before, after = a.on(day), b.on(day)
        if before is None or after is None or _same_rows(before, after):
            continue
        for point in table_points((a, b)):
            x, y = _find(a, point, day), _find(b, point, day)
            if x is not None and y is not None:
                yield day, x, y


def _find(criterion: Criterion, point: dict[str, object], day: dt.date) -> Hit | None:
    hit = lookup(criterion, point, day, day)
    return hit if isinstance(hit, Hit) else None


def _same_rows(a: Period, b: Period) -> bool:
    """Whether two periods say the same of every project, as far as can be seen at once."""
    if len(a.rows) != len(b.rows):
        return False
    pairs = zip(a.rows, b.rows, strict=True)
    return all(x.keys == y.keys and x.value == y.value and x.unit == y.unit for x, y in pairs)


def _same_basis(a: Provenance, b: Provenance) -> bool:
    """Whether the same words are said of both, and no misreading is owned up to."""
    same = (a.source.id, a.clause, a.verified) == (b.source.id, b.clause, b.verified)
    return same and (b.correction is None or b.correction == a.correction)


def _in_unit(row: Row, unit: Unit | None) -> Fraction | None:
    """A row's value in a unit; None where they are of another kind."""
    if row.unit is None or unit is None or not row.unit.same_kind(unit):
        return None
    return row.value * row.unit.factor_to(unit)


def _amount(row: Row) -> str:
    unit = "" if row.unit is None or row.unit.name == "1" else f" {row.unit.name}"
    return exact_text(row.value) + unit
