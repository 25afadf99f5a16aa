"""Pairs of projects that were concluded unlike: who sees them, and what stands beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.workbench import Bench, bench, dossier


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path: Path = tmp_path_factory.mktemp("pairs")
    with bench(f"sqlite:///{path}/a.db", path / "rulebook") as found:
        with found.service.store.work(SYSTEM) as work:
            for name, role in (("chair", "committee"), ("clerk", "submitter"), ("eye", "auditor")):
                accounts.create_account(work, name, name, [role], PASSWORD)
        yield found


def concluded(desk: Bench, outcome: str, reason: str, **values: Any) -> int:
    """A project with a conclusion; its decision."""
    made = desk.call("submitter", "POST", "/projects", json=dossier(**values))
    decision = int(made["decision"])
    view = desk.call("committee", "GET", f"/decisions/{decision}")
    given: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "authority": "会议纪要",
        "document_number": "纪〔2026〕1号",
    }
    unknown = [
        f
        for f in desk.call("committee", "GET", f"/decisions/{decision}/findings")
        if f["status"] == "unknown"
    ]
    if unknown:
        given["undecided"] = len(unknown)
    assert view
    desk.call("committee", "POST", f"/decisions/{decision}/conclusion", json=given)
    return decision


@pytest.fixture(scope="module")
def decisions(desk: Bench) -> dict[str, int]:
    return {
        "better": concluded(desk, "reject", "产业方向不合", project_id="A", annual_tax=2500),
        "worse": concluded(desk, "admit", "同意引进", project_id="B", annual_tax=2100),
        "best": concluded(desk, "admit", "同意", project_id="C", annual_tax=3000),
    }


def test_the_pair_is_told_with_both_reasons(desk: Bench, decisions: dict[str, int]) -> None:
    found = desk.call("auditor", "GET", "/statistics/consistency")
    assert (found["refused"], found["admitted"], found["total"]) == (1, 2, 1)
    (pair,) = found["pairs"]
    assert pair["refused"]["decision"] == decisions["better"]
    assert pair["admitted"]["decision"] == decisions["worse"]
    assert (pair["refused"]["reason"], pair["admitted"]["reason"]) == ("产业方向不合", "同意引进")
    assert pair["better"] == ["positive.tax"]
    desk.refused(403, "submitter", "GET", "/statistics/consistency")
    desk.refused(403, "maintainer", "GET", "/statistics/consistency")


def test_committee_and_auditor_see_the_page(desk: Bench, decisions: dict[str, int]) -> None:
    for name, home in (("chair", "/overview"), ("eye", "/audit")):
        visitor = Visitor(desk.service.app).log_in(name)
        shown = visitor.get("/consistency").text
        assert "产业方向不合" in shown
        assert "同意引进" in shown
        assert f'href="/decisions/{decisions["better"]}"' in shown
        assert f'href="/decisions/{decisions["best"]}"' not in shown
        assert 'href="/consistency"' in visitor.get(home).text
    assert Visitor(desk.service.app).log_in("clerk").get("/consistency").status_code == 403
