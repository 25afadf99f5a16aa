"""Metrics for Prometheus, and logs as one JSON object a line."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from contextvars import ContextVar
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

# Of the request under way, for the log and the audit trail.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
registry = CollectorRegistry()
requests = Counter(
    "admission_http_requests_total",
    "Requests by method, route and status",
    ["method", "route", "status"],
    registry=registry,
)
seconds = Histogram(
    "admission_http_seconds",
    "Time to answer by method and route",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
decisions = Counter(
    "admission_decisions_total", "Stored decisions by verdict", ["verdict"], registry=registry
)
disagreements = Counter(
    "admission_engine_disagreements_total",
    "Dossiers that were referred because the engines disagreed or one failed",
    ["kind"],
    registry=registry,
)
logins = Counter("admission_logins_total", "Logins by outcome", ["outcome"], registry=registry)
readers = Counter(
    "admission_reader_refusals_total",
    "Files and texts that were given up: time, memory, busy, ended",
    ["reason"],
    registry=registry,
)
DISAGREED = {"engines disagree": "disagree", "engine failed": "failed"}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_EXTRA = ("route", "ms", "source", "actor", "event", "dossier", "engine", "ruleset")


def observe(method: str, route: str, status: int, elapsed: float) -> None:
    """Count one answered request; an invented method must not invent a time series."""
    name = method if method in _METHODS else "OTHER"
    requests.labels(name, route, str(status)).inc()
    seconds.labels(name, route).observe(elapsed)


def judged(verdict: str) -> None:
    """Count one stored decision."""
    decisions.labels(verdict).inc()


class Disagreements(logging.Handler):
    """Counts what the evaluator logs of its engines: it knows nothing of metrics itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count the record where it is one of these."""
        for said, kind in DISAGREED.items():
            if isinstance(record.msg, str) and record.msg.startswith(said):
                disagreements.labels(kind).inc()


def metrics_text() -> bytes:
    """All metrics in the text format of Prometheus; with several workers, the sums over all.

    The library keeps them in files of MULTIPROCESS where that was set before it was imported.
    """
    if MULTIPROCESS not in os.environ:
        return generate_latest(registry)
    whole = CollectorRegistry()
    MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
    return generate_latest(whole)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request, and what was given extra."""

    def format(self, record: logging.LogRecord) -> str:
        when = dt.datetime.fromtimestamp(record.created, dt.UTC)
        out: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": request_id.get(),
        }
        out.update({k: getattr(record, k) for k in _EXTRA if hasattr(record, k)})
        if record.exc_info:
            out["error"] = self.formatException(record.exc_info)
        return json.dumps(out, ensure_ascii=False, default=str)


def configure_logging(level: str, form: str) -> None:
    """Send the service's logs to standard error in the chosen form."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter()
        if form == "json"
        else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    )
    for name in ("api", "evaluator"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        if name == "evaluator":
            logger.addHandler(Disagreements())
        logger.setLevel(level)
        logger.propagate = False
