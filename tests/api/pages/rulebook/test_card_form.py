"""修改 a scorecard: from its page over the form to a proposal whose cases follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.workbench import Bench, bench

CARD = """# 注释留住
- id: small
  title: 小评分表
  full_marks: 10
  departments: [tax]
  basis: [{criterion: tax_floor}]
  remedy: 提高税收
  items:
    - id: tax
      title: 年税收
      full_marks: 10
      departments: [tax]
      points:
        bands: annual_tax
        rows:
          - {at_least: 2000, points: 10}
          - {points: 2}
  grades:
    - {id: good, title: 好, at_least: 5, verdict: pass}
    - {id: poor, title: 差, verdict: refer}
"""
CASES = """- {rule: scorecard.small, name: 满分, expect: satisfied, points: 10, grade: good, dossier: {annual_tax: 2000}}
- {rule: scorecard.small, name: 低档, expect: violated, points: 2, grade: poor, dossier: {annual_tax: 1500}}
"""
EDIT = "/scorecards/small/edit"
FORM = {"tax.new_bound": "1000", "tax.new_points": "6", "reason": "园区会议纪要第二条"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path: Path = tmp_path_factory.mktemp("cards")
    cards = path / "rulebook" / "rules" / "scorecards"
    cards.mkdir(parents=True)
    (cards / "small.yaml").write_text(CARD, "utf-8")
    (cards / "small.cases.yaml").write_text(CASES, "utf-8")
    with bench(f"sqlite:///{path}/a.db", path / "rulebook") as found:
        with found.service.store.work(SYSTEM) as work:
            accounts.create_account(work, "keeper", "钱维护", ["maintainer"], PASSWORD)
        yield found


@pytest.fixture(scope="module")
def keeper(desk: Bench) -> Visitor:
    return Visitor(desk.service.app).log_in("keeper")


def test_a_band_is_added_from_the_page_of_the_card(desk: Bench, keeper: Visitor) -> None:
    assert f'href="{EDIT}"' in keeper.get("/rules/scorecard.small").text
    form = keeper.get(EDIT).text
    assert 'name="items.tax.points.rows.0.at_least" value="2000"' in form
    assert 'name="tax.new_bound"' in form
    answer = keeper.post(EDIT, FORM)
    found = re.search(r"/proposals/(\d+)$", str(answer.url))
    assert found is not None, answer.text
    desk.work()
    number = int(found[1])
    card = desk.text("rules/scorecards/small.yaml", number)
    rows = "- {at_least: 2000, points: 10}\n          - {at_least: 1000, points: 6}\n          - {points: 2}"
    assert rows in card
    assert card.startswith("# 注释留住\n")
    view = desk.call("maintainer", "GET", f"/proposals/{number}")
    assert view["title"] == "评分表“小评分表”：年税收加一档：不低于 1000 得 6 分"
    assert view["blockers"] == []
    cases = desk.call("maintainer", "GET", f"/proposals/{number}/checks")["result"]["cases"]
    assert (cases["failed"], cases["adjusted"]) == (0, ["小评分表：低档"])
    assert "points: 6, grade: good" in desk.text("rules/scorecards/small.cases.yaml", number)
    shown = keeper.get(f"/proposals/{number}").text
    assert "改了期望：小评分表：低档" in shown


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"reason": ""}, "请写明为什么改"),
        ({"tax.new_points": ""}, "要写界限和得分"),
        ({"tax.new_bound": "", "tax.new_points": ""}, "没有一个数改了"),
        ({"full_marks": ""}, "没有填"),
        ({"full_marks": "九"}, "不是数"),
        ({"tax.new_bound": "很多"}, "不是数"),
    ],
)
def test_what_cannot_be_is_told_in_the_form(
    keeper: Visitor, over: dict[str, str], said: str
) -> None:
    answer = keeper.post(EDIT, {**FORM, **over})
    assert answer.status_code == 422
    assert said in answer.text


def test_the_editor_of_a_proposal_opens_at_the_place(desk: Bench, keeper: Visitor) -> None:
    changed = CARD.replace("points: 2}", "points: 3}")
    made = desk.call("maintainer", "POST", "/proposals", json={"title": "改", "reason": "因为"})
    edit = {"layer": "base", "path": "rules/scorecards/small.yaml", "text": changed}
    path = f"/proposals/{made['id']}"
    desk.call("maintainer", "PUT", f"{path}/files", json={"revision": 1, "edits": [edit]})
    desk.work()
    file = f"{path}/file?layer=base&file=rules/scorecards/small.yaml"
    line = changed[: changed.index("points: 3}")].count("\n") + 1
    assert f'data-open="{line}"' in keeper.get(file).text
    assert 'data-open="4"' in keeper.get(f"{file}&line=4").text
    # A case that fails leads to its line.
    case = "file=rules/scorecards/small.cases.yaml&amp;line=2"
    assert case.replace("/", "%2F") in keeper.get(path).text or case in keeper.get(path).text
