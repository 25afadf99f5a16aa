"""Changes of what held on days that are past: named for what they are, day by day.

A new period from tomorrow on changes nothing that was judged. A value changed in a period that has
begun says of past days what nobody could know on them; whoever publishes it has to say so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.revision.criteria import day_lines
from evaluator.rulebook import ast
from evaluator.rulebook.checks.honest import turning_days
from evaluator.rulebook.criteria import DAY, Criterion, Period


@dataclass(frozen=True, slots=True)
class Retroactive:
    """What changes for the past days ``start`` to ``end``, both included."""

    kind: str
    id: str
    title: str
    start: dt.date
    end: dt.date
    lines: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON data; dates as ISO text."""
        out = dataclasses.asdict(self)
        return {**out, "start": self.start.isoformat(), "end": self.end.isoformat()}

    def text(self) -> str:
        """The change as a sentence."""
        what = "标准" if self.kind == "criterion" else "规则"
        return f"追溯：{what}“{self.title}”{self.start} 至 {self.end} 的内容改了：{'；'.join(self.lines)}"


def retroactive(old: ast.Ruleset, new: ast.Ruleset, today: dt.date) -> tuple[Retroactive, ...]:
    """What ``new`` changes for days before ``today``, by criterion and rule, oldest first."""
    found: list[Retroactive] = []
    for id_, criterion in new.criteria.items():
        before = old.criteria.get(id_)
        if before is not None:
            found += _merged(_criterion(before, criterion, today))
    found += _rules(old.rules, new.rules, today)
    return tuple(found)


def _criterion(a: Criterion, b: Criterion, today: dt.date) -> Iterator[Retroactive]:
    days = [d for d in turning_days(a, b) if d < today]
    for day, following in zip(days, [*days[1:], today], strict=True):
        x, y = a.on(day), b.on(day)
        if content_of(x) == content_of(y):
            continue
        lines = tuple(day_lines(x, y, b))
        yield Retroactive("criterion", b.id, b.title, day, following - DAY, lines)


def content_of(period: Period | None) -> object:
    """What a period says of projects, whatever it rests on and however it is written."""
    if period is None:
        return None
    rows = {
        tuple(sorted((k, frozenset(v)) for k, v in row.keys.items())): (
            row.value * row.unit.factor if row.unit else row.value,
            row.unit.dimension if row.unit else None,
        )
        for row in period.rows
    }
    return rows, frozenset(period.codes), period.gap is None, period.accepted_before


def _merged(found: Iterator[Retroactive]) -> Iterator[Retroactive]:
    """Neighbouring stretches that change in the same way as one."""
    last: Retroactive | None = None
    for item in found:
        if last is not None and last.lines == item.lines and last.end + DAY == item.start:
            last = dataclasses.replace(last, end=item.end)
            continue
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last


def _rules(
    old: Mapping[str, ast.Rule], new: Mapping[str, ast.Rule], today: dt.date
) -> Iterator[Retroactive]:
    """Rules whose period no longer covers the same past days."""
    for id_, rule in new.items():
        before = old.get(id_)
        if before is None or (before.start, before.end) == (rule.start, rule.end):
            continue
        given = [d for d in (before.start, rule.start) if d is not None]
        given += [d + DAY for d in (before.end, rule.end) if d is not None]
        days = sorted({d for d in given if d < today})
        if days and (before.start is None) != (rule.start is None):
            days.insert(0, dt.date.min)
        for day, following in zip(days, [*days[1:], today], strict=True):
            if before.in_force(day) != rule.in_force(day):
                now = "有效" if rule.in_force(day) else "无效"
                line = f"原来{'无效' if now == '有效' else '有效'}，现在{now}"
                yield Retroactive("rule", id_, rule.title, day, following - DAY, (line,))
