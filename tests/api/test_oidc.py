"""Logging in through an OpenID Connect provider that runs as a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.oidc_provider import CLIENT, SECRET
from tests.api.support import ROOT, settings

WANG = {
    "sub": "u-1",
    "preferred_username": "wang",
    "name": "王某",
    "roles": ["committee", "unknown"],
}


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def provider(
    claims: dict[str, Any], wrong: str | None = None, port: int | None = None
) -> Iterator[int]:
    """The provider's process; its port."""
    port = port or _port()
    command = [sys.executable, "-m", "tests.api.oidc_provider", str(port), json.dumps(claims)]
    process = subprocess.Popen([*command, *(["--wrong", wrong] if wrong else [])], cwd=ROOT)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def service(path: Path, port: int, **over: Any) -> Iterator[TestClient]:
    """The service, set up for that provider."""
    app = create_app(
        settings(
            database_url=f"sqlite:///{path}/admission.db", oidc_issuer=f"http://127.0.0.1:{port}",
            oidc_client_id=CLIENT, oidc_client_secret=over.get("secret", SECRET),
            public_url="http://testserver",
        )
    )  # fmt: skip
    with TestClient(app, follow_redirects=False) as client:
        yield client


def log_in(client: TestClient) -> Any:
    """Go the whole way as a browser does; the answer to the callback."""
    started = client.get("/api/v1/session/oidc")
    assert started.status_code == 302, started.text
    at_provider = httpx2.get(started.headers["location"])
    assert at_provider.status_code == 302, at_provider.text
    back = urlsplit(at_provider.headers["location"])
    return client.get(f"{back.path}?{back.query}")


def test_a_login_gives_the_roles_the_provider_says(tmp_path: Path) -> None:
    port = _port()
    with provider(WANG, port=port), service(tmp_path, port) as client:
        done = log_in(client)
        assert done.status_code == 302, done.text
        me = client.get("/api/v1/session").json()
        assert (me["name"], me["display_name"], me["roles"]) == ("wang", "王某", ["committee"])
        assert client.get("/api/v1/projects").status_code == 200
    changed = {**WANG, "roles": ["department:ecology"]}
    with provider(changed, port=port), service(tmp_path, port) as client:
        assert log_in(client).status_code == 302
        assert client.get("/api/v1/session").json()["roles"] == ["department:ecology"]
        listed = [a.name for a in _accounts(client)]
        assert listed == ["wang"]


def _accounts(client: TestClient) -> Any:
    from api.store import accounts

    with client.app.state.store.db.read() as session:  # type: ignore[attr-defined]
        return accounts.list_accounts(session)


@pytest.mark.parametrize("wrong", ["nonce", "audience", "signature", "expired"])
def test_a_wrong_identity_token_is_refused(tmp_path: Path, wrong: str) -> None:
    with provider(WANG, wrong) as port, service(tmp_path, port) as client:
        refused = log_in(client)
        assert refused.status_code == 401, refused.text
        assert client.get("/api/v1/session").status_code == 401


def test_a_login_begun_elsewhere_is_refused(tmp_path: Path) -> None:
    with provider(WANG) as port, service(tmp_path, port) as client:
        client.get("/api/v1/session/oidc")
        forged = client.get("/api/v1/session/oidc/callback?state=x&code=code-0")
        assert forged.status_code == 401
        client.cookies.clear()
        assert client.get("/api/v1/session/oidc/callback?state=x&code=y").status_code == 401
        denied = client.get("/api/v1/session/oidc/callback?error=access_denied&state=x")
        assert denied.status_code == 401


def test_no_role_no_entry_and_a_wrong_secret(tmp_path: Path) -> None:
    with provider({**WANG, "roles": ["visitor"]}) as port, service(tmp_path, port) as client:
        assert log_in(client).status_code == 403
    with provider(WANG) as port, service(tmp_path, port, secret="wrong") as client:
        assert log_in(client).status_code == 401


def test_a_provider_that_is_down_is_said_so(tmp_path: Path) -> None:
    with service(tmp_path, _port()) as client:
        answer = client.get("/api/v1/session/oidc")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
