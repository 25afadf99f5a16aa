"""One's own account: its keys."""

from __future__ import annotations

import re
from typing import Any

from fastapi.testclient import TestClient

from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import DRAFT, Visitor


def test_a_key_is_made_shown_once_used_and_revoked(app: Any) -> None:
    assert Visitor(app).get("/account").status_code == 401
    visitor = Visitor(app).log_in("clerk")
    refused = visitor.post("/account/keys", {"title": " ", "days": "90"})
    assert refused.status_code == 422
    assert "请写明密钥的用途" in refused.text
    made = visitor.post("/account/keys", {"title": "命令行<b>", "days": "90", "read_only": "1"})
    assert made.status_code == 201
    (key,) = set(re.findall(r"<code>(adk_[0-9a-f]{12}_[\w-]+)</code>", made.text))
    shown = visitor.get("/account").text
    assert key not in shown
    assert "命令行&lt;b&gt;" in shown
    assert "只能查看" in shown
    client = TestClient(app)
    header = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/projects", headers=header).status_code == 200
    assert client.post("/api/v1/projects", headers=header, json=DRAFT).status_code == 403
    (number,) = re.findall(r"/account/keys/(\d+)/revocation", shown)
    assert Visitor(app).log_in("ecology").post(
        f"/account/keys/{number}/revocation", {}
    ).status_code in (403, 404)
    assert "撤销</td>" in visitor.post(f"/account/keys/{number}/revocation", {}).text
    assert client.get("/api/v1/projects", headers=header).status_code == 401


def test_a_key_has_the_roles_that_are_ticked(app: Any) -> None:
    with app.state.store.work(SYSTEM) as work:
        accounts.create_account(work, "both", "孙某", ["auditor", "submitter"], PASSWORD)
    visitor = Visitor(app).log_in("both")
    asked = {"title": "只看审计", "days": "90"}
    none = visitor.post("/account/keys", asked)
    assert (none.status_code, "请选择密钥有哪些角色" in none.text) == (422, True)
    assert visitor.post("/account/keys", {**asked, "roles": "admin"}).status_code == 403
    made = visitor.post("/account/keys", {**asked, "roles": "auditor"})
    (key,) = set(re.findall(r"<code>(adk_[0-9a-f]{12}_[\w-]+)</code>", made.text))
    header = {"Authorization": f"Bearer {key}"}
    assert TestClient(app).get("/api/v1/session", headers=header).json()["roles"] == ["auditor"]
    assert "这个账号最近发生的事" in made.text
