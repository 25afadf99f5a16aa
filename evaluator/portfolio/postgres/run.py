"""Judging in PostgreSQL, in place: the dossiers stay where they are, only results come out.

The table has either columns named as in the portfolio layout, or one column of JSON with dossiers as
``Profile.to_dict`` writes them (the service's ``decisions.dossier``). Results become a temporary
table beside it, and are copied out.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg
from psycopg.pq import TransactionStatus

from evaluator.engine.columnar import compile_ruleset
from evaluator.engine.columnar.layout import SHOWN
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.output import copy, staged
from evaluator.portfolio.postgres.load import load_table
from evaluator.portfolio.postgres.table import Place
from evaluator.portfolio.progress import Progress
from evaluator.portfolio.rows import scored
from evaluator.portfolio.run import (
    Counts,
    Options,
    Summary,
    check_unique,
    rejects_path,
    summarise,
)
from evaluator.portfolio.sql import text
from evaluator.rulebook.ast import Ruleset

log = logging.getLogger("evaluator")
RESULT = ("project_id", "industry_code", "verdict", "violated", "unknown", "applicable")


def judge_in_place(
    connection: psycopg.Connection,
    ruleset: Ruleset,
    place: Place,
    as_of: str | dt.date | None = None,
    stage: str | None = None,
    unused: list[str] | None = None,
) -> tuple[int, int, int]:
    """Judge a table into the temporary tables ``portfolio_results`` and ``portfolio_rejects``.

    Returns rows in all, judged and rejected; columns that hold no field are appended to ``unused``. Raises PortfolioError, TooWide.
    """
    with _interpreted(connection):
        layout = load_table(connection, ruleset.registry, place, as_of, unused)
    plan = compile_ruleset(ruleset, layout, stage=stage, scores=True)
    select = sql_of(plan.results(lookup=False), "postgres")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS portfolio_results")
        cursor.execute(f"CREATE TEMP TABLE portfolio_results AS {select}".encode())
        if "industry_code" not in plan.kept:
            cursor.execute("ALTER TABLE portfolio_results ADD COLUMN industry_code text")
        counts = [
            cursor.execute(f"SELECT count(*) FROM {t}".encode()).fetchone()
            for t in ("portfolio_flat", "portfolio_results", "portfolio_rejects")
        ]
    total, judged, rejected = (int(c[0]) if c else 0 for c in counts)
    if judged + rejected != total:
        raise PortfolioError(
            f"评估 {judged} 份、退回 {rejected} 份，与总数 {total} 不符；结果不可用"
        )
    return total, judged, rejected


@contextmanager
def _interpreted(connection: psycopg.Connection) -> Iterator[None]:
    """Without just-in-time compilation: of hundreds of expressions it takes ten seconds, and what
    they cost a row is little."""
    row = connection.execute("SELECT current_setting('jit')").fetchone()
    connection.execute("SELECT set_config('jit', 'off', false)")
    try:
        yield
    finally:
        if connection.info.transaction_status is not TransactionStatus.INERROR:
            connection.execute("SELECT set_config('jit', %s, false)", row)


def evaluate_postgres(
    ruleset: Ruleset, out: Path, options: Options, server: str | None, progress: Progress
) -> Summary:
    """Judge the table ``options.table`` of a server, and copy the results to ``out``."""
    if options.findings is not None:
        raise PortfolioError("在 PostgreSQL 里评估不能另写逐条结论，请去掉 --findings")
    unused: list[str] = []
    place = Place.parse(options.table)
    with (
        staged(out, rejects_path(out)) as stage,
        _connected(server) as connection,
        duckdb.connect() as db,
    ):
        progress(f"在数据库中评估 {place.table}")
        total, judged, rejected = judge_in_place(
            connection, ruleset, place, options.as_of, options.stage, unused
        )
        progress("取回结果")
        columns = ", ".join(f'"{c}"' for c in (*RESULT, *scored(ruleset)))
        _fetch(connection, db, f"SELECT {columns} FROM portfolio_results", stage[0])
        _fetch(
            connection,
            db,
            "SELECT row_id AS row_number, reason FROM portfolio_rejects ORDER BY 1",
            stage[1],
        )
        counts = (Counts(place.table, total, judged, rejected, tuple(unused)),)
        summary = summarise(db, ruleset, stage[0], counts)
        check_unique(summary, options)
        return summary


@contextmanager
def _connected(server: str | None) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(server or "")
    except psycopg.Error as error:
        log.warning("postgres: %s", error)
        raise PortfolioError(
            "连不上 PostgreSQL；请核对 --server 的地址、端口、库名、账号和密码，并确认数据库已启动"
        ) from None
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        log.warning("postgres: %s", error)
        code = f"（{error.sqlstate}）" if error.sqlstate else ""
        raise PortfolioError(
            f"PostgreSQL 没有做完{code}；请核对账号的权限、表名和磁盘空间，详情见服务器日志"
        ) from error


def _fetch(
    connection: psycopg.Connection, db: duckdb.DuckDBPyConnection, select: str, out: Path
) -> None:
    """Write a SELECT of the server to ``out``, as a stream."""
    with TemporaryDirectory(dir=out.parent) as directory:
        path = Path(directory, "rows.csv")
        with path.open("wb") as file, connection.cursor() as cursor:
            query = f"COPY ({select}) TO STDOUT (FORMAT csv, HEADER)"
            with cursor.copy(query.encode()) as stream:
                for block in stream:
                    file.write(block)
        reader = (
            f"read_csv({text(str(path))}, all_varchar=true, header=true, delim=',', quote='\"', "
            "escape='\"', allow_quoted_nulls=false)"
        )
        described = db.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
        points = [n for n, *_ in described if n.startswith("score_") and not n.endswith("_grade")]
        typed = ", ".join(f"CAST({n} AS DECIMAL(18, {SHOWN.digits})) AS {n}" for n in points)
        copy(db, f"SELECT * {f'REPLACE ({typed}) ' if points else ''}FROM {reader}", out)
