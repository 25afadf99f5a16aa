"""The scores of a result as a page shows them: items with bars, the total with its grades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluator.rulebook import ast
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.cards import ItemKind, Scorecard
from evaluator.rulebook.grammar.cards import KINDS
from evaluator.values.numbers import shown

WIDTH = 240  # Of a bar, in units of its drawing.


@dataclass(frozen=True, slots=True)
class Bar:
    """Widths of what is got for sure, still open, and lost; together ``WIDTH``."""

    got: int
    open: int
    lost: int


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item: texts, and its bar where it counts."""

    title: str
    full: str
    points: str
    lost: str
    note: str
    departments: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of points that a grade asks for, and where it stands on the total's bar."""

    at: int
    points: str
    title: str


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One card: its total from low to high, its grade and what is lacking to the next."""

    title: str
    points: str
    full: str
    grade: str
    note: str
    to_next: str
    possible: bool
    bar: Bar
    marks: tuple[Mark, ...]
    items: tuple[ItemView, ...]


def score_views(result: Mapping[str, Any], ruleset: Ruleset) -> tuple[ScoreView, ...]:
    """Those of a result, by the ruleset that judged it; none where it has no cards."""
    found = result.get("scores", ())
    return tuple(
        _view(data, ruleset.scorecards[data["scorecard"]], ruleset)
        for data in found
        if data["scorecard"] in ruleset.scorecards
    )


def _view(data: Mapping[str, Any], card: Scorecard, ruleset: Ruleset) -> ScoreView:
    low, high, full = (Fraction(data[key]) for key in ("low", "high", "max"))
    grade = next((g for g in card.grades if g.id == data["grade"]), None)
    end = max(full, high)
    return ScoreView(
        title=card.title,
        points=_range(low, high),
        full=shown(full),
        grade=grade.title if grade else "待定",
        note=(grade.note or "") if grade else "",
        to_next=shown(Fraction(data["to_next"])) if data["to_next"] is not None else "",
        possible=grade is None,
        bar=_bar(low, high, Fraction(0), end),
        marks=tuple(_marks(card, end)),
        items=tuple(_items(data["items"], card, ruleset)),
    )


def _marks(card: Scorecard, end: Fraction) -> list[Mark]:
    lines = {
        g.floor.value: g.title for g in reversed(card.grades) if isinstance(g.floor, ast.Number)
    }
    return [
        Mark(_at(value, Fraction(0), end), shown(value), title)
        for value, title in sorted(lines.items())
    ]


def _items(found: list[dict[str, Any]], card: Scorecard, ruleset: Ruleset) -> list[ItemView]:
    by_id = {item.id: item for item in card.items}
    out: list[ItemView] = []
    for data in found:
        item = by_id[data["item"]]
        low, high = Fraction(data["low"]), Fraction(data["high"])
        kind = "" if item.kind is ItemKind.REGULAR else f"（{KINDS[item.kind]}）"
        counts = data["status"] != "not_applicable"
        lost = item.high - high
        out.append(
            ItemView(
                title=item.title + kind,
                full=shown(item.high if item.high else item.low),
                points=_range(low, high) if counts else "不计",
                lost=shown(lost) if counts and lost else "",
                note={"open": "缺材料，待定", "not_applicable": "不适用"}.get(data["status"], ""),
                departments="、".join(ruleset.registry.department(d) for d in item.departments),
                bar=_bar(low, high, item.low, item.high) if counts else None,
            )
        )
    return out


def _range(low: Fraction, high: Fraction) -> str:
    return shown(low) if low == high else f"{shown(low)} 至 {shown(high)}"


def _at(value: Fraction, least: Fraction, most: Fraction) -> int:
    share = (min(max(value, least), most) - least) / (most - least) if most > least else Fraction(0)
    return round(share * WIDTH)


def _bar(low: Fraction, high: Fraction, least: Fraction, most: Fraction) -> Bar:
    start, stop = _at(low, least, most), _at(high, least, most)
    return Bar(start, stop - start, WIDTH - stop)
