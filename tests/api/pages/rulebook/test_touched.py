"""Each count of a proposal's impact opens: over the API, on a page, as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.workbench import Bench, at, bench, dossier


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path: Path = tmp_path_factory.mktemp("touched")
    with bench(f"sqlite:///{path}/a.db", path / "rulebook") as found:
        with found.service.store.work(SYSTEM) as work:
            accounts.create_account(work, "keeper", "钱维护", ["maintainer"], PASSWORD)
        yield found


@pytest.fixture(scope="module")
def proposal(desk: Bench) -> int:
    """A floor raised tenfold over three projects, of which one was referred before."""
    for number, more in enumerate(
        ({"employees": 80}, {"industry_code": None}, {"annual_tax": 100}), 1
    ):
        given = dossier(project_id=f"P{number}", **more)
        desk.call("submitter", "POST", "/projects", json=given)
    made = desk.draft(criteria=at("200"))
    desk.work()
    return made


def test_a_change_under_the_same_verdict_opens(desk: Bench, proposal: int) -> None:
    path = f"/proposals/{proposal}"
    impact = desk.call("maintainer", "GET", f"{path}/checks")["result"]["impact"]
    assert impact["findings"] == {"positive.tax": {"violated": 2}}
    assert (impact["moved_total"], impact["touched_total"]) == (1, 2)
    by_rule = f"{path}/touched?rule=positive.tax&change=violated"
    found = desk.call("maintainer", "GET", by_rule)
    assert (found["total"], found["listed"]) == (2, 2)
    assert [(t["project_id"], t["old"], t["new"]) for t in found["items"]] == [
        ("P1", "pass", "refer"),
        ("P2", "refer", "refer"),
    ]
    assert found["items"][0]["amounts"]["employees"] == "80"
    for query, wanted in {
        "change=met": [],
        "rule=negative.industry": [],
        "industry=C39": ["P1"],
        "industry=未填": ["P2"],
        "department=tax": ["P1", "P2"],
        "department=ecology": [],
        "old=refer": ["P2"],
        "old=pass&new=refer": ["P1"],
        "card=board": [],
        "way=raised": [],
    }.items():
        listed = desk.call("maintainer", "GET", f"{path}/touched?{query}")["items"]
        assert [t["project_id"] for t in listed] == wanted, query
    desk.refused(422, "maintainer", "GET", f"{path}/touched?change=better")
    desk.refused(404, "maintainer", "GET", "/proposals/999/touched")


def test_the_page_links_each_count_to_its_projects(desk: Bench, proposal: int) -> None:
    keeper = Visitor(desk.service.app).log_in("keeper")
    shown = keeper.get(f"/proposals/{proposal}").text
    for link, words in (
        ("rule=positive.tax&amp;change=violated", "2"),
        ("old=refer&amp;new=refer", "仍为提交会审 1 次"),
        ("department=tax", "税务部门 2 次"),
        ("industry=C39", "C39 1 次"),
    ):
        assert f'<a href="/proposals/{proposal}/touched?{link}">{words}</a>' in shown
    assert "就业人数 80 人（1 份填了）" in shown
    opened = keeper.get(f"/proposals/{proposal}/touched?industry=C39").text
    assert "P1" in opened
    assert "P2" not in opened
    assert "新不符合" in opened
    none = keeper.get(f"/proposals/{proposal}/touched?rule=no.such").text
    assert "没有这样的项目" in none
    file = keeper.get(f"/proposals/{proposal}/touched.xlsx?old=refer")
    cells = [
        c for row in load_workbook(io.BytesIO(file.content))["有变动的项目"].values for c in row
    ]
    assert "P2" in cells
    assert "P1" not in cells
