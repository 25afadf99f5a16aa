"""The canonical result: its sentence, its bytes, and what of it is a judgement."""

from __future__ import annotations

import datetime as dt
import json
from collections import namedtuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.judgement.result import canonical_bytes, digest, judgement, result, sentence
from evaluator.rulebook.verdict import Status
from tests.support import good, judge, ruleset_of

RULESET = ruleset_of()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "准入：各项要求均已满足，为好项目。"),
        ({"annual_tax": 1}, "提交会审：1 项正面标准未达到。"),
        ({"annual_tax": None}, "提交会审：1 项因材料不足不能判断。"),
        (
            {"annual_tax": 1, "two_high": None},
            "提交会审：1 项正面标准未达到，1 项因材料不足不能判断。",
        ),
    ],
)
def test_the_sentence_counts_what_stands_in_the_way(changes: dict[str, Any], said: str) -> None:
    assert sentence(judge(RULESET, **good(**changes))) == said


def test_a_reject_names_its_rules() -> None:
    evaluation = judge(RULESET, **good(industry_code="C2511"))
    titles = "、".join(RULESET.rules[i].title for i in evaluation.blocking[:1])
    assert sentence(evaluation) == f"不予准入：触及 1 项否决项（{titles}）。"


# Every kind of text: controls, quotes, line separators, beyond the basic plane, halves of pairs.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=6)
ODD = st.sampled_from(["", "\0\x1f\x7f\u2028", '"\\/', "😀é", "\ud800", "2000/3", "-0.50"])
INTEGERS = st.integers() | st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**40])
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS | ODD,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS | ODD, inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(data=JSON)
def test_bytes_are_those_of_the_standard_library(data: Any) -> None:
    try:
        text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            canonical_bytes(data)
    else:
        assert canonical_bytes(data) == text


def test_bytes_of_what_only_the_standard_library_writes() -> None:
    point = namedtuple("point", "x y")(Status.UNKNOWN, 2**70)
    assert canonical_bytes({"a": point}) == b'{"a":["unknown",1180591620717411303424]}'
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    assert canonical_bytes(deep) == b"[" * 300 + b'"x"' + b"]" * 300
    for other in (dt.date(2026, 1, 1), point.__class__):
        with pytest.raises(TypeError):
            canonical_bytes({"a": other})


def test_bytes_are_sorted_utf8_without_spaces() -> None:
    data = {"乙": [1, None], "甲": "“”", "a": {"c": True, "b": "x y"}}
    assert canonical_bytes(data).decode() == '{"a":{"b":"x y","c":true},"乙":[1,null],"甲":"“”"}'
    assert digest(data) == digest(json.loads(canonical_bytes(data)))
    assert digest(data) != digest({**data, "d": 1})


def test_a_judgement_has_no_words() -> None:
    data = result(judge(RULESET, **good(annual_tax=1)))
    decided = judgement(data)
    assert decided["verdict"] == "refer"
    assert decided["undecided"] is False
    worded = {
        **data,
        "sentence": "换一种说法",
        "counterfactual": None,
        "findings": [
            {**f, "message": "另一句", "remedy": None, "basis": []} for f in data["findings"]
        ],
    }
    assert judgement(worded) == decided
    other = {**data, "findings": [{**f, "status": "satisfied"} for f in data["findings"]]}
    assert judgement(other) != decided
