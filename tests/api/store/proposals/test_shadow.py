"""An approved draft judges what is decided beside the rules in force, without effect."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import jobs as jobs_module
from api.jobs import Jobs
from api.store import accounts
from api.store.proposals import shadow
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.workbench import CASES, GOOD, Bench, at, bench, dossier

HIGHER = at("25")
HIGHER_CASES = CASES.replace("2000,", "2500,").replace("1999,", "2499,")


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Bench]:
    with bench(database_url, tmp_path / "rulebook") as found:
        with found.service.store.work(SYSTEM) as work:
            accounts.create_account(work, "keeper", "钱维护", ["maintainer"], PASSWORD)
        yield found


def submitted(desk: Bench, **values: Any) -> Any:
    return desk.call("submitter", "POST", "/projects", json=dossier(**values))


def test_what_would_have_differed_is_listed_until_it_is_published(desk: Bench) -> None:
    store = desk.service.store
    submitted(desk, project_id="BEFORE")
    good = GOOD.replace("2000", "2500")
    proposal = desk.draft(criteria=HIGHER, rules_cases=HIGHER_CASES, good=good)
    path = f"/proposals/{proposal}/shadow"
    none = desk.call("maintainer", "GET", path)
    assert (none["running"], none["since"], none["judged"]) == (False, None, 0)
    with store.db.read() as session:
        assert not shadow.waiting(session)
    desk.work()
    desk.call("maintainer", "POST", f"/proposals/{proposal}/submission")
    desk.approve(proposal)
    made = submitted(desk, project_id="P1")
    submitted(desk, project_id="P2", annual_tax=3000)
    assert made["verdict"] == "pass"
    begun = desk.call("maintainer", "GET", path)
    assert (begun["running"], begun["waiting"], begun["judged"]) == (True, 2, 0)
    assert shadow.judge(store.db) == 2
    assert shadow.judge(store.db) == 0
    found = desk.call("publisher", "GET", path)
    assert (found["judged"], found["waiting"], found["differing"]) == (2, 0, 1)
    (one,) = found["items"]
    assert one["ref"] == f"{made['number']}/1"
    assert (one["project_id"], one["old"], one["new"]) == ("P1", "pass", "refer")
    assert one["findings"] == {"positive.tax": "violated"}
    # Nothing that anybody acts on knows of it.
    number = made["number"]
    assert desk.call("committee", "GET", f"/projects/{number}")["verdict"] == "pass"
    keeper = Visitor(desk.service.app).log_in("keeper")
    page = keeper.get(path).text
    assert number in page
    assert "新不符合" in page
    assert f'href="{path}"' in keeper.get(f"/proposals/{proposal}").text
    desk.publish(proposal)
    submitted(desk, project_id="P3")
    assert shadow.judge(store.db) == 0
    over = desk.call("maintainer", "GET", path)
    assert (over["running"], over["judged"], over["differing"]) == (False, 2, 1)


def test_a_draft_that_is_sent_back_stops(desk: Bench) -> None:
    proposal = desk.approved(
        criteria=at("18"), rules_cases=CASES.replace("2000,", "1800,").replace("1999,", "1799,")
    )
    submitted(desk, annual_tax=1900)
    given = {"comment": "再核"}
    desk.call("publisher", "POST", f"/proposals/{proposal}/return", json=given)
    assert shadow.judge(desk.service.store.db) == 0
    assert desk.call("maintainer", "GET", f"/proposals/{proposal}/shadow")["running"] is False


def test_the_worker_sees_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "SHADOW_SECONDS", 0.0)
    with bench(f"sqlite:///{tmp_path}/a.db", tmp_path / "rulebook") as desk:
        swapped = CASES.replace("2000,", "1800,").replace("1999,", "1799,")
        proposal = desk.approved(criteria=at("18"), rules_cases=swapped)
        jobs = Jobs(desk.service.store)
        assert not jobs.shadow()
        submitted(desk, annual_tax=1900)
        assert jobs.shadow()
        end = time.monotonic() + 60
        while jobs.shadow() and time.monotonic() < end:
            time.sleep(0.1)
        found = desk.call("maintainer", "GET", f"/proposals/{proposal}/shadow")
        assert (found["judged"], found["differing"]) == (1, 1)


def test_two_drafts_are_compared_on_the_same_decisions(desk: Bench) -> None:
    for tax in (1700, 1900, 2100):
        submitted(desk, project_id=f"T{tax}", annual_tax=tax)
    one, other = (desk.draft(criteria=at(value)) for value in ("18", "16"))
    path = f"/proposals/{one}/comparison"
    found = desk.call("maintainer", "GET", f"{path}?other={other}")
    assert found["decisions"] == 3
    impact = found["impact"]
    assert impact["findings"] == {"positive.tax": {"met": 1}}
    assert [(t["project_id"], t["old"], t["new"]) for t in impact["touched"]] == [
        ("T1700", "refer", "pass")
    ]
    same = desk.call("maintainer", "GET", f"{path}?other={one}")["impact"]
    assert same["touched_total"] == 0
    desk.refused(404, "maintainer", "GET", f"{path}?other=999")
    broken = desk.draft(criteria="criteria: [\n")
    desk.refused(409, "maintainer", "GET", f"{path}?other={broken}")
    keeper = Visitor(desk.service.app).log_in("keeper")
    page = keeper.get(f"{path}?other={other}").text
    assert "T1700" in page
    assert "T2100" not in page
    assert f'<option value="{other}">' in keeper.get(f"/proposals/{one}").text
