"""``rulesets()`` writes criteria, metrics and rules as text and loads them, so that every kind of
leaf, nesting, table, unit, rounding, gap and transition date is met through the front door."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any as Json

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from evaluator.rulebook import ast
from evaluator.rulebook.load import load_layers
from tests.strategies.cards import scorecard
from tests.strategies.picks import PERCENT, pick, some
from tests.strategies.words import (
    DAYS,
    EFFECTS,
    FAMILIES,
    FULL_CODES,
    INDUSTRIES,
    MODES,
    NUMBERS,
    ONE_DAY,
    OPS,
    PLAIN_NUMBERS,
    POLLUTANTS,
    PRODUCT_CODES,
    PRODUCTS,
)
from tests.strategies.yaml import write_yaml


class _Writer:
    """Draws one ruleset; remembers what it has defined so that rules can refer to it."""

    def __init__(self, draw: DrawFn, plain: bool = False) -> None:
        self.draw = draw
        self.numbers = PLAIN_NUMBERS if plain else NUMBERS
        self.criteria: dict[str, dict[str, Json]] = {}
        self.by_family: dict[str, list[str]] = {}
        self.metrics: list[dict[str, Json]] = []
        self.metric_families: dict[str, list[str]] = {}

    def pick(self, options: list[Json]) -> Json:
        return pick(self.draw, options)

    def chance(self, percent: int) -> bool:
        return self.draw(PERCENT) < percent

    def number(self) -> Decimal:
        value: Decimal = self.pick(self.numbers)
        return -value if self.chance(10) and value else value

    # criteria

    def periods(self, content: dict[str, Json] | None, kind: str) -> list[dict[str, Json]]:
        starts = DAYS[self.draw(st.integers(0, 2)) :][: self.draw(st.integers(1, 3))]
        out: list[dict[str, Json]] = []
        for n, start in enumerate(starts):
            period: dict[str, Json] = {"from": start}
            if n + 1 < len(starts):
                period["until"] = starts[n + 1] - ONE_DAY
            elif self.chance(20):
                period["until"] = dt.date(2025, 6, 30)
            if n and self.chance(40):
                later = self.pick([start, start + dt.timedelta(days=90)])
                period["transition"] = {"accepted_before": later}
            if self.chance(10):
                period["gap"] = "尚未公布"
            else:
                period["source"] = "s"
                period |= content if content is not None else self.content(kind)
            out.append(period)
        return out

    def content(self, kind: str) -> dict[str, Json]:
        if kind == "list":
            codes = some(self.draw, FULL_CODES, 3)
            return {"codes": codes}
        return {"value": self.number()}

    def rows(self, by: list[str], units: tuple[str, ...]) -> dict[str, Json]:
        words = {
            "industry_code": INDUSTRIES,
            "land_class": ["1", "2", "7"],
            "pollutant": POLLUTANTS,
            "product": PRODUCTS,
            "land_use_mode": MODES,
        }
        rows: list[dict[str, Json]] = []
        seen: set[tuple[str, ...]] = set()
        for _ in range(self.draw(st.integers(1, 5))):
            keys = {d: self.pick(words[d]) for d in by if self.chance(75)}
            if (found := tuple(keys.get(d, "") for d in by)) in seen:
                continue
            seen.add(found)
            row: dict[str, Json] = {**keys, "value": self.number()}
            if self.chance(30):
                row["unit"] = self.pick(list(units))
            rows.append(row)
        return {"rows": rows}

    def criterion(self, id_: str, family: str) -> None:
        units = FAMILIES[family][1]
        by: list[str] = []
        if self.chance(50):
            by = self.pick(
                [
                    ["industry_code"],
                    ["land_class"],
                    ["industry_code", "land_class"],
                    ["land_use_mode"],
                ]
            )
        made: dict[str, Json] = {
            "title": f"标准{id_}",
            "kind": self.pick(["floor", "ceiling", "value"]),
            "unit": self.pick(list(units)),
        }
        if by:
            made["by"] = by
        if self.chance(30):
            made["compare"] = {"rounded": self.draw(st.integers(0, 3))}
        content = self.rows(by, units) if by else None
        made["values"] = self.periods(content, "value")
        self.criteria[id_] = made
        self.by_family.setdefault(family, []).append(id_)

    def table(self, id_: str, key: str, units: tuple[str, ...]) -> None:
        by = [key, "industry_code"] if self.chance(30) else [key]
        rows = self.rows(by, units)
        made: dict[str, Json] = {"title": f"表{id_}", "kind": "value", "by": by}
        made |= {"unit": self.pick(list(units)), "values": self.periods(rows, "value")}
        self.criteria[id_] = made

    # expressions

    def expr(self, family: str, depth: int = 2) -> Json:
        fields = FAMILIES[family][0]
        metrics = self.metric_families.get(family, [])
        options = ["field"] * bool(fields) + ["metric"] * bool(metrics)
        if depth > 0:
            options += ["add", "subtract", "special"]
        if not options:
            return self.special(family, 0)
        match self.pick(options):
            case "field":
                return self.pick(list(fields))
            case "metric":
                return {"metric": self.pick(metrics)}
            case "special":
                return self.special(family, depth - 1)
            case op:
                count = self.draw(st.integers(2, 3))
                return {op: [self.expr(family, depth - 1) for _ in range(count)]}

    def special(self, family: str, depth: int) -> Json:
        match family:
            case "intensity":
                return {"divide": [self.expr("money", depth), self.expr("area", depth)]}
            case "ratio":
                same = self.pick(["money", "area", "yearly", "people"])
                return {"divide": [self.expr(same, depth), self.expr(same, depth)]}
            case "mass":
                return {"sum": self.pick(["emissions", "emission_offsets"])}
            case "days":
                days = ["enterprise_founded_on", "submitted_on"]
                return {"days_between": self.pick([days, days[::-1]])}
            case _:
                known = self.by_family.get(family, [])
                if known and self.chance(40):
                    return {"criterion": self.pick(known)}
                return {"multiply": [self.expr(family, depth), self.pick([2, 3, Decimal("0.1")])]}

    def metric(self, id_: str, family: str) -> None:
        formula = self.expr(family, 2)
        if isinstance(formula, str):
            formula = {"field": formula}
        unit = self.pick(list(FAMILIES[family][1]))
        self.metrics.append({"id": id_, "title": f"指标{id_}", "unit": unit, "formula": formula})
        self.metric_families.setdefault(family, []).append(id_)

    # conditions

    def compare(self) -> dict[str, Json]:
        usable = [f for f, (fields, _) in FAMILIES.items() if fields or self.metric_families.get(f)]
        family: str = self.pick(usable)
        fields, units = FAMILIES[family]
        subjects = [("field", f) for f in fields]
        # Metrics are where the arithmetic is: draw them as often as all fields together.
        subjects += [("metric", m) for m in self.metric_families.get(family, [])] * 3
        subject, name = self.pick(subjects)
        known = self.by_family.get(family, [])
        match self.pick(["literal", "text", "between", "expr"] + ["criterion"] * (3 * bool(known))):
            case "criterion":
                id_ = self.pick(known)
                right: dict[str, Json] = {"criterion": id_}
                if "industry_code" in self.criteria[id_].get("by", ()) and self.chance(20):
                    right["industry_code"] = self.pick(FULL_CODES)
                return {subject: name, self.op_against(right): right}
            case "between":
                low, high = sorted((self.number(), self.number()))
                return {subject: name, "between": [low, high]}
            case "text":
                value = abs(self.pick(self.numbers[:-2]))
                unit = self.pick([u for u in units if u != "1"])
                return {subject: name, self.pick(OPS): f"{value:f} {unit}"}
            case "expr":
                right = self.expr(family, 1)
                right = {"field": right} if isinstance(right, str) else right
                return {subject: name, self.op_against(right): right}
            case _:
                return {subject: name, self.pick([*OPS, "equals"]): self.number()}

    def op_against(self, right: dict[str, Json]) -> str:
        """An operator that the loader takes: a floor is not a ceiling (E310)."""
        kind = self.criteria[right["criterion"]]["kind"] if "criterion" in right else "value"
        one_way = {"floor": ["at_least", "more_than"], "ceiling": ["at_most", "less_than"]}
        return str(self.pick(one_way.get(kind, [*OPS, "equals"])))

    def member(self) -> dict[str, Json]:
        match self.draw(st.integers(0, 6)):
            case 0:
                return {"field": "two_high", "equals": self.draw(st.booleans())}
            case 1:
                return {"field": "land_use_mode", "equals": self.pick(MODES)}
            case 2:
                modes = some(self.draw, MODES, 3)
                return {"field": "land_use_mode", self.pick(["in", "not_in"]): modes}
            case 3:
                op = self.pick(["in", "not_in", "starts_with"])
                return {
                    "field": self.pick(["industry_code", "product_codes"]),
                    op: {"criterion": "codes"},
                }
            case 4:
                name = self.pick(["product_codes", "industry_code"])
                pool = PRODUCT_CODES if name == "product_codes" else FULL_CODES
                words = some(self.draw, pool, 3)
                return {"field": name, self.pick(["in", "not_in", "starts_with"]): words}
            case 5:
                return {"field": "market_access", "not_in": ["prohibited"]}
            case _:
                return {"field": "zone", "equals": "东片区"}

    def leaf(self, known: bool) -> dict[str, Json]:
        kinds = ["compare"] * 4 + ["member"] * 3 + ["each"] + ["known"] * known
        match self.pick(kinds):
            case "compare":
                return self.compare()
            case "each":
                record = self.pick([["emissions", "limits"], ["product_energy", "energy"]])
                return {"each": record[0], self.pick(OPS): {"criterion": record[1]}}
            case "known":
                name = self.pick(
                    ["land_area", "zone", "emissions", "emissions.COD", "product_codes"]
                )
                if self.draw(st.booleans()):
                    return {"known": name}
                return {"field": name, "known": self.draw(st.booleans())}
            case _:
                return self.member()

    def condition(self, depth: int, known: bool) -> dict[str, Json]:
        if depth == 0 or self.chance(40):
            return self.leaf(known)
        match self.pick(["all", "any", "not"]):
            case "not":
                return {"not": self.condition(depth - 1, known)}
            case op:
                count = self.draw(st.integers(1, 4))
                return {op: [self.condition(depth - 1, known) for _ in range(count)]}

    def rule(self, number: int, depth: int) -> dict[str, Json]:
        list_ = self.pick(["positive", "negative", "prudence", "integrity"])
        effect = self.pick(EFFECTS)
        # Only an advise rule may look at "known" from any side.
        known = effect == "advise"
        made: dict[str, Json] = {
            "id": f"{list_}.r{number}",
            "title": f"规则{number}",
            "list": list_,
        }
        if self.chance(70):
            made["applies_when"] = self.condition(depth - 1, known)
        made["require"] = self.condition(depth, known)
        made |= {"effect": effect, "departments": ["industry"], "basis": [{"source": "s"}]}
        if self.chance(15):
            made["from"] = self.pick(DAYS)
        if self.chance(15):
            made["until"] = dt.date(2025, 4, 30)
        if self.chance(30):
            made["due"] = self.pick(["lead", "review", "signing"])
        return made

    def layers(self, rules: int, depth: int, cards: bool) -> dict[str, str]:
        families = list(FAMILIES)
        for n in range(self.draw(st.integers(1, 4))):
            self.criterion(f"c{n}", self.pick(families))
        self.criteria["codes"] = {
            "title": "清单",
            "kind": "list",
            "values": self.periods(None, "list"),
        }
        self.table("limits", "pollutant", FAMILIES["mass"][1])
        self.table("energy", "product", ("千克标准煤/吨", "吨标准煤/吨"))
        for n in range(self.draw(st.integers(1, 4))):
            self.metric(f"m{n}", self.pick(families))
        head = {
            "language": 1,
            "profile": {"id": "random", "title": "随机规则集"},
            "sources": {"s": {"title": "依据"}},
            "criteria": self.criteria,
        }
        made = [self.rule(n, depth) for n in range(rules)]
        files = {
            "criteria.yaml": write_yaml(head),
            "rules/metrics.yaml": write_yaml(self.metrics),
            "rules/all.yaml": write_yaml(made),
        }
        if cards:
            files["rules/scorecards/card.yaml"] = write_yaml([scorecard(self)])
        return files


@st.composite
def rulesets(
    draw: DrawFn,
    max_rules: int = 6,
    max_depth: int = 3,
    plain: bool = False,
    cards: bool = False,
) -> ast.Ruleset:
    """A ruleset of 1 to ``max_rules`` random rules, nested up to ``max_depth``, loaded from text.

    ``plain``: no number has more digits than a portfolio takes. ``cards``: with a scorecard.
    """
    writer = _Writer(draw, plain)
    files = writer.layers(draw(st.integers(1, max_rules)), draw(st.integers(1, max_depth)), cards)
    return load_layers((("base", files),))
