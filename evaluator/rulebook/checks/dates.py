"""Rules, criteria and their legal basis in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.problems.source import Place
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.checks.base import overlap, problem
from evaluator.rulebook.criteria import DAY, Criterion, Source
from evaluator.rulebook.reads import criteria_of

YEAR_DAYS = 366
Span = tuple[dt.date | None, dt.date | None]


def span_text(start: dt.date | None, end: dt.date | None) -> str:
    """A span in words."""
    if start and end:
        return f"{start} 至 {end}"
    return f"{start} 起" if start else f"{end} 及以前" if end else "始终"


def _dated_values(criterion: Criterion) -> Iterator[tuple[Source, Span, Place]]:
    """Every source that a period or one of its rows rests on, once for each period."""
    for period in criterion.periods:
        seen: set[str] = set()
        cited = [(period.provenance.source, period.place)] if period.provenance else []
        cited += [(row.provenance.source, row.place) for row in period.rows]
        for source, place in cited:
            if source.id not in seen:
                seen.add(source.id)
                yield source, (period.start, period.end), place


class BasisNeverInForce:
    """A value or rule rests on an instrument that is not in force on any day the rule is."""

    code: ClassVar[str] = "E905"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion in ruleset.criteria.values():
            for source, (start, end), place in _dated_values(criterion):
                if not overlap(start, end, source.in_force, source.until):
                    yield self._problem(
                        source, start, end, criterion.id, f"“{criterion.id}”", place
                    )
        for rule in ruleset.rules.values():
            for basis in rule.basis:
                source_ = basis.source
                if source_ and not overlap(rule.start, rule.end, source_.in_force, source_.until):
                    yield self._problem(
                        source_, rule.start, rule.end, rule.id, f"规则“{rule.id}”", rule.place
                    )

    def _problem(
        self,
        source: Source,
        start: dt.date | None,
        end: dt.date | None,
        subject: str,
        what: str,
        place: Place,
    ) -> Problem:
        message = (
            f"{what}（{span_text(start, end)}）的依据“{source.id}”在此期间没有施行"
            f"（{span_text(source.in_force, source.until)}）"
        )
        return problem(
            self.code, message, place, "改引当时有效的文件，或改正起止日期", subject=subject
        )


class BasisPartlyInForce:
    """On some days nothing that a value or rule rests on is in force (yet, or any more).

    A rule may cite successive versions of one instrument: together they must cover its time.
    Instruments without dates, and criteria (which are checked themselves), count as in force.
    """

    code: ClassVar[str] = "W906"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion in ruleset.criteria.values():
            for source, span, place in _dated_values(criterion):
                covered: Span = (source.in_force, source.until)
                if not overlap(*span, *covered):
                    continue  # E905
                for gap in _uncovered(span, [covered]):
                    yield self._problem(gap, [source], criterion.id, f"“{criterion.id}”", place)
        for rule in ruleset.rules.values():
            sources = [b.source for b in rule.basis if b.source]
            if len(sources) < len(rule.basis) or not sources:
                continue
            spans: list[Span] = [(s.in_force, s.until) for s in sources]
            for gap in _uncovered((rule.start, rule.end), spans):
                yield self._problem(gap, sources, rule.id, f"规则“{rule.id}”", rule.place)

    def _problem(
        self, gap: Span, sources: list[Source], subject: str, what: str, place: Place
    ) -> Problem:
        names = "、".join(s.id for s in sources)
        message = f"{what}有一段时间没有依据（{span_text(*gap)}）：{names} 那时没有施行"
        return problem(
            self.code, message, place, "写上 from 或 until，或补上当时有效的文件", subject=subject
        )


def _uncovered(span: Span, covers: list[Span]) -> list[Span]:
    """The parts of ``span`` that none of ``covers`` reaches."""
    gaps: list[Span] = []
    at = span[0] or dt.date.min
    end = span[1] or dt.date.max
    ordered = sorted((s or dt.date.min, e or dt.date.max) for s, e in covers)
    for start, stop in ordered:
        if stop < at:
            continue
        if start > end:
            break
        if start > at:
            gaps.append((at, start - DAY))
        if stop == dt.date.max:
            return [_open(g) for g in gaps]
        at = stop + DAY
    if at <= end:
        gaps.append((at, end))
    return [_open(g) for g in gaps]


def _open(gap: Span) -> Span:
    return (None if gap[0] == dt.date.min else gap[0], None if gap[1] == dt.date.max else gap[1])


class RuleWithoutStandard:
    """A rule is in force while a criterion it reads has no value: it can only be unknown.

    A rule without ``from`` is taken to begin with the criterion's first period.
    """

    code: ClassVar[str] = "W907"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            for criterion in criteria_of(rule, ruleset).values():
                yield from self._gaps(rule, criterion)

    def _gaps(self, rule: Rule, criterion: Criterion) -> Iterator[Problem]:
        covers: list[Span] = [(p.start, p.end) for p in criterion.periods if p.gap is None]
        span = (rule.start or criterion.periods[0].start, rule.end)
        for gap in _uncovered(span, covers):
            message = (
                f"规则“{rule.id}”有效时，“{criterion.id}”有一段时间没有标准"
                f"（{span_text(*gap)}），那时只能得出“材料不足”"
            )
            hint = "给规则写 from 或 until，或补上那段时间的标准"
            notes = (("标准在此", criterion.place),)
            yield problem(self.code, message, rule.place, hint, notes, subject=rule.id)


class TransitionInVain:
    """A transition clause that keeps no former value for anybody.

    Its day must lie after the period's first: whoever was accepted before that is judged by the former
    value without it. The first period has no former value.
    """

    code: ClassVar[str] = "E943"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion in ruleset.criteria.values():
            for n, period in enumerate(criterion.periods):
                before = period.accepted_before
                if before is None:
                    continue
                if n == 0:
                    why, hint = "它是第一段，此前没有标准可沿用", "删去 transition"
                elif before <= period.start:
                    why = f"{before} 不晚于这一段的起始日期 {period.start}"
                    hint = "写比 from 晚的日期：在那天之前受理的沿用上一段；没有过渡期就删去"
                else:
                    continue
                message = f"“{criterion.id}”的过渡条款没有作用：{why}"
                yield problem(self.code, message, period.place, hint, subject=criterion.id)


class StandardNotYet:
    """A rule counts today, but the first value of a criterion it reads only begins later.

    Until then every project that the rule applies to is referred. The lint of ``W907`` is silent
    about it, since a rule without ``from`` is taken to begin with the criterion.
    """

    code: ClassVar[str] = "W929"

    def __init__(self, today: dt.date) -> None:
        self.today = today

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            if rule.start is not None or not rule.in_force(self.today):
                continue
            for criterion in criteria_of(rule, ruleset).values():
                first = criterion.periods[0].start
                if first is not None and first > self.today:
                    message = (
                        f"规则“{rule.id}”现在有效，“{criterion.id}”从 {first.isoformat()} 起才有标准，"
                        "此前适用这条规则的项目只能得出“材料不足”"
                    )
                    hint = f"补上此前的标准，或给规则写 from: {first.isoformat()}"
                    notes = (("标准在此", criterion.place),)
                    yield problem(self.code, message, rule.place, hint, notes, subject=rule.id)


class RuleExpired:
    """A rule whose last day is past: it judges nothing that is received now.

    Nobody sees that a line has gone, so it is said; where that is meant, it is accepted.
    """

    code: ClassVar[str] = "W950"

    def __init__(self, today: dt.date) -> None:
        self.today = today

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            if rule.end is not None and rule.end < self.today:
                message = f"规则“{rule.id}”到 {rule.end.isoformat()} 为止，已经过期，现在受理的项目不再按它判定"
                hint = "仍要用的改 until，另有新规则接替的写进 accepted 说明"
                yield problem(self.code, message, rule.place, hint, subject=rule.id)


class StaleFigure:
    """A value in force out of a statistic that ends more than a year ago: newer ones have appeared."""

    code: ClassVar[str] = "W953"

    def __init__(self, today: dt.date) -> None:
        self.today = today

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion in ruleset.criteria.values():
            period = criterion.on(self.today)
            if period is None:
                continue
            cited = {row.provenance.source.id: row.provenance.source for row in period.rows}
            for source in cited.values():
                end = source.counted_to
                if end is not None and (self.today - end).days > YEAR_DAYS:
                    message = (
                        f"“{criterion.id}”现行的值引 {source.citation()}，数据截至 {end.isoformat()}，"
                        "已经过了一年"
                    )
                    hint = "录入较新的一期，写上 from；还没有读到的，写进 accepted 并说明"
                    yield problem(self.code, message, period.place, hint, subject=criterion.id)
