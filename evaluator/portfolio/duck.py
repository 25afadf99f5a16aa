"""Judging a portfolio in DuckDB: one query a source, streamed from file to file."""

from __future__ import annotations

import datetime as dt
import gc
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from evaluator.engine.columnar.layout import PREFIX
from evaluator.portfolio.intake.load import Loaded, load
from evaluator.portfolio.intake.opening import open_source
from evaluator.problems.errors import DossierError, Problem
from evaluator.problems.source import Place, SourceText
from evaluator.rulebook.ast import Ruleset

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEMORY = "3GB"
COMPILERS = {"duckdb": "DuckDB", "postgres": "Postgres", "pyspark": "PySpark"}


def connect(threads: int | None = None, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory, bounded; what does not fit goes to a temporary directory."""
    db = duckdb.connect()
    db.execute(f"SET memory_limit = '{memory}'")
    db.execute("SET preserve_insertion_order = false")
    # Counted, for ``progress.duckdb_share``, but not printed by DuckDB.
    db.execute("SET enable_progress_bar = true")
    db.execute("SET enable_progress_bar_print = false")
    if threads is not None:
        db.execute(f"SET threads = {threads}")
    return db


def sql_of(expr: ir.Table, dialect: str = "duckdb") -> str:
    """The SQL of an expression over unbound tables, for duckdb, pyspark or postgres."""
    # What is not compiled needs no Ibis, which takes long to import.
    compilers = import_module("ibis.backends.sql.compilers")
    compiler = getattr(compilers, f"{COMPILERS[dialect]}Compiler")()
    collecting = gc.isenabled()
    # A large expression is some hundred thousand objects, all of them alive to the end.
    gc.disable()
    try:
        tree = compiler.to_sqlglot(expr)
        if dialect == "postgres":
            _fenced(tree)
        return str(tree.sql(dialect=compiler.dialect, copy=False))
    finally:
        if collecting:
            gc.enable()


def _fenced(tree: Any) -> None:
    """Keep PostgreSQL from writing the columns of a layer out again wherever they are used."""
    exp = import_module("sqlglot.expressions")
    for select in tree.find_all(exp.Select):
        held = any(e.alias_or_name.startswith(PREFIX) for e in select.expressions)
        if held and select is not tree:
            select.set("offset", exp.Offset(expression=exp.Literal.number(0)))


def opened(
    db: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    path: Path,
    number: int = 0,
    table: str | None = None,
    as_of: str | dt.date | None = None,
) -> Loaded:
    """Open a file as the views ``portfolio`` and ``portfolio_items``.

    Raises PortfolioError or DossierError, the latter too for a file without rows.
    """
    source = open_source(db, path, number, table, ruleset.registry, as_of)
    loaded = load(db, source, ruleset.registry, as_of)
    if not loaded.total:
        place = Place(SourceText(str(path), ""))
        hint = "至少写一份；只有表头的文件没有什么可评"
        raise DossierError([Problem("D113", "文件里没有申报材料", place, hint)])
    register(db, loaded)
    return loaded


def refused_rows(
    db: duckdb.DuckDBPyConnection, loaded: Loaded, name: str, most: int = 10
) -> list[str]:
    """The first rows that were refused, a sentence each with where and why, and how many more."""
    source, row = loaded.told(name, 0)
    rows = db.execute(
        f"SELECT {source}, {row}, reason, count(*) OVER () FROM ({loaded.rejects}) "
        f"ORDER BY row_id LIMIT {most}"
    ).fetchall()
    said = [f"{where} 第 {number} 行退回：{why}" for where, number, why, _ in rows]
    if rows and rows[0][3] > most:
        said.append(f"另有 {rows[0][3] - most:,} 行退回，没有列出")
    return said


def register(db: duckdb.DuckDBPyConnection, loaded: Loaded) -> None:
    """Make the loaded source the tables that a plan reads."""
    db.execute(f"CREATE OR REPLACE TEMP VIEW portfolio AS {loaded.main}")
    if loaded.items:
        db.execute(f"CREATE OR REPLACE TEMP VIEW portfolio_items AS {loaded.items}")
