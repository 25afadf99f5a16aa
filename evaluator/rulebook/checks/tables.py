"""Tables and code lists: rows that are never reached, holes, values that look mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import ClassVar

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.problems.errors import Problem
from evaluator.rulebook.ast import Member, Ruleset
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.criteria import INDUSTRY, Criterion, Hit, Kind, Period, Row, lookup
from evaluator.rulebook.grammar.criteria_file import table_dimensions
from evaluator.rulebook.grammar.points import OTHER
from evaluator.rulebook.walk import leaves
from evaluator.values.numbers import exact_text

Point = dict[str, str]
SUSPICIOUS_FACTOR = 10
MIN_SIBLINGS = 3


def _domain(field: Field | None, dimension: str) -> tuple[str, ...] | None:
    """Every value that a dimension can have, or None where they cannot be listed."""
    if field is None:
        return None
    if field.key == dimension:
        return tuple(field.keys) or None
    if field.type is FieldType.ENUM:
        return tuple(field.values)
    if field.type is FieldType.INT and field.minimum is not None and field.maximum is not None:
        low, high = int(field.minimum), int(field.maximum)
        return tuple(map(str, range(low, high + 1))) if high - low < 1000 else None
    return None


class _Table:
    """Walks a lookup dimension by dimension, as ``criteria.lookup`` does, over all values at once."""

    def __init__(self, criterion: Criterion, period: Period, registry: Registry) -> None:
        fields = table_dimensions(registry)
        self.domains = {d: _domain(fields.get(d), d) for d in criterion.by}
        self.period = period
        self.reached: set[int] = set()
        self.holes: list[tuple[Point, str, tuple[Row, ...]]] = []
        self._walk(period.rows, criterion.by, {})

    def _walk(self, rows: tuple[Row, ...], by: tuple[str, ...], point: Point) -> None:
        if not by:
            self.reached.add(rows[0].number)
            return
        dimension, rest = by[0], by[1:]
        named: dict[str, list[Row]] = {}
        for row in rows:
            for word in row.keys.get(dimension, ()):
                named.setdefault(word, []).append(row)
        for word, narrowed in named.items():
            self._walk(tuple(narrowed), rest, {**point, dimension: word})
        domain = self.domains[dimension]
        if domain is not None and named.keys() >= set(domain):
            return
        default = tuple(r for r in rows if dimension not in r.keys)
        other = next((v for v in domain or () if v not in named), OTHER)
        if default:
            self._walk(default, rest, {**point, dimension: other})
        elif point:
            self.holes.append((point, dimension, rows))


def _tables(ruleset: Ruleset) -> Iterator[tuple[Criterion, Period, _Table]]:
    for criterion in ruleset.criteria.values():
        if criterion.by:
            for period in criterion.periods:
                if period.rows:
                    yield criterion, period, _Table(criterion, period, ruleset.registry)


class UnreachableRow:
    """A row that no project can reach, since others cover all it could stand for."""

    code: ClassVar[str] = "E908"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion, period, table in _tables(ruleset):
            for row in period.rows:
                if row.number not in table.reached:
                    instead = self._instead(criterion, period, row)
                    by = f"第 {instead.number} 行已经包含它" if instead else "别的行已经包含它"
                    message = f"“{criterion.id}”第 {row.number} 行（{row.title()}）永远用不到，{by}"
                    notes = ((f"第 {instead.number} 行", instead.place),) if instead else ()
                    yield problem(
                        self.code,
                        message,
                        row.place,
                        "删掉这一行，或改正它的档",
                        notes,
                        subject=criterion.id,
                    )

    def _instead(self, criterion: Criterion, period: Period, row: Row) -> Row | None:
        for other in period.rows:
            point = {d: other.keys.get(d, (OTHER,))[0] for d in criterion.by}
            point |= {d: words[0] for d, words in row.keys.items()}
            hit = lookup(criterion, point, period.start, period.start)
            if isinstance(hit, Hit) and hit.row is not row:
                return hit.row
        return None


class TableHole:
    """A specific row that lists only some values of the next dimension hides the general row.

    ``{C39, land_class: [1, 2]}`` beside ``{C, land_class: [1, …, 15]}``: a C39 project on class 3
    finds nothing, since the lookup does not go back from C39 to C.
    """

    code: ClassVar[str] = "W909"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion, period, table in _tables(ruleset):
            for point, dimension, rows in table.holes:
                hidden = [r for r in period.rows if r not in rows and _general(r, point)]
                if not hidden:
                    continue
                listed = sorted({w for r in rows for w in r.keys.get(dimension, ())}, key=_natural)
                label = "、".join(v for v in point.values() if v != OTHER) or OTHER
                message = (
                    f"“{criterion.id}”的“{label}”只列了 {dimension} 的 {'、'.join(listed)}，"
                    f"其余查不到，也不会退到第 {hidden[0].number} 行"
                )
                hint = f"给“{label}”补上其余的档，或加一行不写 {dimension} 的"
                yield problem(self.code, message, rows[0].place, hint, subject=criterion.id)


def _natural(word: str) -> tuple[int, str]:
    return (int(word), "") if word.isdigit() else (1 << 30, word)


def _general(row: Row, point: Mapping[str, str]) -> bool:
    """Whether a row would have served the point, had no more specific one stood before it."""
    for dimension, value in point.items():
        words = row.keys.get(dimension)
        if words is None or value in words:
            continue
        if dimension == INDUSTRY and any(value.startswith(w) for w in words):
            continue
        return False
    return True


class UnusedColumn:
    """A dimension in ``by`` that no row names."""

    code: ClassVar[str] = "W910"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for criterion in ruleset.criteria.values():
            rows = [row for period in criterion.periods for row in period.rows]
            for dimension in criterion.by:
                if not any(dimension in row.keys for row in rows):
                    message = f"“{criterion.id}”按“{dimension}”分档，但没有一行用到它"
                    yield problem(
                        self.code,
                        message,
                        criterion.place,
                        "在 by 里去掉它，或补上各档",
                        subject=criterion.id,
                    )


class CoveredCode:
    """A code that is matched by prefix and whose prefix is in the list already."""

    code: ClassVar[str] = "W911"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        done: set[str] = set()
        for rule in ruleset.rules.values():
            for leaf in leaves(*rule.halves):
                if not isinstance(leaf, Member) or not leaf.prefix:
                    continue
                if leaf.criterion is None:
                    words = tuple(str(o) for o in leaf.options)
                    for code, prefix in _covered(words):
                        message = f"“{code}”多余，“{prefix}”已经包含它"
                        yield problem(
                            self.code, message, leaf.place, f"删掉 {code}", subject=rule.id
                        )
                elif leaf.criterion not in done:
                    done.add(leaf.criterion)
                    for period in ruleset.criteria[leaf.criterion].periods:
                        for code, prefix in _covered(period.codes):
                            message = f"“{leaf.criterion}”里“{code}”多余，“{prefix}”已经包含它"
                            yield problem(
                                self.code,
                                message,
                                period.place,
                                f"删掉 {code}",
                                subject=leaf.criterion,
                            )


def _covered(codes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    known = set(codes)
    for code in codes:
        for length in range(1, len(code)):
            if code[:length] in known:
                yield code, code[:length]
                break


class OutOfLineRow:
    """A value ten times above or below its siblings: 公顷 taken for 亩, 万元 for 元."""

    code: ClassVar[str] = "W912"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        items = {f.key for f in ruleset.registry.fields.values() if f.key}
        for criterion in ruleset.criteria.values():
            if criterion.kind is Kind.LIST or items & set(criterion.by):
                continue
            for period in criterion.periods:
                yield from self._siblings(criterion, period)
            for earlier, later in pairwise(criterion.periods):
                yield from self._versions(criterion, earlier, later)

    def _siblings(self, criterion: Criterion, period: Period) -> Iterator[Problem]:
        values = {r.number: v for r in period.rows if (v := _plain(r, criterion)) > 0}
        if len(values) < MIN_SIBLINGS:
            return
        middle = median(values.values())
        for row in period.rows:
            if row.number in values and _far(values[row.number], middle):
                message = (
                    f"“{criterion.id}”第 {row.number} 行的 {exact_text(row.value)} "
                    f"与其他行相差十倍以上（中间值 {exact_text(middle)}）"
                )
                yield problem(
                    self.code,
                    message,
                    row.place,
                    "核对单位：亩与公顷、元与万元",
                    subject=criterion.id,
                )

    def _versions(self, criterion: Criterion, earlier: Period, later: Period) -> Iterator[Problem]:
        before = {tuple(sorted(r.keys.items())): r for r in earlier.rows}
        for row in later.rows:
            old = before.get(tuple(sorted(row.keys.items())))
            if old is None:
                continue
            a, b = _plain(old, criterion), _plain(row, criterion)
            if a > 0 and b > 0 and _far(b, a):
                message = (
                    f"“{criterion.id}”的 {exact_text(row.value)}（{later.start} 起）"
                    f"与上一段的 {exact_text(old.value)} 相差十倍以上"
                )
                yield problem(
                    self.code,
                    message,
                    row.place,
                    "核对单位：亩与公顷、元与万元",
                    subject=criterion.id,
                )


def _plain(row: Row, criterion: Criterion) -> Fraction:
    """The value in the criterion's unit; zero where there is none to compare in."""
    if row.unit is None or criterion.unit is None or not row.unit.same_kind(criterion.unit):
        return Fraction(0)
    return row.value * row.unit.factor_to(criterion.unit)


def _far(a: Fraction, b: Fraction) -> bool:
    return a >= SUSPICIOUS_FACTOR * b or a * SUSPICIOUS_FACTOR <= b
