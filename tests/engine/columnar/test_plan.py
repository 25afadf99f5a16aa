"""The columnar engine against the reference: every rule of every dossier, on DuckDB."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.dossier.dossier import make_profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import Evaluator
from evaluator.portfolio.duck import sql_of
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import find_stage, not_due
from evaluator.rulebook.load import load_directory
from tests.engine.columnar.memory import statuses_of
from tests.portfolio.tables import (
    RESULT,
    Made,
    Tables,
    corpus,
    expected,
    judgeable,
    random_rows,
    random_tables,
)
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT


@pytest.fixture(scope="module")
def shipped() -> Ruleset:
    return load_directory(ROOT)


def check(made: Made) -> None:
    """Verdict and rule ids of every row."""
    with duckdb.connect() as db:
        db.register("portfolio", made.main)
        db.register("portfolio_items", made.items)
        select = sql_of(made.plan.results(lookup=True))
        found = db.execute(f"SELECT {RESULT} FROM ({select}) ORDER BY row_id").fetchall()
    assert found == expected(made.ruleset, made.rows)


def test_shipped_rulebook_on_every_example_and_case(shipped: Ruleset) -> None:
    rows = corpus(shipped)
    tables = judgeable(shipped, rows)
    assert tables.left_out == 0
    for made in tables.made:
        check(made)
    reference = ReferenceEngine(shipped)
    for (found, day), statuses in zip(rows, statuses_of(shipped, rows), strict=True):
        assert statuses == reference.statuses(found, day), (found.values, day)


def test_a_product_that_fills_64_bits_is_multiplied_on(shipped: Ruleset) -> None:
    # Fourteen digits times a factor of four are 18 for DuckDB, which then keeps to 64 bits.
    found = make_profile(
        shipped.registry,
        project_id="1",
        project_name="甲",
        submitted_on="2024-06-03",
        annual_electricity="43680000000000",
        annual_energy="5368272000",
    )
    for made in judgeable(shipped, [(found, found.submitted_on)]).made:
        check(made)


@pytest.mark.parametrize(
    ("plain", "count"),
    [
        (True, 35),  # Fewer would not tell how large a share is left out.
        (False, 4),
        pytest.param(False, 12, marks=pytest.mark.soak),
    ],
)
def test_random_rulesets(plain: bool, count: int) -> None:
    seen = Tables()

    @settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def judge(data: st.DataObject) -> None:
        nonlocal seen
        ruleset = data.draw(rulesets(plain=plain))
        row = st.tuples(dossiers(ruleset, plain=plain), as_of_dates(ruleset))
        tables = judgeable(ruleset, data.draw(st.lists(row, min_size=1, max_size=8)))
        for made in tables.made:
            check(made)
        seen += tables

    judge()
    left_out, findings = seen.left_out, seen.findings
    assert left_out < findings * (0.01 if plain else 0.2)


@pytest.mark.parametrize("count", [60, pytest.param(150, marks=pytest.mark.soak)])
def test_shipped_rulebook_on_random_dossiers(shipped: Ruleset, count: int) -> None:
    rows = random_rows(shipped, count)
    tables = judgeable(shipped, rows)
    assert tables.left_out == 0
    for made in tables.made:
        check(made)


@pytest.mark.parametrize("stage", ["lead", "review"])
@pytest.mark.parametrize("lookup", [True, False])
def test_at_a_stage_on_every_example(shipped: Ruleset, stage: str, lookup: bool) -> None:
    rows = corpus(shipped)[::9]
    waiting = not_due(shipped, find_stage(shipped, stage))
    evaluator = Evaluator(shipped, "reference")
    for made in judgeable(shipped, rows).made:
        later = frozenset(n for n, r in enumerate(made.plan.rules) if r.id in waiting)
        plan = replace(made.plan, later=later)
        with duckdb.connect() as db:
            db.register("portfolio", made.main)
            db.register("portfolio_items", made.items)
            select = f"SELECT * FROM ({sql_of(plan.results(lookup=lookup))}) ORDER BY row_id"
            found = db.execute(select).to_arrow_table().to_pylist()
        for row, (stated, day) in zip(found, made.rows, strict=True):
            judged = evaluator.evaluate(stated, day, stage)
            assert row["verdict"] == judged.verdict.value
            for name in ("violated", "unknown", "not_due"):
                ids = [i for i, s in judged.statuses.items() if s.value == name]
                assert row[name].split() == ids, (name, stated.values)


def test_random_rulesets_at_a_stage() -> None:
    for made in random_tables(12, 4, True).made:
        evaluator = Evaluator(made.ruleset, "reference")
        for stage in ("lead", "review"):
            waiting = not_due(made.ruleset, find_stage(made.ruleset, stage))
            later = frozenset(n for n, r in enumerate(made.plan.rules) if r.id in waiting)
            plan = replace(made.plan, later=later)
            with duckdb.connect() as db:
                db.register("portfolio", made.main)
                db.register("portfolio_items", made.items)
                select = f"SELECT verdict FROM ({sql_of(plan.results(lookup=False))})"
                found = db.execute(f"{select} ORDER BY row_id").fetchall()
            judged = [evaluator.evaluate(stated, day, stage) for stated, day in made.rows]
            assert [v for (v,) in found] == [e.verdict.value for e in judged]
