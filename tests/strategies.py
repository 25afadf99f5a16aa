"""Hypothesis strategies: random rulesets as YAML text, and dossiers that sit on their thresholds.

``rulesets()`` writes criteria, metrics and rules as text and loads them, so that every kind of
leaf, nesting, table, unit, rounding, gap and transition date is met through the front door.
``dossiers(ruleset)`` draws profiles whose numbers come from the ruleset's own thresholds, exactly
on them and a hair to either side, with fields missing at random.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any as Json

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.rulebook import ast, walk
from evaluator.rulebook.load import load_layers
from evaluator.values.units import ONE, Unit, fits, parse_unit

# --- YAML text ---------------------------------------------------------------------------------


def write_yaml(value: Json) -> str:
    """Flow-style YAML that the strict reader takes: texts quoted, dates and numbers plain."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {write_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(write_yaml(v) for v in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (int, dt.date)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


# --- rulesets ----------------------------------------------------------------------------------

# One family is one dimension: what can be compared with what. Each lists fields and units.
_FAMILIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "money": (
        ("fixed_asset_investment", "total_investment", "net_assets", "subsidy_requested"),
        ("万元", "亿元", "元"),
    ),
    "area": (("land_area", "floor_area", "plant_area"), ("亩", "公顷", "平方米", "平方公里")),
    "intensity": ((), ("万元/亩", "万元/公顷", "亿元/平方公里")),
    "ratio": (("debt_ratio", "plot_ratio", "market_share_planned"), ("%", "‰", "倍", "1")),
    "yearly": (("annual_tax", "annual_profit", "annual_revenue"), ("万元/年", "元/月")),
    "mass": (("emissions.COD", "emissions.PM", "annual_coal"), ("吨/年", "千克/年", "万吨/年")),
    "people": (("employees", "rd_staff"), ("人", "万人")),
    "days": ((), ("日",)),
}
_NUMBERS = [
    Decimal(t)
    for t in (
        "0",
        "1",
        "3",
        "7",
        "10",
        "15",
        "20",
        "0.1",
        "0.2",
        "0.3",
        "0.5",
        "2.5",
        "1.005",
        "33.33",
        "19.9999999999",
        "20.0000000001",
        "0.000000000001",
        "123456789012345678901234567890",
        "100",
    )
]
# The same kinds of number with the digits that a portfolio takes: at most 6 decimals.
_PLAIN_NUMBERS = [
    Decimal(t)
    for t in (
        "0",
        "1",
        "3",
        "7",
        "10",
        "15",
        "20",
        "0.1",
        "0.2",
        "0.3",
        "0.5",
        "2.5",
        "1.005",
        "33.33",
        "19.9999",
        "20.0001",
        "0.000001",
        "123456789",
        "100",
    )
]
_DAYS = [dt.date(2020, 1, 1), dt.date(2022, 7, 1), dt.date(2024, 1, 1), dt.date(2025, 3, 1)]
_ONE_DAY = dt.timedelta(days=1)
_INDUSTRIES = ["C", "C26", "C261", "C2614", "C39", "C398", "C3985", "C35", "B06", "I65"]
_FULL_CODES = _INDUSTRIES[1:]  # a dossier never states a bare section letter
_PRODUCT_CODES = ["356201", "3562", "26", "C39", "C3985"]
_POLLUTANTS = ["COD", "PM", "NOx", "TN", "SO2"]
_PRODUCTS = ["水泥熟料", "电解铝", "玻璃"]
_MODES = ["new_industrial_land", "stock_land", "leased_plant", "own_land", "none"]
_OPS = ["at_least", "at_most", "more_than", "less_than"]
_EFFECTS = ["reject", "refer", "advise"]


class _Writer:
    """Draws one ruleset; remembers what it has defined so that rules can refer to it."""

    def __init__(self, draw: DrawFn, plain: bool = False) -> None:
        self.draw = draw
        self.numbers = _PLAIN_NUMBERS if plain else _NUMBERS
        self.criteria: dict[str, dict[str, Json]] = {}
        self.by_family: dict[str, list[str]] = {}
        self.metrics: list[dict[str, Json]] = []
        self.metric_families: dict[str, list[str]] = {}

    def pick(self, options: list[Json]) -> Json:
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) < percent

    def number(self) -> Decimal:
        value: Decimal = self.pick(self.numbers)
        return -value if self.chance(10) and value else value

    # criteria

    def periods(self, content: dict[str, Json] | None, kind: str) -> list[dict[str, Json]]:
        starts = _DAYS[self.draw(st.integers(0, 2)) :][: self.draw(st.integers(1, 3))]
        out: list[dict[str, Json]] = []
        for n, start in enumerate(starts):
            period: dict[str, Json] = {"from": start}
            if n + 1 < len(starts):
                period["until"] = starts[n + 1] - _ONE_DAY
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
            codes = self.draw(
                st.lists(st.sampled_from(_FULL_CODES), min_size=1, max_size=3, unique=True)
            )
            return {"codes": codes}
        return {"value": self.number()}

    def rows(self, by: list[str], units: tuple[str, ...]) -> dict[str, Json]:
        words = {
            "industry_code": _INDUSTRIES,
            "land_class": ["1", "2", "7"],
            "pollutant": _POLLUTANTS,
            "product": _PRODUCTS,
            "land_use_mode": _MODES,
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
        units = _FAMILIES[family][1]
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
        fields = _FAMILIES[family][0]
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
        unit = self.pick(list(_FAMILIES[family][1]))
        self.metrics.append({"id": id_, "title": f"指标{id_}", "unit": unit, "formula": formula})
        self.metric_families.setdefault(family, []).append(id_)

    # conditions

    def compare(self) -> dict[str, Json]:
        usable = [
            f for f, (fields, _) in _FAMILIES.items() if fields or self.metric_families.get(f)
        ]
        family: str = self.pick(usable)
        fields, units = _FAMILIES[family]
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
                    right["industry_code"] = self.pick(_FULL_CODES)
                return {subject: name, self.op_against(right): right}
            case "between":
                low, high = sorted((self.number(), self.number()))
                return {subject: name, "between": [low, high]}
            case "text":
                value = abs(self.pick(self.numbers[:-2]))
                unit = self.pick([u for u in units if u != "1"])
                return {subject: name, self.pick(_OPS): f"{value:f} {unit}"}
            case "expr":
                right = self.expr(family, 1)
                right = {"field": right} if isinstance(right, str) else right
                return {subject: name, self.op_against(right): right}
            case _:
                return {subject: name, self.pick([*_OPS, "equals"]): self.number()}

    def op_against(self, right: dict[str, Json]) -> str:
        """An operator that the loader takes: a floor is not a ceiling (E310)."""
        kind = self.criteria[right["criterion"]]["kind"] if "criterion" in right else "value"
        one_way = {"floor": ["at_least", "more_than"], "ceiling": ["at_most", "less_than"]}
        return str(self.pick(one_way.get(kind, [*_OPS, "equals"])))

    def member(self) -> dict[str, Json]:
        match self.draw(st.integers(0, 6)):
            case 0:
                return {"field": "two_high", "equals": self.draw(st.booleans())}
            case 1:
                return {"field": "land_use_mode", "equals": self.pick(_MODES)}
            case 2:
                modes = self.draw(
                    st.lists(st.sampled_from(_MODES), min_size=1, max_size=3, unique=True)
                )
                return {"field": "land_use_mode", self.pick(["in", "not_in"]): modes}
            case 3:
                op = self.pick(["in", "not_in", "starts_with"])
                return {
                    "field": self.pick(["industry_code", "product_codes"]),
                    op: {"criterion": "codes"},
                }
            case 4:
                name = self.pick(["product_codes", "industry_code"])
                pool = _PRODUCT_CODES if name == "product_codes" else _FULL_CODES
                words = self.draw(
                    st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True)
                )
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
                return {"each": record[0], self.pick(_OPS): {"criterion": record[1]}}
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
        effect = self.pick(_EFFECTS)
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
            made["from"] = self.pick(_DAYS)
        if self.chance(15):
            made["until"] = dt.date(2025, 4, 30)
        return made

    def layers(self, rules: int, depth: int) -> dict[str, str]:
        families = list(_FAMILIES)
        for n in range(self.draw(st.integers(1, 4))):
            self.criterion(f"c{n}", self.pick(families))
        self.criteria["codes"] = {
            "title": "清单",
            "kind": "list",
            "values": self.periods(None, "list"),
        }
        self.table("limits", "pollutant", _FAMILIES["mass"][1])
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
        return {
            "criteria.yaml": write_yaml(head),
            "rules/metrics.yaml": write_yaml(self.metrics),
            "rules/all.yaml": write_yaml(made),
        }


@st.composite
def rulesets(
    draw: DrawFn, max_rules: int = 6, max_depth: int = 3, plain: bool = False
) -> ast.Ruleset:
    """A ruleset of 1 to ``max_rules`` random rules, nested up to ``max_depth``, loaded from text.

    ``plain``: no number has more digits than a portfolio takes.
    """
    writer = _Writer(draw, plain)
    files = writer.layers(draw(st.integers(1, max_rules)), draw(st.integers(1, max_depth)))
    return load_layers((("base", files),))


# --- dossiers ----------------------------------------------------------------------------------

_NEAR = (Fraction(0), Fraction(0), Fraction(1, 10**10), Fraction(-1, 10**10), Fraction(1, 3))
_PLAIN_NEAR = (Fraction(0), Fraction(0), Fraction(1, 10**4), Fraction(-1, 10**4), Fraction(1, 3))


def profile_of(raw: dict[str, Json], ruleset: ast.Ruleset) -> Profile:
    """Read raw dossier data by the ruleset's own fields; any problem is a failure of the test."""
    problems = Problems()
    profile = parse_dossier(
        raw, ruleset.registry, lambda _: Place(SourceText("t", ""), 1), problems
    )
    assert profile is not None, [p.message for p in problems]
    return profile


def _constants(expr: ast.Expr) -> Iterator[tuple[Fraction, Unit]]:
    match expr:
        case ast.Number(value=value, unit=unit):
            yield value, unit
        case ast.Scale(expr=inner):
            yield from _constants(inner)
        case ast.Arith(args=args):
            for arg in args:
                yield from _constants(arg)


def _thresholds(ruleset: ast.Ruleset) -> list[tuple[Fraction, Unit]]:
    found = [
        (row.value, row.unit or ONE)
        for criterion in ruleset.criteria.values()
        for period in criterion.periods
        for row in period.rows
    ]
    for rule in ruleset.rules.values():
        for leaf in walk.leaves(*rule.halves):
            if isinstance(leaf, ast.Compare):
                found += [*_constants(leaf.left), *_constants(leaf.right)]
    return list(dict.fromkeys(found))


def _words(ruleset: ast.Ruleset) -> dict[str, list[str]]:
    """For each text field, the words that rules and tables ask about."""
    out: dict[str, list[str]] = {}
    codes = {id_: [c for p in cr.periods for c in p.codes] for id_, cr in ruleset.criteria.items()}
    for rule in ruleset.rules.values():
        for leaf in walk.leaves(*rule.halves):
            if isinstance(leaf, ast.Member):
                words = [o for o in leaf.options if isinstance(o, str)]
                out.setdefault(leaf.field, []).extend(words + codes.get(leaf.criterion or "", []))
    for criterion in ruleset.criteria.values():
        for period in criterion.periods:
            for row in period.rows:
                for dimension, keys in row.keys.items():
                    out.setdefault(dimension, []).extend(keys)
    return {k: list(dict.fromkeys(v)) for k, v in out.items()}


def _numbers(
    field: Field, thresholds: list[tuple[Fraction, Unit]], keys: list[str], plain: bool
) -> SearchStrategy[Fraction]:
    unit = field.unit or ONE
    pool = [
        Fraction(0),
        Fraction(1),
        Fraction(3),
        Fraction(60),
        Fraction(10) ** (9 if plain else 25),
    ]
    pool += [Fraction(k) for k in keys if k.isdecimal()]
    for value, own in thresholds:
        pool += [value, value * 3, value * 60, value / 3]
        if own.same_kind(unit):
            pool.append(value * own.factor_to(unit))

    def fit(pair: tuple[Fraction, Fraction]) -> Fraction:
        value = sum(pair)
        if field.type is FieldType.INT:
            value = Fraction(round(value))
        if field.minimum is not None:
            value = max(value, field.minimum)
        value = Fraction(min(value, field.maximum) if field.maximum is not None else value)
        return value if fits(value) else Fraction(round(value) % 10**20)

    near = st.sampled_from(_PLAIN_NEAR if plain else _NEAR)
    return st.tuples(st.sampled_from(pool), near).map(fit)


def _industry(words: list[str]) -> SearchStrategy[str]:
    """Valid codes of two to four digits, most of them under a prefix that is asked about."""
    letters = {w[:1]: w for w in words if w[:1].isalpha() and w[0] in "ABCDEFGHIJKLMNOPQRST"}
    fill = {"A": "01", "B": "06", "C": "39", "I": "65"}
    stems = [w for w in words if len(w) >= 3 and w[0] in letters] + [
        k + fill[k] for k in letters if k in fill
    ]
    return st.tuples(
        st.sampled_from([*stems, "C39", "C26"]), st.sampled_from(["", "8", "85", "1", "14"])
    ).map(lambda pair: (pair[0] + pair[1])[:5])


def _field(
    field: Field, thresholds: list[tuple[Fraction, Unit]], words: dict[str, list[str]], plain: bool
) -> SearchStrategy[Json]:
    asked = words.get(field.name, [])
    if field.numeric:
        return _numbers(field, thresholds, asked, plain)
    match field.type:
        case FieldType.BOOL:
            return st.booleans()
        case FieldType.ENUM:
            return st.sampled_from(list(field.values))
        case FieldType.DATE:
            return st.dates(dt.date(2010, 1, 1), dt.date(2026, 12, 31))
        case FieldType.CODES:
            code = st.sampled_from([*asked, "356201", "C3985", "9", "26"])
            return st.lists(code, min_size=1, max_size=3, unique=True)
        case FieldType.RECORD:
            return _record(field, thresholds, words)
        case _ if field.format == "industry_code":
            return _industry(asked)
        case _ if field.format == "credit_code":
            return st.just("91990000MA0DEM0138")
        case _:
            return st.sampled_from([*asked, "东片区", "西片区"])


def _record(
    field: Field, thresholds: list[tuple[Fraction, Unit]], words: dict[str, list[str]]
) -> SearchStrategy[list[dict[str, Json]]]:
    keys = list(field.keys) or [*words.get(field.key or "", []), "其他"]
    units = [u for _, u in thresholds if field.unit is None or u.same_kind(field.unit)]
    # An item of the right unit, and where the field is free one that no row can be compared with.
    units += [field.unit] if field.unit else [parse_unit("千克标准煤/吨"), parse_unit("千瓦时/吨")]

    @st.composite
    def record(draw: DrawFn) -> list[dict[str, Json]]:
        items: list[dict[str, Json]] = []
        for key in draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique=True)):
            unit = draw(st.sampled_from(units))
            pool = [v for v, u in thresholds if u == unit and v >= 0] or [Fraction(1)]
            number = draw(st.sampled_from([*pool, Fraction(0), Fraction(1, 4)]))
            number += draw(st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 8**4)]))
            if not (fits(number) and fits(number * unit.factor_to(field.unit or unit))):
                number = Fraction(1)
            items.append({field.key or "key": key, "value": number, "unit": unit.name})
        return items

    return record()


def dossiers(
    ruleset: ast.Ruleset, present: int = 80, plain: bool = False
) -> SearchStrategy[Profile]:
    """Profiles for the fields of ``ruleset``; each optional field is there in ``present`` % of draws.

    ``plain``: numbers near a threshold have few digits.
    """
    thresholds, words = _thresholds(ruleset), _words(ruleset)
    days = as_of_dates(ruleset)
    fields = {n: _field(f, thresholds, words, plain) for n, f in ruleset.registry.fields.items()}

    # The ruleset is closed over, not an argument: Hypothesis prints arguments in full.
    @st.composite
    def dossier(draw: DrawFn) -> Profile:
        raw: dict[str, Json] = {"project_id": "T1", "project_name": "随机项目"}
        raw["submitted_on"] = draw(days)
        for name, strategy in fields.items():
            if name not in raw and draw(st.integers(0, 99)) < present:
                raw[name] = draw(strategy)
        return profile_of(raw, ruleset)

    return dossier()


def as_of_dates(ruleset: ast.Ruleset | None = None) -> SearchStrategy[dt.date]:
    """Days on, just before and just after every date the ruleset names, and some between.

    Without a ruleset: the dates that ``rulesets()`` draws from.
    """
    days: set[dt.date] = {dt.date(2021, 5, 5), dt.date(2024, 9, 2)}
    for criterion in ruleset.criteria.values() if ruleset else ():
        for p in criterion.periods:
            days.update(d for d in (p.start, p.end, p.accepted_before) if d is not None)
    for rule in ruleset.rules.values() if ruleset else ():
        days.update(d for d in (rule.start, rule.end) if d is not None)
    if ruleset is None:
        days.update(_DAYS)
    near = {d + n * _ONE_DAY for d in days for n in (-1, 0, 1)}
    return st.sampled_from(sorted(d for d in near if dt.date(1900, 1, 2) < d < dt.date(2200, 1, 1)))
