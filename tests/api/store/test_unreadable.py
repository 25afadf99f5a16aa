"""A ruleset that this program cannot read: records, accounts and publication go on, and say why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from typer.testing import CliRunner

from api.commands.app import app as cli
from api.store.rulesets import publish
from tests.api.support import ROOT, Service, example, shipped, sqlite_url, unlock


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, int]]:
    """A service that came up with a ruleset in force that reads as another, and one decision."""
    url = sqlite_url(tmp_path_factory.mktemp("broken"))
    with Service(url, rulebook=ROOT / "profiles" / "longchang") as service:
        decision = int(service.submit("r01")["decision"])
        keys, actors = service.keys, service.actors
        with service.store.db.write() as session:
            unlock(session, "rulesets")
            session.execute(
                text("UPDATE rulesets SET layers = replace(layers, '投资强度', '投资密度')")
            )
    with Service(url, seeded=False) as service:
        service.keys, service.actors = keys, actors
        yield service, decision


def test_it_serves_what_does_not_judge(broken: tuple[Service, int]) -> None:
    service, decision = broken
    ready = service.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "limited"
    assert "读出为" in ready.json()["detail"]
    kept = service.call("committee", "GET", f"/decisions/{decision}")
    assert kept.status_code == 200
    assert kept.json()["result"]["verdict"] == kept.json()["verdict"]
    for role, path in (
        ("committee", "/projects"),
        ("committee", "/tasks"),
        ("committee", f"/decisions/{decision}/findings"),
        ("auditor", "/audit/entries"),
        ("committee", "/statistics/verdicts"),
        ("admin", "/accounts"),
        ("maintainer", "/proposals"),
        ("maintainer", "/rulesets"),
    ):
        assert service.call(role, "GET", path).status_code == 200, path
    account = {"name": "li", "display_name": "李", "roles": ["department:ecology"]}
    assert service.call("admin", "POST", "/accounts", json=account).status_code == 201


def test_what_judges_is_refused_and_says_why(broken: tuple[Service, int]) -> None:
    service, decision = broken
    for role, method, path, body in (
        ("submitter", "POST", "/projects", example("r01")),
        (None, "POST", "/evaluations", example("r01")),
        ("committee", "GET", f"/decisions/{decision}/replay", None),
        (None, "GET", "/rules", None),
    ):
        answer = service.call(role, method, path, json=body)
        assert answer.status_code == 503, path
        assert "由不兼容的程序版本存下" in answer.json()["detail"]


def test_pages_say_so(broken: tuple[Service, int]) -> None:
    service, decision = broken
    browser = TestClient(service.app, raise_server_exceptions=False)
    who = {"name": "committee", "password": "password of committee"}
    assert browser.post("/api/v1/session", json=who).status_code < 300
    for path in ("/projects", "/tasks", "/overview", "/account", f"/decisions/{decision}"):
        shown = browser.get(path)
        assert shown.status_code == 200, path
        assert "现在不能评估和提交" in shown.text
    assert "存档的原文" in browser.get(f"/decisions/{decision}").text
    assert browser.get("/assess").status_code == 503


@pytest.mark.soak
def test_the_shipped_rulebook_can_be_published_and_all_is_well_again(
    broken: tuple[Service, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the whole way: checks, cases, proofs, the impact on what was decided, a second person."""
    service, _ = broken
    monkeypatch.setenv("ADMISSION_KEY", service.keys["maintainer"])
    monkeypatch.setenv("ADMISSION_APPROVER_KEY", service.keys["publisher"])
    url = str(service.store.db.url)
    said = ["--title", "换一版", "--reason", "读不出来", "--database-url", url]
    said += ["--retroactive", "原文一直如此"]
    done = CliRunner().invoke(cli, ["db", "publish", str(ROOT), *said])
    assert done.exit_code == 0, done.output
    service.store.rulesets.refresh()
    assert service.store.rulesets.trouble() is None
    assert service.store.rulesets.current().ruleset.identity == shipped().identity
    assert service.client.get("/readyz").json() == {"status": "ok"}


def test_once_another_is_in_force_all_is_well_again(broken: tuple[Service, int]) -> None:
    service, _ = broken
    with service.store.work(service.actors["publisher"]) as work:
        publish(work, shipped(), "service")
    service.store.rulesets.refresh()
    assert service.store.rulesets.trouble() is None
    service.submit("r01")
    assert service.client.get("/readyz").json() == {"status": "ok"}
