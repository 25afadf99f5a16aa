"""修改: from the form to a proposal, with the cases on the new value; and what the form refuses."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.store import accounts
from api.store.proposals.forms import next_month
from api.store.work import SYSTEM
from api.workdays.china import today
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.workbench import Bench, bench, dossier

START = next_month(today()).isoformat()
FORM = {
    "value-1": "18",
    "start": START,
    "source": "@new",
    "title": "园区修订意见",
    "number": "园〔2026〕3号",
    "clause": "第三条",
    "verified": "1",
    "read_by": "张三",
}
EDIT = "/criteria/tax_floor/edit"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path: Path = tmp_path_factory.mktemp("forms")
    with bench(f"sqlite:///{path}/a.db", path / "rulebook") as found:
        with found.service.store.work(SYSTEM) as work:
            accounts.create_account(work, "keeper", "钱维护", ["maintainer"], PASSWORD)
        found.call("submitter", "POST", "/projects", json=dossier(annual_tax=1900))
        yield found


@pytest.fixture(scope="module")
def keeper(desk: Bench) -> Visitor:
    return Visitor(desk.service.app).log_in("keeper")


def drafted(desk: Bench, answer: Any) -> dict[str, Any]:
    """The checked proposal that a form led to."""
    found = re.search(r"/proposals/(\d+)$", str(answer.url))
    assert found is not None, answer.text
    desk.work()
    number = found[1]
    return {
        "id": int(number),
        "criteria": desk.text("criteria.yaml", int(number)),
        "cases": desk.text("rules/rules.cases.yaml", int(number)),
        **desk.call("maintainer", "GET", f"/proposals/{number}"),
        "result": desk.call("maintainer", "GET", f"/proposals/{number}/checks")["result"],
    }


def test_a_new_value_from_next_month(desk: Bench, keeper: Visitor) -> None:
    page = keeper.get(EDIT).text
    assert 'name="value-1" value="20"' in page
    assert f'value="{START}"' in page
    made = drafted(desk, keeper.post(EDIT, FORM))
    assert made["blockers"] == []
    assert made["title"] == f"亩均税收下限：20 → 18 万元/亩/年，{START} 起"
    assert made["reason"] == "据《园区修订意见》（园〔2026〕3号）第三条"
    day = dt.date.fromisoformat(START)
    assert f"until: {(day - dt.timedelta(days=1)).isoformat()}" in made["criteria"]
    assert f"{today().isoformat()} 由张三核对原文" in made["criteria"]
    assert made["criteria"].startswith("# 测试标准，注释也要留住\n")
    assert made["result"]["diff"]["retroactive"] == []
    added = made["result"]["cases"]["added"]
    assert any("恰为 18 万元/亩/年" in name for name in added)
    assert any("17.99 低于 18 万元/亩/年" in name for name in added)
    assert made["result"]["cases"]["failed"] == 0
    shown = keeper.get(f"/proposals/{made['id']}").text
    assert "新增：" in shown
    # What was received before it is judged as if received on that day.
    impact = made["result"]["impact"]
    assert impact["since"] == START
    assert impact["findings"]["positive.tax"] == {"met": 1}
    assert "都当作那天受理来算" in shown


def test_a_misreading_takes_its_cases_along(desk: Bench, keeper: Visitor) -> None:
    given = {**FORM, "kind": "correction", "correction": "原文为 18，此前误录为 20"}
    made = drafted(desk, keeper.post(EDIT, given))
    assert made["blockers"] == []
    assert "correction: 原文为 18，此前误录为 20" in made["criteria"]
    cases = made["result"]["cases"]
    assert cases["dropped"] == ["亩均税收：不到"] or cases["dropped"]
    assert cases["added"]
    assert made["result"]["diff"]["retroactive"][0]["id"] == "tax_floor"
    assert made["result"]["check"]["errors"] == 0


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"value-1": "20"}, "没有一个数改了"),
        ({"value-1": "十八"}, "不是数"),
        ({"value-1": ""}, "没有填"),
        ({"value-1": "18 吨"}, "吨"),
        ({"start": "2020-06-01"}, "不在今天以后"),
        ({"start": "明天"}, "读不了"),
        ({"title": ""}, "请写明依据的文件"),
        ({"clause": ""}, "请写明第几条"),
        ({"read_by": ""}, "写明是谁核对的"),
        ({"source": "nowhere"}, "请选择依据的文件"),
        ({"source": "law"}, "依据没有改"),
        ({"kind": "correction"}, "请写明以前怎样读错了"),
    ],
)
def test_what_the_form_refuses(keeper: Visitor, over: dict[str, str], said: str) -> None:
    """The falsehood too: another value under the same document and clause."""
    answer = keeper.post(EDIT, {**FORM, **over})
    assert answer.status_code == 422
    assert said in answer.text
    # What was typed is still there.
    assert 'value="园〔2026〕3号"' in answer.text


def test_a_rules_effect_departments_and_wording(desk: Bench, keeper: Visitor) -> None:
    path = "/rules/positive.tax/edit"
    page = keeper.get(path).text
    assert 'name="title"' in page
    rule = desk.service.app.state.judges.current().ruleset.rules["positive.tax"]
    given = {
        "title": rule.title,
        "effect": "reject",
        "departments": "industry",
        "message": rule.message,
        "remedy": "提高税收",
        "note": "",
        "from": "",
        "until": "",
        "reason": "据园区修订意见第五条",
    }
    answer = keeper.post(path, {**given, "reason": ""})
    assert answer.status_code == 422
    assert "请写明为什么改" in answer.text
    answer = keeper.post(path, given)
    found = re.search(r"/proposals/(\d+)$", str(answer.url))
    assert found is not None, answer.text
    desk.work()
    result = desk.call("maintainer", "GET", f"/proposals/{found[1]}/checks")["result"]
    (entry,) = result["diff"]["entries"]
    assert entry["id"] == "positive.tax"
    assert any("不予准入" in line for line in entry["lines"])
    assert any("责任部门" in line for line in entry["lines"])


def test_who_may_not_draft_sees_no_form(desk: Bench) -> None:
    visitor = Visitor(desk.service.app)
    assert f'href="{EDIT}"' not in visitor.get("/criteria/tax_floor").text
    assert visitor.get(EDIT).status_code == 401
