"""What changed in a scorecard, in words, and that impact looks at the rules that rest on it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from evaluator.revision.changed import changed_cards, changed_rules
from evaluator.revision.diff import diff
from evaluator.revision.impact import impact_rows
from evaluator.revision.tally import Row
from evaluator.revision.told import render
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_directory, load_layers
from tests.support import ROOT

PARK = "rules/scorecards/park.yaml"
BOARD = "rules/scorecards/board.yaml"


def changed(name: str, file: str, *swaps: tuple[str, str]) -> tuple[Ruleset, Ruleset]:
    directory = ROOT / "profiles" / name
    layers = []
    for layer, files in read_directory(directory):
        text = files.get(file, "")
        for old, new in swaps:
            assert file not in files or old in text
            text = text.replace(old, new)
        layers.append((layer, {**files, file: text} if file in files else files))
    return load_directory(directory), load_layers(tuple(layers))


@pytest.mark.parametrize(
    ("name", "file", "swap", "said"),
    [
        (
            "shouxian",
            PARK,
            ("at_least: 1000, points: 10}", "at_least: 900, points: 9}"),
            "评分项“年税收”的第 1 档：不低于 1000 万元/年得 10 分 → 不低于 900 万元/年得 9 分",
        ),
        (
            "shouxian",
            PARK,
            ("step: 10, points: -0.1}, steps: whole", "step: 10, points: -0.1}, steps: prorated"),
            "评分项“亩均产值”的第 2 档：其余得 5 分，低于 400 万元/亩/年 的每 10 万元/亩/年 加 -0.1 分"
            "（满一步才算），最少 1 分 → 其余得 5 分，低于 400 万元/亩/年 的每 10 万元/亩/年 加 -0.1 分"
            "（不满一步按比例），最少 1 分",
        ),
        ("shijiazhuang", BOARD, ("cap: 100", "cap: 90"), "总分上限：100 分 → 90 分"),
        (
            "shijiazhuang",
            BOARD,
            ("round: {digits: 1}", "round: {digits: 0, mode: down}"),
            "总分修约：1 位小数，四舍五入 → 0 位小数，舍去",
        ),
        (
            "shijiazhuang",
            BOARD,
            ("      note: 附条件\n", ""),
            "等次“附条件通过”的说明：附条件 → （无）",
        ),
    ],
)
def test_a_change_of_a_card_is_told(name: str, file: str, swap: tuple[str, str], said: str) -> None:
    old, new = changed(name, file, swap)
    (entry,) = [e for e in diff(old, new).entries if e.kind == "scorecard"]
    assert entry.change == "changed"
    assert entry.lines == (said,)


def test_items_and_grades_that_come_and_go_are_told() -> None:
    item = """    - id: chain
      title: 补产业链空白
      full_marks: 3
      departments: [industry]
      points: {condition: {field: chain_role, equals: fills_gap}}
"""
    old, new = changed("shijiazhuang", BOARD, (item, ""))
    (gone,) = [e.lines for e in diff(old, new).entries if e.kind == "scorecard"]
    assert gone[0].startswith("删除评分项“补产业链空白”：类别 基本项，分数范围 0 至 3 分")
    (came,) = [e.lines for e in diff(new, old).entries if e.kind == "scorecard"]
    assert came == (gone[0].replace("删除", "新增"),)


def test_a_new_card_is_told_whole() -> None:
    old = load_directory(ROOT)
    new = load_directory(ROOT / "profiles" / "shijiazhuang")
    (entry,) = [e for e in diff(old, new).entries if e.kind == "scorecard"]
    assert entry.change == "added"
    assert (
        entry.lines[0]
        == "名称：投决会研判；满分：95 分；适用范围：一切项目；总分上限：100 分；总分修约：1 位小数，四舍五入"
    )
    assert len(entry.lines) == 1 + 5 + 3
    assert entry.lines[-1] == "等次“不通过”：条件 其余，结论 不予准入"


def scored(**changes: str) -> Row:
    """A dossier that the board can score."""
    text = (
        '{"project_id":"A","project_name":"A","submitted_on":"2026-06-03",'
        '"dishonest_enterprise":false,"open_penalty":false,"illegal_land_use":false,'
        '"core_licence_held":true,"fixed_asset_investment":9600,"land_area":40,'
        '"annual_tax":600,"enterprise_title":"none","stable_customers":true,"chain_role":"none"}'
    )
    for old, new in changes.items():
        assert f'"{old}":' in text
        text = text.replace(f'"{old}":', new)
    return Row("1" + "".join(changes), text)


def test_points_that_move_are_told_by_both_engines() -> None:
    old, new = changed("shijiazhuang", BOARD, ("full_marks: 4\n", "full_marks: 3\n"))
    assert changed_cards(old, new) == {"board"}
    rows = [scored(), scored(annual_tax='"employees":300,"annual_output":')]
    slow = impact_rows(old, new, rows, "reference")
    fast = impact_rows(old, new, rows, "columnar")
    assert fast == replace(slow, engine=fast.engine, note=fast.note)
    (points,) = slow.touched[0].scores
    assert points.card == "board"
    assert points.way == "lowered"
    assert (steps := points.steps) is not None
    assert max(steps) <= 0
    assert min(steps) >= Fraction(-1)
    assert slow.scores["board"].ways["lowered"] == len([t for t in slow.touched if t.scores])
    assert slow.scores["board"].down == Fraction(-1)
    (board,) = {t.departments for t in slow.touched}
    assert board == new.scorecards["board"].departments
    assert "评分表“投决会研判”：降" in render(slow, new)
    rules = {r: rule for r, rule in old.rules.items() if not r.startswith("scorecard.")}
    gone = impact_rows(old, replace(old, rules=rules, scorecards={}), rows, "reference")
    assert {s.new.low for t in gone.touched for s in t.scores} == {None}


def test_what_moves_points_changes_the_rules_of_the_card() -> None:
    """A card's rules compare its score: nothing in their own text changes with the points."""
    for swap in (
        ("national: 8", "national: 7"),
        ("round: {digits: 1}", "round: {digits: 0}"),
        ("cap: 1}", "cap: 0.9}"),
    ):
        old, new = changed("shijiazhuang", BOARD, swap)
        assert changed_rules(old, new) == {"scorecard.board"}, swap
    old, new = changed("shijiazhuang", BOARD, ("title: 企业称号", "title: 称号"))
    assert changed_rules(old, old) == frozenset()
    assert changed_cards(old, old) == frozenset()
    rows = [scored()]
    stricter = changed("shijiazhuang", BOARD, ("full_marks: 4\n", "full_marks: 1\n"))[1]
    (moved,) = impact_rows(old, stricter, rows).moved
    assert (moved.old, moved.new, moved.rules) == ("pass", "reject", ("scorecard.board",))
