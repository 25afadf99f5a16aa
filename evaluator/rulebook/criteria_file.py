"""criteria.yaml: sources, criteria and their dated values, read and checked."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from evaluator.criteria import Criterion, Kind, Period, Provenance, Row, Source
from evaluator.rulebook.names import Names
from evaluator.source import Place
from evaluator.units import Unit, UnitError, parse_unit
from evaluator.yamlio import Reader, YList, YMap, YScalar, suggest

__all__ = ["parse_criteria", "parse_sources"]

LEVELS = ("national", "provincial", "city", "county", "park")
ITEM_KEYS = ("product", "pollutant")


def parse_sources(node: YMap | None, names: Names) -> None:
    """Read the ``sources`` table into ``names``."""
    for key, value in node.entries if node else ():
        if not isinstance(value, YMap):
            names.report("E202", f"依据文件“{key.text}”应是键值表", value.place)
            continue
        r = Reader(value, names.problems, f"依据文件“{key.text}”")
        names.sources[key.text] = Source(
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
        )
        r.finish()


def parse_criteria(node: YMap | None, names: Names) -> None:
    """Read the ``criteria`` table into ``names``."""
    for key, value in node.entries if node else ():
        before = len(names.problems)
        criterion = None
        if isinstance(value, YMap):
            criterion = _CriterionParser(key, value, names).parse()
        else:
            names.report("E202", f"准入标准“{key.text}”应是键值表", value.place)
        if criterion is None or any(
            p.severity == "error" and p.code != "E501" for p in names.problems[before:]
        ):
            names.broken.add(key.text)
        if criterion is not None:
            names.criteria[key.text] = criterion


class _CriterionParser:
    def __init__(self, key: YScalar, node: YMap, names: Names) -> None:
        self.key = key
        self.names = names
        self.reader = Reader(node, names.problems, f"准入标准“{key.text}”")
        self.node = node

    def parse(self) -> Criterion | None:
        r = self.reader
        title = r.text("title", required=True)
        kind_text = r.choice("kind", [k.value for k in Kind], required=True)
        self.kind = Kind(kind_text or "value")
        self.unit = self._unit(r)
        self.by = self._dimensions(r)
        rounded = self._rounded(r)
        tighten_only = r.boolean("tighten_only", False)
        r.text("note")
        values = r.list_of("values", required=True)
        r.finish()
        periods = [p for v in values if (p := self._period(v)) is not None]
        periods.sort(key=lambda p: p.start)
        self._check_dates(periods)
        if not title or not kind_text or not periods:
            return None
        return Criterion(
            self.key.text, title, self.kind, self.unit, self.by, rounded, tighten_only,
            tuple(periods), self.key.place,
        )  # fmt: skip

    def _unit(self, r: Reader) -> Unit | None:
        node = r.take("unit")
        if not isinstance(node, YScalar):
            return None
        try:
            return parse_unit(node.text)
        except UnitError as error:
            r.report("E401", str(error), node.place)
            return None

    def _dimensions(self, r: Reader) -> tuple[str, ...]:
        out: list[str] = []
        for word in r.words("by"):
            known = [*ITEM_KEYS, *self.names.registry.fields]
            if word.text in known:
                out.append(word.text)
            else:
                r.report("E301", f"没有可分档的字段“{word.text}”", word.place, suggest(word.text, known))
        return tuple(out)

    def _rounded(self, r: Reader) -> int | None:
        node = r.take("compare")
        if node is None or (isinstance(node, YScalar) and node.text == "full"):
            return None
        if isinstance(node, YMap):
            inner = Reader(node, self.names.problems, "compare")
            digits = inner.integer("rounded", required=True)
            inner.finish()
            return digits
        r.report("E203", "compare 写 full 或 {rounded: 位数}", node.place)
        return None

    def _provenance(self, r: Reader, base: Provenance | None, required: bool) -> Provenance | None:
        source_node = r.take("source", required=required and base is None)
        source = self.names.source(source_node) if isinstance(source_node, YScalar) else None
        clause = r.text("clause")
        note = r.text("note")
        verified = r.boolean("verified", base.verified if base else False)
        if source is None:
            if base is None:
                return None
            source = base.source
            clause = clause or base.clause
            note = note or base.note
        return Provenance(source, clause, verified, note)

    def _period(self, node: Any) -> Period | None:
        if not isinstance(node, YMap):
            self.reader.report("E202", "values 的每一项应是键值表", node.place)
            return None
        r = Reader(node, self.names.problems, f"“{self.key.text}”的一段")
        start = r.date("from", required=True)
        end = r.date("until")
        gap = r.text("gap")
        accepted_before = self._transition(r)
        provenance = self._provenance(r, None, required=gap is None)
        value = r.take("value")
        rows_node = r.take("rows")
        codes = tuple(w.text for w in r.words("codes"))
        r.finish()
        rows: tuple[Row, ...] = ()
        given = [n for n, x in (("value", value), ("rows", rows_node), ("codes", codes)) if x]
        if gap is None:
            if len(given) != 1:
                r.report("E208", "value、rows、codes 三者只写一种", node.place)
            elif (self.kind is Kind.LIST) != (given == ["codes"]):
                wanted = "codes" if self.kind is Kind.LIST else "value 或 rows"
                r.report("E208", f"kind 为 {self.kind} 时写 {wanted}", node.place)
        if provenance is not None and isinstance(value, YScalar):
            row = self._value_row(value, provenance, node.place)
            rows = (row,) if row else ()
        elif provenance is not None and isinstance(rows_node, YList):
            rows = self._rows(rows_node, provenance)
        if start and end and end < start:
            r.report("E502", f"until（{end}）早于 from（{start}）", node.place)
            return None
        if start is None:
            return None
        return Period(start, end, rows, codes, provenance, gap, accepted_before, node.place)

    def _transition(self, r: Reader) -> dt.date | None:
        node = r.mapping("transition")
        if node is None:
            return None
        inner = Reader(node, self.names.problems, "transition")
        day = inner.date("accepted_before", required=True)
        inner.finish()
        return day

    def _number(self, node: YScalar) -> Fraction | None:
        if isinstance(node.value, (int, Decimal)) and not isinstance(node.value, bool):
            return Fraction(node.value)
        self.reader.report("E202", f"“{node.text}”不是数", node.place)
        return None

    def _value_row(self, node: YScalar, provenance: Provenance, place: Place) -> Row | None:
        number = self._number(node)
        if number is None:
            return None
        return Row(1, MappingProxyType({}), number, self.unit, provenance, place)

    def _rows(self, node: YList, base: Provenance) -> tuple[Row, ...]:
        rows: list[Row] = []
        seen: dict[tuple[tuple[str, str], ...], Place] = {}
        for number, item in enumerate(node.items, 1):
            if not isinstance(item, YMap):
                self.reader.report("E202", "表的每一行应是键值表", item.place)
                continue
            row = self._row(number, item, base)
            if row is None:
                continue
            for combination in _combinations(row):
                if combination in seen:
                    self.reader.report(
                        "E209", f"第 {number} 行与前面的行重复（{row.title()}）", item.place,
                        f"第一处在第 {seen[combination].line} 行",
                    )  # fmt: skip
                    break
                seen[combination] = item.place
            rows.append(row)
        return tuple(rows)

    def _row(self, number: int, node: YMap, base: Provenance) -> Row | None:
        r = Reader(node, self.names.problems, f"“{self.key.text}”表的第 {number} 行")
        keys: dict[str, tuple[str, ...]] = {}
        for dimension in self.by:
            value = r.take(dimension)
            if isinstance(value, YScalar):
                keys[dimension] = (value.text,)
            elif isinstance(value, YList):
                keys[dimension] = tuple(i.text for i in value.items if isinstance(i, YScalar))
        number_node = r.take("value", required=True)
        unit = self._unit(r) or self.unit
        provenance = self._provenance(r, base, required=False) or base
        r.finish()
        value_ = self._number(number_node) if isinstance(number_node, YScalar) else None
        if value_ is None:
            return None
        if unit is None:
            r.report("E201", f"第 {number} 行缺少“unit”（表本身没有统一单位）", node.place)
        return Row(number, MappingProxyType(keys), value_, unit, provenance, node.place)

    def _check_dates(self, periods: list[Period]) -> None:
        for earlier, later in zip(periods, periods[1:], strict=False):
            if earlier.end is None or earlier.end >= later.start:
                self.reader.report(
                    "E503", f"“{self.key.text}”有两段同时有效：{later.start} 起的一段与前一段重叠",
                    later.place, f"把前一段的 until 改为 {later.start - dt.timedelta(days=1)}",
                )  # fmt: skip
            elif later.start - earlier.end > dt.timedelta(days=1):
                self.reader.report(
                    "E504",
                    f"“{self.key.text}”在 {earlier.end + dt.timedelta(days=1)} 至 "
                    f"{later.start - dt.timedelta(days=1)} 没有标准",
                    later.place, "补上这一段，或写一段 gap 说明原因",
                )  # fmt: skip


def _combinations(row: Row) -> list[tuple[tuple[str, str], ...]]:
    out: list[tuple[tuple[str, str], ...]] = [()]
    for dimension, words in row.keys.items():
        out = [(*c, (dimension, w)) for c in out for w in words]
    return out
