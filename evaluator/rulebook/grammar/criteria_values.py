"""One period of a criterion: a value, a table of rows or a list of codes, with its basis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import prod
from types import MappingProxyType

from evaluator.dossier.fields import Field
from evaluator.problems.choices import which
from evaluator.reading.yaml.reader import Reader, word_of
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook.criteria import Kind, Period, Provenance, Row
from evaluator.rulebook.grammar.amounts import number_fault
from evaluator.rulebook.grammar.codes import key_fault
from evaluator.rulebook.grammar.names import Names, same_kind
from evaluator.values.units import Unit, UnitError, parse_unit, unit_hint

# Combinations of keys in one row: a row that lists more is a mistake, or a way to fill the memory.
MAX_COMBINATIONS = 10_000


@dataclass(frozen=True)
class PeriodReader:
    """Reads the periods of one criterion; reports problems to ``names``."""

    id: str
    kind: Kind
    unit: Unit | None
    by: Mapping[str, Field | None]
    names: Names

    def read(self, node: Node) -> Period | None:
        """One item of ``values``; None after reporting what is wrong with it."""
        if not isinstance(node, YMap):
            self.names.report("E202", "values 的每一项应是键值表", node.place, "以“- from:”开头")
            return None
        r = Reader(node, self.names.problems, f"“{self.id}”的一段")
        start, end = r.date("from", required=True), r.date("until")
        gap = r.text("gap")
        accepted_before = self._transition(r)
        provenance = self._provenance(r, None, required=gap is None)
        value, rows_node = r.take("value"), r.take("rows")
        codes = tuple(word.text for word in r.words("codes"))
        r.finish()
        self._check_content(r, node, gap)
        rows: tuple[Row, ...] = ()
        if provenance is not None and value is not None:
            number = self._number(value, self.unit)
            if number is not None:
                rows = (Row(1, MappingProxyType({}), number, self.unit, provenance, node.place),)
        elif provenance is not None and rows_node is not None:
            rows = self._rows(rows_node, provenance)
        if start and end and end < start:
            r.report("E502", f"until（{end}）早于 from（{start}）", node.place, "改正其中一个日期")
            return None
        if start is None or (end is None and r.given("until")):
            return None  # Reported; without its dates the period would seem to overlap others.
        return Period(start, end, rows, codes, provenance, gap, accepted_before, node.place)

    def _check_content(self, r: Reader, node: YMap, gap: str | None) -> None:
        given = [n for n in ("value", "rows", "codes") if node.get(n) is not None]
        if gap is not None:
            for name in given:
                extra = node.get(name)
                r.report(
                    "E208",
                    f"gap 表示没有标准，不能又写“{name}”",
                    extra.place if extra else node.place,
                )
        elif len(given) != 1:
            r.report(
                "E208", "value、rows、codes 三者要写且只写一种", node.place, "删掉多余的，或补上"
            )
        elif (self.kind is Kind.LIST) != (given == ["codes"]):
            wanted = "codes" if self.kind is Kind.LIST else "value 或 rows"
            r.report("E208", f"kind 为 {self.kind} 时写 {wanted}", node.place)
        elif isinstance(codes := node.get("codes"), YList) and not codes.items:
            r.report("E201", "codes 是空的", codes.place, "至少写一个代码")

    def _transition(self, r: Reader) -> dt.date | None:
        node = r.mapping("transition")
        if node is None:
            return None
        inner = Reader(node, self.names.problems, "transition")
        day = inner.date("accepted_before", required=True)
        inner.finish()
        return day

    def _provenance(self, r: Reader, base: Provenance | None, required: bool) -> Provenance | None:
        source_node = r.word("source", required=required and base is None)
        source = self.names.source(source_node) if source_node else None
        clause, note = r.text("clause"), r.text("note")
        correction = r.text("correction")
        verified = r.boolean("verified", base.verified if base else False)
        if source is None:
            if base is None:
                return None
            return Provenance(
                base.source,
                clause or base.clause,
                verified,
                note or base.note,
                correction or base.correction,
            )
        return Provenance(source, clause, verified, note, correction)

    def _number(self, node: Node, unit: Unit | None) -> Fraction | None:
        value = node.value if isinstance(node, YScalar) else None
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return Fraction(value)
        if not isinstance(node, YScalar):
            hint = "只写一个数；分档的写在 rows 里，每档一行"
            self.names.report("E202", "这里应是一个数，写的是列表或键值表", node.place, hint)
        elif not node.unclear:
            message, hint = number_fault(node, unit)
            self.names.report("E202", message, node.place, hint)
        return None

    # --- tables --------------------------------------------------------------------------------

    def _rows(self, node: Node, base: Provenance) -> tuple[Row, ...]:
        if not isinstance(node, YList) or not node.items:
            self.names.report("E202", "rows 应是列表，每行以“- ”开头", node.place)
            return ()
        rows: list[Row] = []
        seen: dict[tuple[object, ...], Row] = {}
        for number, item in enumerate(node.items, 1):
            if not isinstance(item, YMap):
                self.names.report("E202", "表的每一行应是键值表", item.place)
                continue
            row = self._row(number, item, base)
            if row is None:
                continue
            first = next((seen[c] for c in self._combinations(row) if c in seen), None)
            if first is not None:
                message = f"第 {number} 行与第 {first.number} 行重复（{row.title()}）"
                line, label = first.place.line, first.place.label()
                where = f"文件第 {line} 行" if line is not None else f" {label}"
                self.names.report("E209", message, item.place, f"第一处在{where}")
                continue
            seen.update(dict.fromkeys(self._combinations(row), row))
            rows.append(row)
        return tuple(rows)

    def _combinations(self, row: Row) -> Iterable[tuple[object, ...]]:
        return product((row.start,), *(row.keys.get(d, (None,)) for d in self.by))

    def _row(self, number: int, node: YMap, base: Provenance) -> Row | None:
        what = f"“{self.id}”表的第 {number} 行"
        labels = {d: self.names.registry.label(d) for d in self.by}
        r = Reader(node, self.names.problems, what, labels)
        keys: dict[str, tuple[str, ...]] = {}
        for dimension, field in self.by.items():
            words = self._keys(r, dimension, field)
            if words:
                keys[dimension] = words
        if prod(len(words) for words in keys.values()) > MAX_COMBINATIONS:
            message = f"第 {number} 行列出的组合过多（超过 {MAX_COMBINATIONS} 个）"
            r.report("E210", message, node.place, "分成几行，或去掉不需要的档")
            return None
        number_node = r.take("value", required=True)
        before = len(self.names.problems)
        unit = self._row_unit(r)
        unknown_unit = unit is None and len(self.names.problems) > before
        provenance = self._provenance(r, base, required=False) or base
        start = r.date("from")
        r.finish()
        value = self._number(number_node, unit) if number_node else None
        if value is None or unknown_unit:
            return None
        return Row(number, MappingProxyType(keys), value, unit, provenance, node.place, start)

    def _row_unit(self, r: Reader) -> Unit | None:
        node = r.word("unit")
        if node is None:
            return self.unit
        try:
            unit = parse_unit(node.text)
        except UnitError as error:
            r.report("E401", str(error), node.place, unit_hint(node.text))
            return None
        if self.unit is not None:
            same_kind(self.names, unit, self.unit, f"“{self.id}”的行与表", node.place)
        return unit

    def _keys(self, r: Reader, dimension: str, field: Field | None) -> tuple[str, ...]:
        node = r.take(dimension)
        if node is None:
            return ()
        if isinstance(node, YList):
            if not node.items:
                r.report("E201", f"“{dimension}”是空的", node.place, "不分这一档就删掉这一项")
            words = r.words(dimension)
        else:
            text = word_of(node, f"“{dimension}”", self.names.problems)
            words = (node,) if isinstance(node, YScalar) and text is not None else ()
        for word in words:
            fault = self._key_fault(dimension, field, word.text)
            if fault:
                r.report("E318", fault[0], word.place, fault[1])
        return tuple(word.text for word in words)

    def _key_fault(self, dimension: str, field: Field | None, text: str) -> tuple[str, str] | None:
        if field is None:
            return None
        if field.key == dimension:  # An item of a record: one of its closed keys, where it has any.
            if field.keys and text not in field.keys:
                return f"“{field.label}”没有“{text}”", which(text, field.keys)
            return None
        return key_fault(field, text)
