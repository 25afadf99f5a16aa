"""One table: every route, and the roles that may call it. Everyone else gets 403, nobody 401."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI

from api.store import accounts, apikeys
from api.store.work import SYSTEM, Actor
from tests.api.support import ROLES, Service, example

EVERYONE = frozenset(ROLES)
READ = EVERYONE - {"admin"}
SUBMIT = frozenset({"submitter", "committee"})
ADMIN = frozenset({"admin"})
AUDIT = frozenset({"auditor"})
DEPARTMENTS = frozenset({"department:ecology", "department:natural_resources"})
COMMITTEE = frozenset({"committee"})
REVIEW = DEPARTMENTS | {"committee", "submitter", "auditor"}
ALL_PROJECTS = frozenset({"committee", "maintainer", "publisher", "auditor"})
DRAFT = frozenset({"maintainer"})
PUBLISH = frozenset({"publisher"})
KEEPERS = frozenset({"maintainer", "publisher", "auditor"})
OPEN = None  # No login needed.

# (method, path): who may; the paths' placeholders are filled with a project that every reader sees.
MATRIX: dict[tuple[str, str], frozenset[str] | None] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("POST", "/api/v1/evaluations"): OPEN,
    ("POST", "/api/v1/questions"): OPEN,
    ("POST", "/api/v1/evaluations:batch"): OPEN,
    ("POST", "/api/v1/excerpts"): OPEN,
    ("GET", "/api/v1/rulesets/current"): OPEN,
    ("GET", "/api/v1/rules"): OPEN,
    ("GET", "/api/v1/rules/{rule_id}"): OPEN,
    ("GET", "/api/v1/criteria"): OPEN,
    ("GET", "/api/v1/criteria/{criterion_id}"): OPEN,
    ("GET", "/api/v1/schemas/dossier"): OPEN,
    ("GET", "/api/v1/industries"): OPEN,
    ("POST", "/api/v1/session"): OPEN,
    ("GET", "/api/v1/session"): EVERYONE,
    ("DELETE", "/api/v1/session"): EVERYONE,
    ("PUT", "/api/v1/session/password"): EVERYONE,
    ("GET", "/api/v1/session/oidc"): OPEN,
    ("GET", "/api/v1/session/oidc/callback"): OPEN,
    ("GET", "/api/v1/keys"): EVERYONE,
    ("POST", "/api/v1/session/proof"): EVERYONE,
    ("GET", "/api/v1/sessions"): EVERYONE,
    ("DELETE", "/api/v1/sessions/{login_id}"): EVERYONE,
    ("GET", "/api/v1/session/factors"): EVERYONE,
    ("POST", "/api/v1/session/factors"): EVERYONE,
    ("POST", "/api/v1/session/factors/confirmation"): EVERYONE,
    ("DELETE", "/api/v1/session/factors/{factor_id}"): EVERYONE,
    ("POST", "/api/v1/keys"): EVERYONE,
    ("DELETE", "/api/v1/keys/{key_id}"): EVERYONE,
    ("GET", "/api/v1/accounts"): ADMIN,
    ("POST", "/api/v1/accounts"): ADMIN,
    ("PUT", "/api/v1/accounts/{name}/roles"): ADMIN,
    ("GET", "/api/v1/accounts/requests"): ADMIN,
    ("POST", "/api/v1/accounts/requests/{account_request_id}/confirmation"): ADMIN,
    ("DELETE", "/api/v1/accounts/requests/{account_request_id}"): ADMIN,
    ("PUT", "/api/v1/accounts/{name}/active"): ADMIN,
    ("POST", "/api/v1/accounts/{name}/password"): ADMIN,
    ("DELETE", "/api/v1/accounts/{name}/factors"): ADMIN,
    ("POST", "/api/v1/projects"): SUBMIT,
    ("POST", "/api/v1/projects/{number}/versions"): SUBMIT,
    ("POST", "/api/v1/projects/{number}/stage"): COMMITTEE,
    ("GET", "/api/v1/projects"): READ,
    ("GET", "/api/v1/projects/{number}"): READ,
    ("GET", "/api/v1/projects/{number}/documents"): READ,
    ("GET", "/api/v1/projects/{number}/facts"): READ,
    ("PUT", "/api/v1/projects/{number}/facts"): SUBMIT,
    ("POST", "/api/v1/projects/{number}/obstacles"): DEPARTMENTS | SUBMIT,
    ("GET", "/api/v1/obstacles"): REVIEW,
    ("POST", "/api/v1/obstacles/{obstacle_id}/solution"): DEPARTMENTS | COMMITTEE,
    ("GET", "/api/v1/documents/{document_id}"): READ,
    ("GET", "/api/v1/drafts"): SUBMIT,
    ("POST", "/api/v1/drafts"): SUBMIT,
    ("GET", "/api/v1/drafts/{draft_id}"): SUBMIT,
    ("PUT", "/api/v1/drafts/{draft_id}"): SUBMIT,
    ("DELETE", "/api/v1/drafts/{draft_id}"): SUBMIT,
    ("POST", "/api/v1/drafts/{draft_id}/submission"): SUBMIT,
    ("GET", "/api/v1/decisions/{decision_id}"): READ,
    ("GET", "/api/v1/decisions/{decision_id}/findings"): READ,
    ("GET", "/api/v1/decisions/{decision_id}/findings/{rule}"): READ,
    # A department may ask, and is told that the answer is not only its own.
    ("GET", "/api/v1/decisions/{decision_id}/counterfactual"): READ
    - {"department:ecology", "department:natural_resources"},
    ("GET", "/api/v1/decisions/{decision_id}/replay"): READ,
    ("GET", "/api/v1/decisions/{decision_id}/receipt"): READ - DEPARTMENTS,
    ("GET", "/api/v1/decisions/{decision_id}/conclusion"): REVIEW,
    ("POST", "/api/v1/decisions/{decision_id}/conclusion"): COMMITTEE,
    ("GET", "/api/v1/decisions/{decision_id}/conclusions"): REVIEW,
    ("GET", "/api/v1/conditions"): REVIEW,
    ("POST", "/api/v1/conditions/{condition_id}/check"): DEPARTMENTS,
    ("GET", "/api/v1/tasks"): REVIEW,
    ("GET", "/api/v1/tasks/{task_id}"): REVIEW,
    ("GET", "/api/v1/changes"): READ,
    ("POST", "/api/v1/tasks/{task_id}/attachments"): DEPARTMENTS,
    ("POST", "/api/v1/tasks/{task_id}/opinions"): DEPARTMENTS,
    ("POST", "/api/v1/tasks/{task_id}/values"): DEPARTMENTS,
    ("GET", "/api/v1/attachments/{attachment_id}"): REVIEW,
    ("POST", "/api/v1/tasks/{task_id}/supervisions"): COMMITTEE,
    ("GET", "/api/v1/supervisions"): COMMITTEE,
    ("POST", "/api/v1/supervisions/{supervision_id}/closure"): COMMITTEE,
    ("GET", "/api/v1/projects/{number}/commitments"): READ,
    ("POST", "/api/v1/projects/{number}/commitments"): COMMITTEE,
    ("GET", "/api/v1/commitments/overdue"): READ,
    ("POST", "/api/v1/commitments/{commitment_id}/reports"): SUBMIT,
    ("POST", "/api/v1/commitments/{commitment_id}/supervisions"): COMMITTEE,
    ("GET", "/api/v1/statistics/rates"): ALL_PROJECTS,
    ("GET", "/api/v1/statistics/verdicts"): ALL_PROJECTS,
    ("GET", "/api/v1/statistics/reasons"): ALL_PROJECTS,
    ("GET", "/api/v1/statistics/rules"): ALL_PROJECTS,
    ("GET", "/api/v1/statistics/consistency"): COMMITTEE | AUDIT,
    ("GET", "/api/v1/rulesets"): READ,
    ("GET", "/api/v1/rulesets/directory"): KEEPERS,
    ("GET", "/api/v1/rulesets/{publication_id}"): READ,
    ("GET", "/api/v1/rulesets/{publication_id}/files"): READ,
    ("GET", "/api/v1/rulesets/{publication_id}/archive"): READ,
    ("POST", "/api/v1/rulesets/{publication_id}/rollback"): DRAFT,
    ("GET", "/api/v1/proposals"): KEEPERS,
    ("POST", "/api/v1/proposals"): DRAFT,
    ("GET", "/api/v1/proposals/{proposal_id}"): KEEPERS,
    ("GET", "/api/v1/proposals/{proposal_id}/files"): KEEPERS,
    ("PUT", "/api/v1/proposals/{proposal_id}/files"): DRAFT,
    ("GET", "/api/v1/proposals/{proposal_id}/checks"): KEEPERS,
    ("POST", "/api/v1/proposals/{proposal_id}/checks"): DRAFT | PUBLISH,
    ("GET", "/api/v1/proposals/{proposal_id}/touched"): KEEPERS,
    ("GET", "/api/v1/proposals/{proposal_id}/shadow"): KEEPERS,
    ("GET", "/api/v1/proposals/{proposal_id}/comparison"): KEEPERS,
    ("PUT", "/api/v1/proposals/{proposal_id}/waivers/{invariant}"): DRAFT,
    ("DELETE", "/api/v1/proposals/{proposal_id}/waivers/{invariant}"): DRAFT,
    ("POST", "/api/v1/proposals/{proposal_id}/submission"): DRAFT,
    ("POST", "/api/v1/proposals/{proposal_id}/rebase"): DRAFT,
    ("POST", "/api/v1/proposals/{proposal_id}/withdrawal"): DRAFT,
    ("POST", "/api/v1/proposals/{proposal_id}/comments"): DRAFT | PUBLISH,
    ("POST", "/api/v1/proposals/{proposal_id}/approval"): PUBLISH,
    ("POST", "/api/v1/proposals/{proposal_id}/return"): PUBLISH,
    ("POST", "/api/v1/proposals/{proposal_id}/publication"): PUBLISH,
    ("GET", "/api/v1/audit/entries"): AUDIT,
    ("GET", "/api/v1/audit/verify"): AUDIT,
    ("GET", "/api/v1/audit/export"): AUDIT,
}
HIDDEN = {"/api/v1/openapi.json", "/static"}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every operation that the service documents."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path


@dataclass(frozen=True)
class Filled:
    service: Service
    values: dict[str, Any]


@pytest.fixture(scope="module")
def filled(service: Service) -> Filled:
    receipt = service.submit("r16")
    decision = receipt["decision"]
    findings = service.call("committee", "GET", f"/decisions/{decision}/findings").json()
    both = [
        f["rule"] for f in findings if {"ecology", "natural_resources"} <= set(f["departments"])
    ]
    values = {
        "number": receipt["number"],
        "decision_id": decision,
        "rule": both[0] if both else findings[0]["rule"],
        "rule_id": "none",
        "criterion_id": "none",
        "key_id": 999_999,
        "login_id": "0" * 16,
        "account_request_id": 999_999,
        "factor_id": 999_999,
        "name": "nobody",
        "draft_id": 999_999,
        "task_id": 999_999,
        "attachment_id": 999_999,
        "document_id": 1,
        "supervision_id": 999_999,
        "commitment_id": 999_999,
        "condition_id": 999_999,
        "obstacle_id": 999_999,
        "publication_id": 1,
        "proposal_id": 999_999,
        "invariant": "none",
    }
    return Filled(service, values)


def test_the_table_covers_every_route(filled: Filled) -> None:
    assert set(routes(filled.service.app)) == set(MATRIX)
    listed = {getattr(r, "path", None) for r in filled.service.app.routes} - {None}
    assert listed <= {path for _, path in MATRIX} | HIDDEN


@pytest.mark.parametrize(
    ("method", "path"), list(MATRIX), ids=lambda v: str(v).replace("/api/v1", "")
)
def test_every_role_on_every_route(filled: Filled, method: str, path: str) -> None:
    allowed = MATRIX[method, path]
    url = path.format(**filled.values)
    body = (
        {"content": b"{}", "headers": {"content-type": "application/json"}}
        if method != "GET"
        else {}
    )
    service = filled.service
    anonymous = service.client.request(method, url, **body)
    if allowed is None:
        assert anonymous.status_code not in (401, 403)
        return
    assert anonymous.status_code == 401
    assert anonymous.headers["content-type"] == "application/problem+json"
    for role in ROLES:
        sent = {**body, "headers": {**body.get("headers", {}), **service.headers(role)}}
        answer = service.client.request(method, url, **sent)
        if role in allowed:
            assert answer.status_code not in (401, 403), f"{role}: {answer.text}"
            assert answer.status_code < 500, f"{role}: {answer.text}"
        else:
            assert answer.status_code == 403, f"{role}: {answer.status_code}"
            assert answer.headers["content-type"] == "application/problem+json"


def test_keys_can_be_narrowed_and_revoked(service: Service) -> None:
    made = service.call(
        "committee", "POST", "/keys", json={"title": "读取", "read_only": True}
    ).json()
    headers = {"authorization": f"Bearer {made['key']}"}
    assert service.call(None, "GET", "/projects", headers=headers).status_code == 200
    refused = service.call(None, "POST", "/projects", json=example("r01"), headers=headers)
    assert refused.status_code == 403
    beyond = service.call("committee", "POST", "/keys", json={"title": "x", "roles": ["admin"]})
    assert beyond.status_code == 403
    assert service.call("submitter", "DELETE", f"/keys/{made['id']}").status_code == 403
    assert service.call("admin", "DELETE", f"/keys/{made['id']}").status_code == 200
    assert service.call(None, "GET", "/projects", headers=headers).status_code == 401
    wrong = made["key"][:-1] + ("y" if made["key"].endswith("x") else "x")
    for bad in ("Bearer adk_x_y", "Bearer", "Basic eDp5", f"Bearer {wrong}"):
        assert (
            service.call(None, "GET", "/projects", headers={"authorization": bad}).status_code
            == 401
        )


def test_a_key_says_that_its_roles_are_those_of_its_day(service: Service) -> None:
    with service.store.work(SYSTEM) as work:
        made, _ = accounts.create_account(work, "两任", "两任", ["auditor"], "password of both")
    actor = Actor(made.id, "两任", "两任", frozenset({"auditor"}))
    with service.store.work(actor) as work:
        _, key = apikeys.create_key(work, "tests", None, False, None)
    headers = {"authorization": f"Bearer {key}"}
    before = service.call(None, "GET", "/accounts", headers=headers)
    assert before.status_code == 403
    assert "新建那天" not in before.text
    with service.store.work(SYSTEM) as work:
        accounts.set_roles(work, "两任", ["auditor", "maintainer"])
    refused = service.call(None, "POST", "/proposals", json={}, headers=headers)
    assert refused.status_code == 403
    assert "这把密钥只有新建那天给它的角色；请重新建一把密钥" in refused.text


def test_no_secret_is_stored_as_it_is(service: Service) -> None:
    from sqlalchemy import text

    secret = service.keys["committee"].split("_", 2)[2]
    with service.store.db.read() as session:
        for table in ("api_keys", "accounts", "logins", "audit_log"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            assert secret not in str(rows)
            assert "password of" not in str(rows)


def test_a_login_is_a_cookie_that_other_sites_cannot_use(service: Service) -> None:
    client = service.client
    given = {"name": "submitter", "password": "password of submitter"}
    assert client.post("/api/v1/session", json={**given, "password": "wrong"}).status_code == 401
    answer = client.post("/api/v1/session", json=given)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert client.get("/api/v1/session").json()["name"] == "submitter"
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        refused = client.post("/api/v1/projects", json=example("r01"), headers=headers)
        assert refused.status_code == 403
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").status_code == 401
    client.cookies.clear()


def test_guessing_passwords_is_slowed_down(service: Service) -> None:
    given = {"name": "auditor", "password": "a wrong password"}
    statuses = [service.client.post("/api/v1/session", json=given).status_code for _ in range(9)]
    assert statuses[:5] == [401] * 5
    assert statuses[-1] == 429
    service.app.state.attempts.forget()


def test_a_blocked_account_is_out_at_once(service: Service) -> None:
    made = service.call("admin", "POST", "/accounts", json={"name": "临时", "roles": ["auditor"]})
    assert made.status_code == 201, made.text
    given = {"name": "临时", "password": made.json()["password"]}
    assert service.client.post("/api/v1/session", json=given).status_code == 200
    blocked = service.call("admin", "PUT", "/accounts/临时/active", json={"active": False})
    assert blocked.status_code == 200
    assert service.client.get("/api/v1/session").status_code == 401
    service.client.cookies.clear()
    unknown = service.call("admin", "POST", "/accounts", json={"name": "x", "roles": ["king"]})
    assert unknown.status_code == 422
    assert "可用" in unknown.text
