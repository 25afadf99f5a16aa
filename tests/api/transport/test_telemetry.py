"""The log."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from api.transport.telemetry import JsonFormatter
from tests.api.support import Service, sqlite_url


def test_logs_are_json_with_the_request(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("api", logging.INFO, __file__, 1, "受理 %s", ("ZR1",), None)
    record.ms = 1.5
    data = json.loads(JsonFormatter().format(record))
    assert data["message"] == "受理 ZR1"
    assert data["ms"] == 1.5
    assert {"time", "level", "logger", "request"} <= set(data)
    assert caplog.records == []


def test_who_is_refused_stands_out_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Service(sqlite_url(tmp_path), log_level="INFO") as service:
        capfd.readouterr()
        service.call(None, "GET", "/projects")
        service.call("department:ecology", "GET", "/accounts")
        service.call("committee", "GET", "/projects")
        service.call("committee", "GET", "/projects/none")
    written = [x for x in capfd.readouterr().err.splitlines() if x.startswith("{")]
    lines = [x for x in map(json.loads, written) if x["logger"] == "api.access"]
    told = [(x["level"], x.get("event"), x.get("actor"), x["message"][-3:]) for x in lines]
    assert told == [
        ("WARNING", "denied", None, "401"),
        ("WARNING", "denied", "department-ecology", "403"),
        ("INFO", None, "committee", "200"),
        ("INFO", None, "committee", "404"),
    ]
    assert all(x["source"] for x in lines)
