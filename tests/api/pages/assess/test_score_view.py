"""A scorecard on the page: every item with its bar, the total with its grades, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.judging.judge import Judge
from api.pages.assess.score_view import WIDTH, Bar, score_views
from evaluator.rulebook.load import load_directory
from tests.api.pages.visitor import Visitor
from tests.api.support import settings, sqlite_url
from tests.support import ROOT

BOARD = ROOT / "profiles" / "shijiazhuang"
DOSSIER = {
    "project_id": "S1",
    "project_name": "石家庄样例",
    "submitted_on": "2026-01-01",
    "fixed_asset_investment": "10000",
    "land_area": "40",
    "annual_tax": "900",
    "enterprise_title": "provincial",
    "stable_customers": "true",
}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    database = sqlite_url(tmp_path_factory.mktemp("board"))
    made = create_app(settings(database_url=database, rulebook=BOARD, engine="reference"))
    with TestClient(made):
        yield Visitor(made)


def test_bars_show_what_is_got_open_and_lost() -> None:
    judge = Judge(load_directory(BOARD), "reference")
    values: dict[str, Any] = {**DOSSIER, "stable_customers": True}
    (view,) = score_views(judge.judge(judge.read(values)).data, judge.ruleset)
    assert (view.points, view.full, view.grade, view.note) == (
        "77.7 至 80.7",
        "95",
        "附条件通过",
        "附条件",
    )
    assert [i.points for i in view.items] == ["41.67", "27", "5", "4", "0 至 3"]
    assert [i.lost for i in view.items] == ["8.33", "3", "3", "", ""]
    assert view.items[0].bar == Bar(200, 0, 40)
    assert view.items[-1].bar == Bar(0, WIDTH, 0)
    assert [(m.points, m.title) for m in view.marks] == [("75", "通过")]
    for bar in (view.bar, *(i.bar for i in view.items)):
        assert bar is not None
        assert bar.got + bar.open + bar.lost == WIDTH


def test_the_page_and_the_opinion_show_the_card(board: Visitor) -> None:
    page = board.post("/assess/result", DOSSIER).text
    assert "投决会研判：77.7 至 80.7 分，附条件通过（附条件）" in page
    assert page.count('<svg class="bar"') == 6
    assert "亩均投资 41.67 分，满分 50" in page
    opinion = board.post("/assess/opinion", DOSSIER).text
    assert "投决会研判得 77.7 至 80.7 分（满分 95 分），附条件通过（附条件）" in opinion


def test_the_api_says_the_scores(board: Visitor) -> None:
    answer = board.client.post("/api/v1/evaluations", json=DOSSIER)
    assert answer.status_code == 200, answer.text
    (card,) = answer.json()["scores"]
    assert (card["low"], card["high"], card["grade"]) == ("77.7", "80.7", "conditional")
