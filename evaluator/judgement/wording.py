"""Values, gaps and citations in words: what the explanations are written with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from evaluator.dossier.fields import Field, Registry
from evaluator.dossier.values import Item, Value
from evaluator.problems.choices import KEY_LABELS
from evaluator.rulebook.ast import Op, Ruleset
from evaluator.rulebook.criteria import Period, Provenance, Source
from evaluator.values.industries import industry_label
from evaluator.values.numbers import shown, shown_nonzero
from evaluator.values.units import Unit

EXAMPLE = "示例值"
OP_WORDS = {op: KEY_LABELS[op] for op in Op}
OPPOSITE_WORDS = {
    Op.AT_LEAST: OP_WORDS[Op.LESS_THAN],
    Op.AT_MOST: OP_WORDS[Op.MORE_THAN],
    Op.MORE_THAN: OP_WORDS[Op.AT_MOST],
    Op.LESS_THAN: OP_WORDS[Op.AT_LEAST],
    Op.EQUALS: "不等于",
}
BREACH_WORDS = {**OPPOSITE_WORDS, Op.MORE_THAN: "未高于", Op.LESS_THAN: "未低于"}


class Citation(NamedTuple):
    """A legal basis in full; ``start``/``end`` is the period of the value or instrument."""

    title: str
    number: str | None
    clause: str | None
    start: dt.date | None
    end: dt.date | None
    verified: bool
    criterion: str | None
    text: str

    def to_dict(self) -> dict[str, Any]:
        """JSON data; dates as ISO text."""
        return {
            "title": self.title,
            "number": self.number,
            "clause": self.clause,
            "from": self.start.isoformat() if self.start else None,
            "until": self.end.isoformat() if self.end else None,
            "verified": self.verified,
            "criterion": self.criterion,
            "text": self.text,
        }


def with_unit(number: str, unit: Unit | None) -> str:
    """A number and its unit as printed: "20 万元/亩", "60%", "1.2"."""
    if unit is None or unit.name == "1":
        return number
    return f"{number}{unit.name}" if unit.name in ("%", "‰", "倍") else f"{number} {unit.name}"


def difference(number: str, unit: str | None) -> str:
    """A difference as printed: of percentages in percentage points, else with its unit."""
    if unit in (None, "1"):
        return number
    return f"{number}‰" if unit == "‰" else f"{number} {'个百分点' if unit == '%' else unit}"


def show_value(field: Field | None, value: Value | None) -> str:
    """A dossier value for reading, with its unit or label."""
    if value is None:
        return "未填"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Fraction):
        return with_unit(shown(value, 6), field.unit if field else None)
    if isinstance(value, str):
        # Field files of earlier versions name no table: what those rulesets judged reads as it did.
        named = industry_label(value) if field and field.table else value
        return field.values.get(value, named) if field else value
    if isinstance(value, dt.date):
        return f"{value.year}年{value.month}月{value.day}日"
    labels = field.keys if field else {}
    return "、".join(
        f"{labels.get(v.key, v.key)} {with_unit(shown(v.number, 6), v.unit)}"
        if isinstance(v, Item)
        else v
        for v in value
    )


def rule_names(ids: Iterable[str], *rulesets: Ruleset) -> str:
    """Rules as a person looks them up: "positive.land_tax（土地税收）"; the first that knows one."""
    named = ((id_, next((s.rules[id_] for s in rulesets if id_ in s.rules), None)) for id_ in ids)
    return "、".join(f"{id_}（{rule.title}）" if rule else id_ for id_, rule in named)


def amount_words(registry: Registry, sums: Mapping[str, tuple[Fraction, int]]) -> str:
    """Sums over projects by field, and how many state each: "用地面积 120 亩（3 份填了），…"."""
    said = [
        f"{registry.fields[n].label} {with_unit(shown(total), registry.fields[n].unit)}（{known:,} 份填了）"
        for n, (total, known) in sums.items()
        if known
    ]
    return "，".join(said) or "数量都没有填"


def subject_name(id_: str, ruleset: Ruleset | None) -> str:
    """A rule or a criterion by name and title."""
    subject = ruleset and (ruleset.rules.get(id_) or ruleset.criteria.get(id_))
    return f"{id_}（{subject.title}）" if subject else id_


def gap_words(value: Fraction, required: Fraction, digits: int) -> tuple[str, str | None]:
    """How far off: absolute in the unit, relative to the requirement; never shown as zero."""
    wanted, base = required.numerator, required.denominator
    top = abs(wanted * value.denominator - value.numerator * base)
    bottom = value.denominator * base
    text = shown_nonzero(top, bottom, digits)
    if not wanted:
        return text, None
    return text, shown_nonzero(100 * top * base, bottom * abs(wanted), 1) + "%"


def cite(provenance: Provenance, period: Period, criterion: str) -> Citation:
    """The citation of a criterion's value in one of its periods."""
    source = provenance.source
    return Citation(
        source.title,
        source.number,
        provenance.clause,
        period.start,
        period.end,
        provenance.verified,
        criterion,
        source.citation(provenance.clause),
    )


def cite_source(source: Source, clause: str | None) -> Citation:
    """The citation of a legal instrument itself."""
    return Citation(
        source.title,
        source.number,
        clause,
        source.in_force,
        source.until,
        True,
        None,
        source.citation(clause),
    )
