"""Proposals: what they show, who may do what, what stops them, and what two of them do together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import audit
from api.store.proposals.merging import merge_lines
from tests.api.support import sqlite_url
from tests.api.workbench import CASES, FILES, INVARIANTS, Bench, at, bench, dossier

LOWER = at("18")
LOWER_CASES = CASES.replace("2000,", "1800,").replace("1999,", "1799,")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    with bench(sqlite_url(tmp_path), tmp_path / "rulebook") as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """For tests that publish nothing."""
    path = tmp_path_factory.mktemp("shared")
    with bench(sqlite_url(path), path / "rulebook") as found:
        yield found


def test_a_proposal_shows_everything_it_does(desk: Bench) -> None:
    desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=1850))
    desk.call("submitter", "POST", "/projects", json=dossier())
    proposal = desk.draft(criteria=LOWER, rules_cases=LOWER_CASES)
    waiting = desk.call("publisher", "GET", f"/proposals/{proposal}")
    assert waiting["run"]["label"] == "排队"
    assert waiting["blockers"] == ["检查还没有完成（排队）"]
    desk.work()
    run = desk.call("publisher", "GET", f"/proposals/{proposal}/checks")
    assert (run["label"], run["current"]) == ("完成", True)
    result = run["result"]
    assert result["check"]["errors"] == 0
    assert (result["cases"]["total"], result["cases"]["failed"]) == (5, 0)
    assert "20" in result["diff"]["text"]
    assert "18" in result["diff"]["text"]
    assert result["diff"]["touched"] == ["criterion:tax_floor"]
    assert result["proof"]["broken"] == []
    assert {a["subjects"][0] for a in result["proof"]["answers"] if a["check"] == "invariant"} == {
        "bad_industry_rejected",
        "low_tax_never_passes",
    }
    impact = result["impact"]
    assert impact["matrix"] == [
        {"old": "pass", "new": "pass", "count": 1},
        {"old": "refer", "new": "pass", "count": 1},
    ]
    moved = impact["moved"][0]
    assert moved["ref"].startswith("ZR")
    assert moved["rules"] == ["positive.tax"]
    assert impact["departments"] == {"tax": 1}
    assert desk.call("publisher", "GET", f"/proposals/{proposal}")["blockers"] == []


def test_the_whole_way_by_two_people(desk: Bench) -> None:
    first = desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=1850))
    assert first["verdict"] == "refer"
    proposal = desk.draft(criteria=LOWER, rules_cases=LOWER_CASES)
    path = f"/proposals/{proposal}"
    desk.work()
    said = desk.refused(409, "publisher", "POST", f"{path}/approval", json={})
    assert "不在待审" in said
    desk.call("maintainer", "POST", f"{path}/submission")
    desk.call("publisher", "POST", f"{path}/comments", json={"comment": "依据呢？"})
    desk.approve(proposal, comment="同意")
    made = desk.publish(proposal, reason="第三条修订")
    assert made["state"] == "in_force"
    assert (made["drafted_by"], made["approved_by"]) == ("maintainer", "publisher")
    assert "18" in made["changes"]["text"]
    second = desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=1850))
    assert second["verdict"] == "pass"
    assert second["ruleset"] == made["identity"] != first["ruleset"]
    log = desk.call("auditor", "GET", "/audit/entries?limit=200")
    actions = [e["action"] for e in log["items"]]
    for action in ("create", "edit", "checked", "submit", "comment", "approve", "publish"):
        assert f"proposal.{action}" in actions
    with desk.service.store.db.read() as session:
        assert audit.verify(session)[1] == ()
    listed = desk.call("submitter", "GET", "/rulesets")["items"]
    assert [p["state"] for p in listed] == ["in_force", "past"]
    assert listed[0]["reason"] == "第三条修订"


def test_whoever_had_a_hand_in_it_is_no_second_person(shared: Bench) -> None:
    both = shared.draft("maintainer:both", criteria=LOWER, rules_cases=LOWER_CASES)
    shared.work()
    shared.call("maintainer:both", "POST", f"/proposals/{both}/submission")
    said = shared.refused(403, "maintainer:both", "POST", f"/proposals/{both}/approval", json={})
    assert "另一人" in said
    shared.refused(403, "maintainer", "POST", f"/proposals/{both}/approval", json={})
    # One who only corrected a word has a hand in it too.
    other = shared.draft("maintainer", criteria=LOWER)
    shared.edit(other, "maintainer:both", rules_cases=LOWER_CASES)
    shared.work()
    shared.call("maintainer", "POST", f"/proposals/{other}/submission")
    shared.refused(403, "maintainer:both", "POST", f"/proposals/{other}/approval", json={})
    shared.approve(other)
    shared.refused(403, "maintainer:both", "POST", f"/proposals/{other}/publication", json={})


BROKEN = {
    "an error": ({"criteria": LOWER.replace("kind: floor", "kind: flor")}, "处错误"),
    "a failing case": ({"criteria": LOWER}, "案例不通过"),
    "a dossier case": ({"good": FILES["examples/good.yaml"].replace("2000", "10")}, "案例不通过"),
    "a broken invariant": (
        {
            "criteria": at("10"),
            "rules_cases": CASES.replace("2000,", "1000,").replace("1999,", "999,"),
        },
        "low_tax_never_passes",
    ),
    "an invariant dropped and broken": (
        {
            "criteria": at("10"),
            "rules_cases": CASES.replace("2000,", "1000,").replace("1999,", "999,"),
            "invariants": INVARIANTS.split("- id: low_tax")[0],
        },
        "low_tax_never_passes",
    ),
    "an invariant rewritten and broken": (
        {
            "criteria": at("10"),
            "rules_cases": CASES.replace("2000,", "1000,").replace("1999,", "999,"),
            "invariants": INVARIANTS.replace('"15 ', '"5 '),
        },
        "low_tax_never_passes@原文",
    ),
    "nothing changed": ({}, "没有不同"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_what_cannot_be_published(shared: Bench, name: str) -> None:
    files, expected = BROKEN[name]
    proposal = shared.draft(**files)
    shared.work()
    found = shared.call("maintainer", "GET", f"/proposals/{proposal}")["blockers"]
    assert any(expected in b for b in found), found
    said = shared.refused(409, "maintainer", "POST", f"/proposals/{proposal}/submission")
    assert expected in said
    shared.refused(409, "publisher", "POST", f"/proposals/{proposal}/publication", json={})


def test_an_invariant_is_waived_by_name_with_a_reason(desk: Bench) -> None:
    files, _ = BROKEN["a broken invariant"]
    proposal = desk.draft(**files)
    desk.work()
    path = f"/proposals/{proposal}"
    waiver = f"{path}/waivers/low_tax_never_passes"
    desk.refused(422, "maintainer", "PUT", waiver, json={"reason": " "})
    desk.refused(422, "maintainer", "PUT", f"{path}/waivers/other", json={"reason": "随便"})
    desk.call("maintainer", "PUT", waiver, json={"reason": "试点园区另有规定"})
    desk.call("maintainer", "POST", f"{path}/submission")
    desk.approve(proposal)
    # Taking it back undoes the approval.
    desk.call("maintainer", "DELETE", waiver)
    desk.refused(409, "publisher", "POST", f"{path}/publication", json={})
    desk.call("maintainer", "PUT", waiver, json={"reason": "试点园区另有规定"})
    desk.call("maintainer", "POST", f"{path}/submission")
    desk.approve(proposal)
    made = desk.publish(proposal)
    assert made["waivers"] == [
        {"invariant": "low_tax_never_passes", "reason": "试点园区另有规定", "by": "maintainer"}
    ]


def test_an_edit_after_approval_needs_another(shared: Bench) -> None:
    proposal = shared.approved(criteria=LOWER, rules_cases=LOWER_CASES)
    shared.edit(proposal, labels="# 改\n" + FILES["rules/labels.yaml"].lstrip())
    shared.work()
    said = shared.refused(409, "publisher", "POST", f"/proposals/{proposal}/publication", json={})
    assert "批准后才能发布" in said
    stale = {"revision": 1, "edits": [{"path": "criteria.yaml", "text": ""}]}
    said = shared.refused(409, "maintainer", "PUT", f"/proposals/{proposal}/files", json=stale)
    assert "第 1 稿" in said


def test_two_proposals_on_one_criterion_conflict(desk: Bench) -> None:
    lower = desk.approved(criteria=LOWER, rules_cases=LOWER_CASES)
    raised = at("25")
    raised_cases = CASES.replace("2000,", "2500,").replace("1999,", "2499,")
    raise_ = desk.approved(
        "maintainer:other",
        criteria=raised,
        rules_cases=raised_cases,
        good=FILES["examples/good.yaml"].replace("2000", "3000"),
    )
    rivals = desk.call("auditor", "GET", f"/proposals/{lower}")["rivals"]
    assert [(r["proposal"], r["both"]) for r in rivals] == [(raise_, ["criterion:tax_floor"])]
    desk.publish(lower)
    shown = desk.call("auditor", "GET", f"/proposals/{raise_}")
    assert shown["stale"]
    said = desk.refused(409, "publisher", "POST", f"/proposals/{raise_}/publication", json={})
    assert "criterion:tax_floor" in said
    rebased = desk.call("maintainer:other", "POST", f"/proposals/{raise_}/rebase")
    assert "criterion:tax_floor" in rebased["overlap"]
    assert "file:criteria.yaml" in rebased["overlap"]
    assert (rebased["state"], rebased["stale"]) == ("draft", False)
    merged = desk.text("criteria.yaml", raise_)
    assert "<<<<<<< 本提案\n" in merged
    desk.work()
    found = desk.call("auditor", "GET", f"/proposals/{raise_}")["blockers"]
    assert any("处错误" in b for b in found)
    desk.edit(raise_, "maintainer:other", criteria=raised, rules_cases=raised_cases)
    desk.work()
    desk.call("maintainer:other", "POST", f"/proposals/{raise_}/submission")
    desk.approve(raise_)
    text = desk.publish(raise_)["changes"]["text"]
    assert "18" in text
    assert "25" in text


def test_proposals_on_different_rules_merge(desk: Bench) -> None:
    one = desk.approved(criteria=LOWER, rules_cases=LOWER_CASES)
    rules = FILES["rules/rules.yaml"].replace("提高税收或核减用地", "提高税收")
    two = desk.approved("maintainer:other", rules=rules)
    desk.publish(one)
    rebased = desk.call("maintainer:other", "POST", f"/proposals/{two}/rebase")
    assert rebased["overlap"] == []
    assert desk.text("criteria.yaml", two) == LOWER
    assert desk.text("rules/rules.yaml", two) == rules
    desk.refused(409, "publisher", "POST", f"/proposals/{two}/publication", json={})
    desk.work()
    desk.call("maintainer:other", "POST", f"/proposals/{two}/submission")
    desk.approve(two)
    desk.publish(two)


MERGES = [
    ("a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nc\nD\n", "a\nB\nc\nD\n"),
    ("a\nb\nc\n", "a\nb\nc\n", "x\na\nb\nc\n", "x\na\nb\nc\n"),
    ("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n"),
    ("a\nb\nc\n", "a\nX\nc\n", "a\nX\nc\n", "a\nX\nc\n"),
    ("a\nb\n", "a\nX\n", "a\nY\n", "a\n<<<<<<< 本提案\nX\n=======\nY\n>>>>>>> 已发布\n"),
    ("", "x\n", "y\n", "<<<<<<< 本提案\nx\n=======\ny\n>>>>>>> 已发布\n"),
]


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), MERGES)
def test_merging_by_lines(base: str, ours: str, theirs: str, expected: str) -> None:
    assert merge_lines(base, ours, theirs) == expected


def test_files_come_back_letter_by_letter(desk: Bench) -> None:
    odd = "# 注释\r\n" + FILES["rules/labels.yaml"].lstrip() + "\n\n# 尾注，没有换行"
    proposal = desk.approved(labels=odd)
    made = desk.publish(proposal)
    found = desk.call("submitter", "GET", f"/rulesets/{made['id']}/files")
    texts = {f["path"]: f["text"] for f in found}
    assert texts == {**FILES, "rules/labels.yaml": odd}
    bad = {"revision": 2, "edits": [{"path": "../x.yaml", "text": ""}]}
    desk.refused(
        422, "maintainer", "PUT", f"/proposals/{desk.draft()}/files", json={**bad, "revision": 1}
    )


def test_on_postgresql_too(database_url: str, tmp_path: Path) -> None:
    with bench(database_url, tmp_path / "rulebook") as desk:
        made = desk.publish(desk.approved(criteria=LOWER, rules_cases=LOWER_CASES))
        found = desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=1850))
        assert found["ruleset"] == made["identity"]
