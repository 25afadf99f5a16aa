"""The command that judges on a server. Needs one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from evaluator.cli.portfolio import portfolio_app
from evaluator.rulebook.ast import Ruleset
from tests.portfolio.files import numbered
from tests.portfolio.postgres.places import SERVER
from tests.portfolio.tables import (
    RESULT,
)


@pytest.mark.usefixtures("server")
def test_command_line(shipped: Ruleset, tmp_path: Path) -> None:
    """Results come out as DuckDB writes them; texts with commas, quotes and lines survive."""
    profiles = numbered(shipped)[:20]
    odd = {**profiles[0].to_dict(shipped.registry), "project_id": '甲,"乙"\n丙'}
    found = [odd, *(p.to_dict(shipped.registry) for p in profiles), {**odd, "land_area": "x"}]
    # A table of its own name, since the command has a connection of its own.
    name = f"portfolio_test_{os.getpid()}"
    out, source = tmp_path / "out.parquet", tmp_path / "in.jsonl"
    with psycopg.connect(SERVER, autocommit=True) as other:
        other.execute(f"CREATE TABLE {name} (dossier jsonb, day date)".encode())
        try:
            with other.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {name} VALUES (%s, '2025-10-01')".encode(),
                    [(Jsonb(d),) for d in found],
                )
            result = CliRunner().invoke(
                portfolio_app,
                [
                    "evaluate",
                    "-o",
                    str(out),
                    "--backend",
                    "postgres",
                    "--server",
                    SERVER,
                    "--table",
                    f"{name}:dossier",
                    "--as-of-column",
                    "day",
                ],
            )
        finally:
            other.execute(f"DROP TABLE {name}".encode())
    assert result.exit_code == 0, result.output
    assert "退回 1 份" in result.output
    rejects = duckdb.sql(f"SELECT * FROM '{tmp_path}/out.rejects.csv'").fetchall()
    assert [r[0] for r in rejects] == [22]
    assert "用地面积" in rejects[0][1]
    source.write_text("\n".join(json.dumps(d) for d in found), "utf-8")
    same = tmp_path / "same.parquet"
    arguments = ["evaluate", str(source), "-o", str(same), "--as-of", "2025-10-01"]
    assert CliRunner().invoke(portfolio_app, arguments).exit_code == 0
    rows = [
        duckdb.sql(f"SELECT project_id, industry_code, {RESULT} FROM '{f}' ORDER BY ALL").fetchall()
        for f in (out, same)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 21


def test_an_absent_server_is_said(tmp_path: Path) -> None:
    arguments = ["evaluate", "-o", str(tmp_path / "o.csv"), "--backend", "postgres", "--table", "t"]
    result = CliRunner().invoke(
        portfolio_app, [*arguments, "--server", "host=127.0.0.1 port=1 connect_timeout=2"]
    )
    assert result.exit_code == 2
    assert "连不上 PostgreSQL" in result.output
