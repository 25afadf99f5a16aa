"""A false statement does not get through a proposal; a change of past days needs its own word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.pages.visitor import Visitor
from tests.api.workbench import CASES, FILES, Bench, at, bench, dossier

LOWER_CASES = CASES.replace("2000,", "1800,").replace("1999,", "1799,")
FALSE = FILES["criteria.yaml"].replace("value: 20}", "value: 18}")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path: Path = tmp_path_factory.mktemp("honest")
    with bench(f"sqlite:///{path}/a.db", path / "rulebook") as found:
        yield found


def test_a_value_under_the_same_words_is_not_sent_to_review(desk: Bench) -> None:
    proposal = desk.draft(criteria=FALSE, rules_cases=LOWER_CASES)
    desk.work()
    said = desk.refused(409, "maintainer", "POST", f"/proposals/{proposal}/submission")
    assert "规则集有 1 处错误" in said
    result = desk.call("maintainer", "GET", f"/proposals/{proposal}/checks")["result"]
    (error,) = (p for p in result["check"]["problems"] if p["severity"] == "error")
    assert error["code"] == "E940"
    assert (error["file"], error["subject"]) == ("criteria.yaml", "tax_floor")


def test_past_days_need_the_second_persons_word(desk: Bench) -> None:
    made = desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=1850))
    proposal = desk.draft(criteria=at("18"), rules_cases=LOWER_CASES)
    desk.work()
    path = f"/proposals/{proposal}"
    (change,) = desk.call("maintainer", "GET", f"{path}/checks")["result"]["diff"]["retroactive"]
    assert (change["id"], change["start"]) == ("tax_floor", "2020-01-01")
    assert f"{made['number']}/1" in change["listed"]
    assert change["decisions"] >= 1
    desk.call("maintainer", "POST", f"{path}/submission")
    said = desk.refused(422, "publisher", "POST", f"{path}/approval", json={"comment": "同意"})
    assert "批准人须另外写明为什么可以追溯" in said
    word = {"comment": "同意", "retroactive": "原文 2020 年起即为 18，已核对"}
    reviews = desk.call("publisher", "POST", f"{path}/approval", json=word)["reviews"]
    assert [r["outcome"] for r in reviews] == ["retroactive", "approve"]
    published = desk.publish(proposal)
    assert published["changes"]["retroactive"][0]["decisions"] >= 1
    assert published["changes"]["retroactive_word"]["word"] == "原文 2020 年起即为 18，已核对"
    assert any(
        "更正：原文为 18" in line for e in published["changes"]["entries"] for line in e["lines"]
    )


def test_the_word_is_not_taken_where_nothing_past_changes(desk: Bench) -> None:
    rules = FILES["rules/rules.yaml"].replace("提高税收或核减用地", "提高税收")
    proposal = desk.draft(rules=rules)
    desk.work()
    desk.call("maintainer", "POST", f"/proposals/{proposal}/submission")
    path = f"/proposals/{proposal}/approval"
    said = desk.refused(422, "publisher", "POST", path, json={"retroactive": "可以"})
    assert "没有改以前的标准" in said


def test_the_public_page_tells_both_and_who_let_it(desk: Bench) -> None:
    page = Visitor(desk.service.app).get("/criteria/tax_floor").text
    assert "更正：原文为 18，此前误录为 20" in page
    assert "20 万元/亩/年 → 18 万元/亩/年" in page
    assert "同意追溯的理由：原文 2020 年起即为 18，已核对" in page
