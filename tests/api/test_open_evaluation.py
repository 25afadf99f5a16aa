"""With ``OPEN_EVALUATION=false`` nobody unknown makes the service read or judge; headers and cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from tests.api.support import Service, sqlite_url

# What nobody unknown can do without: coming in, leaving, and larger type.
OPEN = {"/login", "/logout", "/display", "/api/v1/session", "/claim"}
COMPUTES = re.compile(r"/assess|/rules/try|/api/v1/(evaluations|questions|excerpts)")
NEEDED = {"/api/v1/excerpts": "?name=x.txt", "/assess/field": "?name=x"}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    url = sqlite_url(tmp_path_factory.mktemp("closed"))
    with Service(url, open_evaluation=False, public_url="https://zhunru.example.gov.cn") as service:
        yield service


def posts(service: Service) -> Iterator[str]:
    for route in service.app.routes:
        inner = getattr(route, "original_router", None)
        for one in inner.routes if inner is not None else [route]:
            if isinstance(one, APIRoute) and "POST" in one.methods and one.path not in OPEN:
                yield one.path


def test_nobody_unknown_computes(closed: Service) -> None:
    client = TestClient(closed.app)
    asked = 0
    for path in posts(closed):
        full = re.sub(r"\{[^}]*\}", "1", path) + NEEDED.get(path, "")
        answer = client.post(full, data={"x": "1"}, follow_redirects=False)
        refused = {303, 401} if COMPUTES.match(path) else {303, 401, 404, 422, 428}
        assert answer.status_code in refused, (path, answer.status_code, answer.text[:200])
        asked += answer.status_code != 404
    assert asked > 30


def test_answers_to_programs_run_and_keep_nothing(closed: Service) -> None:
    answer = TestClient(closed.app).get("/api/v1/rules")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert (
        TestClient(closed.app).get("/login").headers["content-security-policy"].count("default-src")
        == 1
    )


def test_behind_https_the_cookie_is_of_this_host_alone(closed: Service) -> None:
    client = TestClient(closed.app, base_url="https://zhunru.example.gov.cn")
    given = {"name": "submitter", "password": "password of submitter"}
    answer = client.post("/api/v1/session", json=given)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-admission_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert client.get("/api/v1/session").status_code == 200
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").status_code == 401


def test_only_the_named_hosts_are_answered(tmp_path: Path) -> None:
    with Service(sqlite_url(tmp_path), hosts=("zhunru.example.gov.cn", "[::1]")) as service:
        for host, status in (
            ("zhunru.example.gov.cn", 200),
            ("ZHUNRU.example.gov.cn:8443", 200),
            ("[::1]:8000", 200),
            ("evil.example", 400),
            ("zhunru.example.gov.cn.evil.example", 400),
            ("", 400),
        ):
            answer = service.client.get("/api/v1/rules", headers={"host": host})
            assert answer.status_code == status, host
            assert service.client.get("/healthz", headers={"host": host}).status_code == 200
