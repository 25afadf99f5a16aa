"""A scorecard drawn at random: every way to give points, tracks, caps, rounding, crossed grades."""

from __future__ import annotations

from decimal import Decimal
from typing import Any as Json
from typing import Protocol

from tests.strategies.words import MODES


class Writer(Protocol):
    """What a card needs of the writer of a ruleset."""

    numbers: list[Decimal]
    metric_families: dict[str, list[str]]

    def pick(self, options: list[Json]) -> Json: ...
    def chance(self, percent: int) -> bool: ...
    def condition(self, depth: int, known: bool) -> dict[str, Json]: ...
    def expr(self, family: str, depth: int = 2) -> Json: ...


POINTS = [Decimal(t) for t in ("0", "1", "2", "2.5", "5", "0.1", "10", "7")]
LIMITS = [Decimal(t) for t in ("0", "1", "3", "7", "10", "15", "20", "0.5", "100", "19.9999")]
FAMILIES = ["money", "area", "yearly", "people", "intensity", "ratio"]
GRADE = {"AT": [Decimal(t) for t in ("5", "10", "12.5", "20", "7", "33.33", "0.1")]}


def measure(w: Writer) -> Json:
    family = w.pick(FAMILIES)
    if w.chance(50) and w.metric_families.get(family):
        return {"metric": w.pick(w.metric_families[family])}
    drawn = w.expr(family, 1)
    return {"field": drawn} if isinstance(drawn, str) else drawn


def rounding(w: Writer) -> dict[str, Json]:
    made = {"digits": w.pick([0, 1, 2])}
    return (
        {**made, "mode": w.pick(["half_up", "half_even", "down", "up"])} if w.chance(60) else made
    )


def bands(w: Writer) -> dict[str, Json]:
    limits = sorted({w.pick(LIMITS) for _ in range(w.pick([1, 2, 3]))}, reverse=True)
    words = ["at_least", "more_than"]
    if w.chance(40):
        limits, words = limits[::-1], ["at_most", "less_than"]
    rows: list[dict[str, Json]] = [{w.pick(words): limit} for limit in limits]
    for row in (*rows, last := {}):
        if w.chance(50):
            row["points"] = w.pick(POINTS)
            continue
        row["points"] = w.pick(POINTS)
        side = w.pick(["above", "below"])
        per = w.pick(POINTS) * w.pick([1, -1])
        row["each"] = {
            side: w.pick(LIMITS),
            "step": w.pick([1, 3, Decimal("0.7"), 10]),
            "points": per,
        }
        row["steps"] = w.pick(["whole", "prorated"])
        if w.chance(50):
            row["least"] = w.pick(POINTS)
        if w.chance(50):
            row["most"] = w.pick(POINTS)
    return {"bands": measure(w), "rows": [*rows, last]}


def points(w: Writer) -> dict[str, Json]:
    match w.pick(["options", "bands", "bands", "ratio", "count", "condition", "formula", "given"]):
        case "options":
            if w.chance(30):
                return {"options": "two_high", "values": {"true": w.pick(POINTS)}, "otherwise": 1}
            words = MODES if w.chance(50) else MODES[:2]
            made: dict[str, Json] = {m: w.pick(POINTS) for m in words}
            rest = {} if len(words) == len(MODES) else {"otherwise": w.pick(POINTS)}
            return {"options": "land_use_mode", "values": made, **rest}
        case "bands":
            return bands(w)
        case "ratio":
            to = w.pick([n for n in LIMITS if n])
            return {"ratio": measure(w), "to": to, **({"cap": 2} if w.chance(30) else {})}
        case "count":
            count = w.pick([1, 2, 3])
            return {"count": [w.condition(1, False) for _ in range(count)], "each": w.pick(POINTS)}
        case "condition":
            return {"condition": w.condition(1, False), "then": w.pick(POINTS)}
        case "given":
            return {"formula": {"field": "technology_readiness"}}
        case _:
            parts = [{"one_if": w.condition(1, False)}, {"multiply": [measure_ratio(w), 2]}]
            return {"formula": {w.pick(["min", "max", "add", "subtract"]): parts}}


def measure_ratio(w: Writer) -> Json:
    drawn = w.expr("ratio", 1)
    return {"field": drawn} if isinstance(drawn, str) else drawn


def item(w: Writer, n: int) -> dict[str, Json]:
    made: dict[str, Json] = {
        "id": f"i{n}",
        "title": f"评分项{n}",
        "full_marks": w.pick([5, 10, 20]),
    }
    if w.chance(30):
        made["kind"] = w.pick(["bonus", "deduction"])
    elif w.chance(20):
        made["least"] = 1
    if w.chance(25):
        made["applies_when"] = w.condition(1, False)
    if w.chance(25):
        made["round"] = rounding(w)
    made["points"] = points(w)
    return made


def grade(w: Writer, name: str, verdict: str) -> dict[str, Json]:
    made: dict[str, Json] = {"id": name, "title": f"等次{name}", "verdict": verdict}
    if w.chance(80):
        made["at_least"] = w.pick(GRADE["AT"])
    if "at_least" not in made or w.chance(40):
        scored = {
            "score": "card",
            w.pick(["at_least", "less_than", "at_most"]): w.pick(GRADE["AT"]),
        }
        made["when"] = (
            {"any": [scored, w.condition(1, False)]} if w.chance(40) else w.condition(1, False)
        )
    return made


def scorecard(w: Writer) -> dict[str, Json]:
    """One card called ``card``."""
    items = [item(w, n) for n in range(w.pick([1, 2, 3, 4]))]
    made: dict[str, Json] = {
        "id": "card",
        "title": "评分",
        "full_marks": 100,
        "departments": ["industry"],
        "basis": [{"source": "s"}],
        "items": items,
    }
    if w.chance(30):
        made["cap"] = w.pick([10, 15])
    if w.chance(30):
        made["floor"] = w.pick([0, 2])
    if w.chance(30):
        made |= {"bonus_cap": 3, "deduction_cap": 4}
    if w.chance(40):
        made["round"] = rounding(w)
    if w.chance(25):
        made["applies_when"] = w.condition(1, False)
    verdicts = w.pick([["pass", "reject"], ["pass", "refer"], ["pass", "pass", "refer", "reject"]])
    made["grades"] = [grade(w, f"g{n}", v) for n, v in enumerate(verdicts[:-1])]
    made["grades"].append({"id": "rest", "title": "其余", "verdict": verdicts[-1]})
    return made
