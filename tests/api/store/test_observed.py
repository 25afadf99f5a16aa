"""What the metrics tell of the record, and that alert rules and dashboard ask for metrics there are."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text
from typer.testing import CliRunner

from api.commands.app import app as cli
from api.transport.telemetry import Disagreements
from tests.api.support import ROOT, Service

DEPLOY = ROOT / "deploy"
METRIC = re.compile(r"admission_[a-z_]+")


def metrics(service: Service) -> dict[str, float]:
    """Each sample by name and labels."""
    found = {}
    for line in service.client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def test_the_record_is_told(service: Service, tmp_path: Path) -> None:
    before = metrics(service)
    assert before["admission_ruleset_readable"] == before["admission_database_up"] == 1
    assert not any(name.startswith("admission_last_") for name in before)
    number = service.submit("d01")["number"]
    service.submit("r01")
    promise = {"promises": [{"kind": "signed", "due_on": "2020-01-01"}]}
    path = f"/projects/{number}/commitments"
    made = service.call("committee", "POST", path, json=promise).json()[0]["id"]
    note = {"note": "请办"}
    path = f"/commitments/{made}/supervision"
    assert service.call("committee", "POST", path, json=note).status_code == 201
    with service.store.db.write() as session:
        session.execute(text("UPDATE tasks SET due_on = '2020-01-01', opened_on = '2020-01-01'"))
    who = {"name": "committee", "password": "wrong"}
    assert service.client.post("/api/v1/session", json=who).status_code == 401
    url = service.store.db.url.render_as_string(hide_password=False)
    run = CliRunner()
    saved = run.invoke(cli, ["backup", str(tmp_path / "b.zip"), "--database-url", url])
    assert saved.exit_code == 0, saved.output
    after = metrics(service)
    assert after["admission_tasks_open"] == after["admission_tasks_overdue"] > 0
    assert after["admission_tasks_oldest_days"] > 2000
    assert after["admission_commitments_overdue"] == after["admission_supervisions_open"] == 1
    failed = 'admission_logins_total{outcome="failed"}'
    assert after[failed] == before.get(failed, 0) + 1
    assert after["admission_last_backup_timestamp_seconds"] > 1_700_000_000
    assert any(name.startswith("admission_ruleset{") for name in after)
    assert any(name.startswith("admission_build{") for name in after)


def test_engines_that_disagree_are_counted(service: Service) -> None:
    name = 'admission_engine_disagreements_total{kind="disagree"}'
    before = metrics(service).get(name, 0)
    record = logging.LogRecord("e", 40, "", 1, "engines disagree: dossier=%s", ("x",), None)
    Disagreements().emit(record)
    Disagreements().emit(logging.LogRecord("e", 40, "", 1, "something else", (), None))
    assert metrics(service)[name] == before + 1


def test_a_login_is_logged_with_source_and_account(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("api"), "propagate", True)
    with caplog.at_level(logging.INFO, "api"):
        service.client.post("/api/v1/session", json={"name": "nobody", "password": "x" * 20})
        service.call("auditor", "GET", "/accounts")
    logins = [r for r in caplog.records if r.name == "api.login"]
    assert {(r.__dict__["actor"], r.__dict__["source"]) for r in logins} == {
        ("nobody", "testclient")
    }
    access = [r for r in caplog.records if r.name == "api.access"]
    assert access[-1].__dict__["actor"] == "auditor"
    assert access[-1].__dict__["source"] == "testclient"


def test_alerts_and_dashboard_ask_for_metrics_that_there_are(service: Service) -> None:
    told = service.client.get("/metrics").text
    known = set(METRIC.findall(told))
    known |= {
        "admission_last_backup_timestamp_seconds",
        "admission_last_verification_timestamp_seconds",
    }
    known |= {f"{n}_total" for n in known} | {f"{n}_bucket" for n in known}
    alerts = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text("utf-8"))
    rules = [r["expr"] for group in alerts["groups"] for r in group["rules"]]
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    shown = [t["expr"] for p in board["panels"] for t in p["targets"]]
    assert len(rules) >= 10
    assert len(shown) >= 15
    for expression in rules + shown:
        names = METRIC.findall(expression)
        assert names or "up{" in expression
        assert set(names) <= known, expression
