"""What the DuckDB path does for speed changes no result: constants moved to a column's decimals, and
sets of rule ids written as an ENUM."""

from __future__ import annotations

import operator
from fractions import Fraction
from pathlib import Path

import duckdb
import ibis
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.exact import Amount, Dec
from evaluator.engine.columnar.plan import compile_ruleset
from evaluator.portfolio import write
from evaluator.portfolio.duck import sql_of
from evaluator.rulebook.ast import Op
from evaluator.rulebook.load import load_directory
from tests.engine.columnar.memory import tables_of
from tests.portfolio.tables import RESULT, corpus, expected
from tests.support import ROOT, good, profile, ruleset_of

MEANING = {
    Op.AT_LEAST: operator.ge,
    Op.AT_MOST: operator.le,
    Op.MORE_THAN: operator.gt,
    Op.LESS_THAN: operator.lt,
    Op.EQUALS: operator.eq,
}
VALUES = [n for k in (0, 1, 50, 333, 9999) for n in (-k, k)]  # Hundredths, as DECIMAL(4, 2).


@given(
    factor=st.fractions(-30, 30, max_denominator=30).filter(bool),
    limit=st.one_of(
        st.fractions(-2000, 2000, max_denominator=3000),
        # What lies on a value, and beyond all of them.
        st.sampled_from([Fraction(v, 100) for v in VALUES]),
        st.just(Fraction(10) ** 30),
    ),
    op=st.sampled_from(list(Op)),
    mirrored=st.booleans(),
)
def test_comparing_with_a_constant(
    factor: Fraction, limit: Fraction, op: Op, mirrored: bool
) -> None:
    t = ibis.table({"n": "int64", "x": ibis.dtype("decimal")}, name="t")
    column = Amount(factor, Dec(t["x"], 4, 2, 4))
    sides = (Amount(limit), column) if mirrored else (column, Amount(limit))
    select = sql_of(t.select("n", truth=compare(sides[0], op, sides[1])))
    with duckdb.connect() as db:
        rows = ", ".join(f"({n}, {n}::DECIMAL(9, 2) / 100)" for n in VALUES)
        db.execute(
            f"CREATE TABLE t AS SELECT n, x::DECIMAL(4, 2) AS x FROM (VALUES {rows}, (NULL, NULL)) AS v(n, x)"
        )
        found = db.execute(select).fetchall()
    for n, truth in found:
        if n is None:
            assert truth is None
            continue
        value = factor * Fraction(n, 100)
        assert truth is MEANING[op](*((limit, value) if mirrored else (value, limit))), n


@pytest.mark.soak
@pytest.mark.parametrize("most", [0, 10_000])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_results_with_and_without_an_enum(
    most: int, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "MOST_VALUES", most)
    ruleset = load_directory(ROOT)
    rows = corpus(ruleset)
    layout, main, items = tables_of(ruleset.registry, rows)
    plan = compile_ruleset(ruleset, layout, ("project_id",))
    out = tmp_path / f"out{suffix}"
    with duckdb.connect() as db:
        db.register("portfolio", main)
        db.register("portfolio_items", items)
        assert write.Writer(plan).write(db, out) == len(rows)
        kind = db.execute(f"SELECT typeof(applicable)[:4] FROM {write.SETS} LIMIT 1").fetchone()
        assert kind == (("ENUM",) if most else ("VARC",))
        found = db.execute(f"SELECT {RESULT} FROM '{out}' ORDER BY row_id").fetchall()
        again = tmp_path / "again.parquet"
        columns = ("row_id", "applicable", "industry_code")
        assert write.Writer(plan, columns).write(db, again) == len(rows)
    assert [
        tuple(v or "" if isinstance(v, str | None) else v for v in r) for r in found
    ] == expected(ruleset, rows)
    if suffix == ".parquet":
        assert str(pq.read_schema(out).field("applicable").type) == "string"
    assert pq.read_schema(again).names == list(columns)
    assert pq.read_table(again)["industry_code"].null_count == len(rows)


RULE = """
- id: positive.tax
  title: 门槛
  list: positive
  {applies}require: {{field: annual_tax, at_least: 20}}
  effect: refer
  departments: [tax]
  basis: [{{source: law, clause: 第一条}}]
"""


@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize("applies", ["", "applies_when: {field: two_high, equals: true}\n  "])
def test_rules_that_always_apply_and_no_rows(count: int, applies: str, tmp_path: Path) -> None:
    ruleset = ruleset_of(RULE.format(applies=applies))
    made = [
        profile(**good(two_high=x, annual_tax=t)) for x, t in ((True, 5), (False, 30), (None, None))
    ]
    rows = [(p, p.submitted_on) for p in made[:count]]
    layout, main, items = tables_of(ruleset.registry, rows)
    plan = compile_ruleset(ruleset, layout)
    out = tmp_path / "out.parquet"
    with duckdb.connect() as db:
        db.register("portfolio", main)
        db.register("portfolio_items", items)
        assert write.Writer(plan).write(db, out) == count
        found = db.execute(f"SELECT {RESULT} FROM '{out}' ORDER BY row_id").fetchall()
    assert found == expected(ruleset, rows)
