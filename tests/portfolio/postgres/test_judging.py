"""The columnar engine in PostgreSQL, in place, against the reference. Needs a server."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.portfolio.duck import sql_of
from evaluator.rulebook.ast import Ruleset
from tests.engine.columnar.cards import listed, random_cards, wanted
from tests.portfolio.postgres.places import check, copy_in
from tests.portfolio.tables import (
    Tables,
    corpus,
    judgeable,
    random_rows,
)
from tests.strategies import as_of_dates, dossiers, rulesets


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_every_example_and_case(server: psycopg.Connection, shipped: Ruleset, every: int) -> None:
    tables = judgeable(shipped, corpus(shipped)[::every])
    assert tables.left_out == 0
    for made in tables.made:
        check(server, made)


@pytest.mark.parametrize("count", [50, pytest.param(150, marks=pytest.mark.soak)])
def test_shipped_rulebook_on_random_dossiers(
    server: psycopg.Connection, shipped: Ruleset, count: int
) -> None:
    tables = judgeable(shipped, random_rows(shipped, count))
    assert tables.left_out == 0
    for made in tables.made:
        check(server, made)


@pytest.mark.soak
@pytest.mark.parametrize(("plain", "count"), [(True, 30), (False, 8)])
def test_random_rulesets(server: psycopg.Connection, plain: bool, count: int) -> None:
    seen = Tables()

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def judge(data: st.DataObject) -> None:
        nonlocal seen
        ruleset = data.draw(rulesets(plain=plain))
        row = st.tuples(dossiers(ruleset, plain=plain), as_of_dates(ruleset))
        tables = judgeable(ruleset, data.draw(st.lists(row, min_size=1, max_size=6)))
        for made in tables.made:
            check(server, made)
        seen += tables

    judge()
    left_out, findings = seen.left_out, seen.findings
    # The greater of two numbers, or one of several, is as wide as the widest: some are left out.
    assert left_out < findings * (0.1 if plain else 0.2)


@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.soak)])
def test_random_cards(server: psycopg.Connection, count: int) -> None:
    for columns in random_cards(count, 20):
        copy_in(server, "portfolio", columns.main)
        copy_in(server, "portfolio_items", columns.items)
        select = sql_of(columns.plan.results(lookup=False), "postgres")
        query = f"SELECT {listed(columns.ruleset)} FROM ({select}) AS r ORDER BY row_id"
        assert server.execute(query.encode()).fetchall() == wanted(columns), columns.ruleset.layers
