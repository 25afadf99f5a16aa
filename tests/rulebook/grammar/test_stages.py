"""``stages.yaml`` and ``due``: what is read, and what is refused at its place."""

from __future__ import annotations

import pytest

from evaluator.problems.errors import RulebookError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers
from evaluator.rulebook.stage import STANDARD
from tests.judgement.rules import rule
from tests.support import CRITERIA, METRICS

WORDS = "{pass: 过, refer: 等, reject: 退}"
TWO = f"""
- {{id: first, title: 初审, words: {WORDS}}}
- {{id: second, title: 终审, words: {WORDS}, fields: [enterprise_name], note: 说明}}
"""


def load(stages: str | None, due: str | None = None, **layers: str) -> Ruleset:
    more = f"due: {due}" if due else ""
    files = {
        "criteria.yaml": CRITERIA,
        "rules/metrics.yaml": METRICS,
        "rules/all.yaml": rule("{metric: land_tax, at_least: 20}", more=more),
    }
    if stages is not None:
        files["rules/stages.yaml"] = stages
    top = tuple(
        (
            name,
            {
                "criteria.yaml": "language: 1\nprofile: {id: x, title: 县, extends: base}\n",
                "rules/stages.yaml": text,
            },
        )
        for name, text in layers.items()
    )
    return load_layers((("base", files), *top))


def test_a_rulebook_names_its_stages_in_their_order() -> None:
    ruleset = load(TWO, "second")
    assert [(s.id, s.title, s.fields) for s in ruleset.stages] == [
        ("first", "初审", ()),
        ("second", "终审", ("enterprise_name",)),
    ]
    assert ruleset.staged
    assert ruleset.rules["positive.a"].due == "second"


def test_without_a_word_of_stages_there_are_the_standard_ones() -> None:
    plain, due = load(None), load(None, "lead")
    assert (plain.stages, plain.staged) == (STANDARD, False)
    assert (due.stages, due.staged) == (STANDARD, True)
    assert plain.rules["positive.a"].due == "review"
    assert plain.identity != due.identity


def test_a_rule_that_names_no_stage_is_due_at_the_review_or_at_the_first() -> None:
    assert load(TWO).rules["positive.a"].due == "first"
    three = TWO + f"- {{id: review, title: 会审, words: {WORDS}}}\n"
    assert load(three).rules["positive.a"].due == "review"


def test_a_profile_replaces_the_stages_of_what_it_extends() -> None:
    one = f"- {{id: first, title: 一审, words: {WORDS}}}\n"
    ruleset = load(TWO, "first", county=one)
    assert [s.title for s in ruleset.stages] == ["一审"]
    with pytest.raises(RulebookError, match="“due”不能是“second”"):
        load(TWO, "second", county=one)


@pytest.mark.parametrize(
    ("stages", "code", "said"),
    [
        ("{a: 1}", "E202", "环节文件应是列表"),
        ("[]", "E201", "环节文件是空的"),
        ("- 甲", "E202", "环节应是键值表"),
        (f"- {{id: A1, title: 甲, words: {WORDS}}}", "E312", "环节的名字“A1”不合写法"),
        ("- {id: a, title: 甲, words: {pass: 过, refer: 等}}", "E201", "缺少“reject”"),
        ("- {id: a, title: 甲, words: {pass: 过, refer: 等, rejct: 退}}", "E204", "rejct"),
        (TWO + f"- {{id: first, title: 又一个, words: {WORDS}}}", "E302", "环节“first”重复"),
        (f"- {{id: a, title: 甲, words: {WORDS}, fields: [tax]}}", "E301", "没有字段“tax”"),
        (f"- {{id: a, title: 甲, words: {WORDS}, colour: 红}}", "E204", "没有“colour”这一项"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(stages: str, code: str, said: str) -> None:
    with pytest.raises(RulebookError) as caught:
        load(stages)
    found = [p for p in caught.value.problems if p.code == code]
    assert any(said in p.message for p in found), caught.value
    assert all(p.place.source.name == "rules/stages.yaml" for p in found)


def test_a_stage_that_no_one_named_is_refused_with_those_there_are() -> None:
    with pytest.raises(RulebookError) as caught:
        load(TWO, "secnd")
    (problem,) = caught.value.problems
    assert (problem.code, "second" in (problem.hint or "")) == ("E203", True)
    assert problem.place.source.name == "rules/all.yaml"
