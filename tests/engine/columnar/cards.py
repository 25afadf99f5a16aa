"""Random cards over many random dossiers at once: what the reference says of each, and the columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from random import Random
from types import MappingProxyType

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Value
from evaluator.engine.columnar import Layout, Plan, TooWide, compile_ruleset
from evaluator.engine.columnar.layout import SHOWN, score_columns
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.scores import scores
from evaluator.portfolio.duck import sql_of
from evaluator.rulebook.ast import Ruleset
from tests.engine.columnar.memory import tables_of
from tests.portfolio.tables import drawn
from tests.strategies import as_of_dates, dossiers, rulesets

Row = tuple[Profile, dt.date]
Told = tuple[object, ...]


@dataclass(frozen=True)
class Columns:
    """Rows that one table holds, and the plan that judges them."""

    ruleset: Ruleset
    rows: Sequence[Row]
    layout: Layout
    plan: Plan
    main: pa.Table
    items: pa.Table


def held(ruleset: Ruleset, rows: Sequence[Row]) -> Iterator[Columns]:
    """The rows in as few tables as hold them; what no decimals can hold is left out."""
    try:
        layout, main, items = tables_of(ruleset.registry, rows)
        plan = compile_ruleset(ruleset, layout, scores=True)
    except TooWide:
        if len(rows) > 8:
            middle = len(rows) // 2
            yield from held(ruleset, rows[:middle])
            yield from held(ruleset, rows[middle:])
        return
    yield Columns(ruleset, rows, layout, plan, main, items)


def listed(ruleset: Ruleset) -> str:
    """The columns of the results that are compared."""
    names = [n for card in ruleset.scorecards for n in score_columns(card)]
    return ", ".join(["verdict", "violated", '"unknown"', "applicable", *names])


def judged(columns: Columns) -> list[Told]:
    """What DuckDB makes of the rows."""
    with duckdb.connect() as db:
        db.register("portfolio", columns.main)
        db.register("portfolio_items", columns.items)
        sql = sql_of(columns.plan.results(lookup=False))
        return db.execute(
            f"SELECT {listed(columns.ruleset)} FROM ({sql}) ORDER BY row_id"
        ).fetchall()


def wanted(columns: Columns) -> list[Told]:
    """What the reference says of them."""
    evaluator = Evaluator(columns.ruleset, "reference")
    return [told(evaluator.evaluate(*row)) for row in columns.rows]


def random_cards(count: int, rows: int) -> list[Columns]:
    """Random cards, each with random dossiers of its own; what no decimals hold is left out."""
    out: list[Columns] = []
    for ruleset in drawn(rulesets(max_rules=1, max_depth=1, cards=True, plain=True), count):
        out += held(ruleset, random_dossiers(ruleset, rows))
    return out


def random_dossiers(ruleset: Ruleset, count: int, present: int = 75) -> list[Row]:
    """Dossiers on and beside the bounds of a card, with fields missing, and days."""
    row = st.tuples(dossiers(ruleset, present=present, plain=True), as_of_dates(ruleset))
    return drawn(row, count)


def mixed(rows: Sequence[Row], count: int, random: Random) -> list[Row]:
    """Many more dossiers out of some: each field as one of them has it, or missing in some."""
    names = sorted({name.split(".")[0] for profile, _ in rows for name in profile.values})
    out: list[Row] = []
    for _ in range(count):
        values: dict[str, Value] = {}
        for name in names:
            source = random.choice(rows)[0].values
            for key in (name, *(k for k in source if k.startswith(f"{name}."))):
                if key in source:
                    values[key] = source[key]
        out.append((Profile(MappingProxyType(values)), random.choice(rows)[1]))
    return out


def told(evaluation: Evaluation) -> Told:
    """What an engine for single dossiers says of one row, in the same form."""
    ids = [
        " ".join(i for i, s in evaluation.statuses.items() if (s.value == status) is same)
        for status, same in (("violated", True), ("unknown", True), ("not_applicable", False))
    ]
    out: list[object] = [evaluation.verdict.value, *ids]
    found = {g.card.id: g for g in scores(evaluation)}
    for card in evaluation.ruleset.scorecards:
        graded = found.get(card)
        if graded is None:
            out += [None, None, None]
            continue
        score = graded.score
        out += [
            _decimal(score.low),
            _decimal(score.high),
            graded.grade.id if graded.grade else None,
        ]
    return tuple(out)


def _decimal(value: Fraction) -> Decimal:
    shown = SHOWN.of(value) * 10**SHOWN.digits
    return Decimal(int(shown)).scaleb(-SHOWN.digits)
