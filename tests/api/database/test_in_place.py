"""The portfolio engine on the service's own table of decisions, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from evaluator.cli.portfolio import portfolio_app
from tests.api.conftest import postgres_database
from tests.api.support import Service


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Service, str]]:
    """The service on PostgreSQL, and the address for others."""
    monkeypatch.setenv("PGOPTIONS", "-c jit=off")  # As in tests/portfolio/postgres.
    with postgres_database() as url, Service(url) as found:
        plain = make_url(url).set(drivername="postgresql")
        yield found, plain.render_as_string(hide_password=False)


def test_stored_decisions_are_judged_where_they_are(
    server: tuple[Service, str], tmp_path: Path
) -> None:
    service, address = server
    receipts = [service.submit(stem) for stem in ("d01", "d02", "r01", "r02")]
    out = tmp_path / "out.parquet"
    arguments = ["evaluate", "-o", str(out), "--backend", "postgres", "--server", address]
    result = CliRunner().invoke(
        portfolio_app, [*arguments, "--table", "decisions:dossier", "--as-of-column", "as_of"]
    )
    assert result.exit_code == 0, result.output
    got = duckdb.sql(f"SELECT verdict FROM '{out}' ORDER BY 1").fetchall()
    assert [v for (v,) in got] == sorted(r["verdict"] for r in receipts)
    assert len({r["verdict"] for r in receipts}) > 1
