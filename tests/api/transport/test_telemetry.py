"""The log."""

from __future__ import annotations

import json
import logging

import pytest

from api.transport.telemetry import JsonFormatter


def test_logs_are_json_with_the_request(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("api", logging.INFO, __file__, 1, "受理 %s", ("ZR1",), None)
    record.ms = 1.5
    data = json.loads(JsonFormatter().format(record))
    assert data["message"] == "受理 ZR1"
    assert data["ms"] == 1.5
    assert {"time", "level", "logger", "request"} <= set(data)
    assert caplog.records == []
