"""Metrics and readiness."""

from __future__ import annotations

from tests.api.support import Service


def test_metrics_count_by_route_and_verdict(service: Service) -> None:
    service.submit("r01")
    service.call("committee", "GET", "/projects/nothing")
    text = service.client.get("/metrics").text
    assert 'admission_decisions_total{verdict="refer"}' in text
    assert 'route="/api/v1/projects/{number}",status="404"' in text
    assert "nothing" not in text


def test_readiness_tells_a_database_of_another_structure(service: Service) -> None:
    assert service.client.get("/readyz").status_code == 200
    db = service.store.db
    db.downgrade("0001")
    answer = service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    db.migrate()
    assert service.client.get("/readyz").status_code == 200
