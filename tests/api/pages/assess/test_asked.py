"""The questions on the verdict page and in the opinion, and the stage that a trial is judged at."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from docx import Document
from fastapi.testclient import TestClient

from api.judging.judge import Judge
from api.pages.assess.asked import asked_of
from api.pages.assess.cases import trial
from api.pages.assess.opinion import opinion_context, opinion_docx
from tests.api.pages.visitor import Visitor
from tests.api.support import example, shipped

JUDGE = Judge(shipped(), "reference")


def at(stem: str, stage: str) -> Any:
    return trial(JUDGE, JUDGE.read(example(stem)), stage)


def test_what_is_needed_stands_apart_from_what_may_matter() -> None:
    asked = at("r20", "lead").asked
    assert (asked.stage, asked.word) == ("线索初筛", "补充后再看")
    assert dict(asked.needed)["申报企业"] == (("固定资产投资", False),)
    assert asked.count == 6
    assert asked.total - asked.known == asked.count
    assert len(asked.later) > 30


def test_after_a_reject_the_page_says_that_no_answer_helps() -> None:
    case = at("r15", "lead")
    assert (case.asked.count, case.asked.later, case.word) == (0, (), "不予跟进")
    assert "改变不了结论" in case.asked.note
    assert opinion_context(case)["asked"] == ["已有否决事项，补充材料改变不了结论。"]


def test_the_opinion_names_what_to_hand_in_first() -> None:
    context = opinion_context(at("r20", "lead"))
    assert (context["verdict"], context["stage"]) == ("补充后再看", "线索初筛")
    assert "结论还等以下 6 项" in context["asked"][0]


def test_the_word_file_says_what_the_page_says() -> None:
    case = at("r20", "lead")
    case = replace(
        case,
        asked=replace(
            case.asked, routes=("招商专班（5 个工作日）", "市政府"), routes_open=("要看总投资",)
        ),
    )
    said = [p.text for p in Document(io.BytesIO(opinion_docx(case))).paragraphs]
    context = opinion_context(case)
    assert any(line.endswith("（线索初筛环节）") for line in said)
    assert context["routes"] == ["审定层级：招商专班（5 个工作日），再到市政府。", "要看总投资。"]
    first = said.index("二、不符合的事项和依据")
    assert said[first - 2 : first] == context["routes"]
    third = said.index("三、需要补充的材料")
    assert said[third + 1 : third + 1 + len(context["asked"])] == context["asked"]
    assert len(context["asked"]) == 2
    assert not any("{" in line for line in said)


def test_a_result_of_a_rulebook_without_stages_has_none() -> None:
    data = {k: v for k, v in JUDGE.judge(JUDGE.read(example("r20"))).data.items() if k != "stage"}
    assert asked_of(data, JUDGE.ruleset, frozenset()) is None


def test_the_page_asks_first_what_matters_at_the_stage_that_is_chosen(
    stateless: TestClient,
) -> None:
    visitor = Visitor(stateless.app)
    typed = {
        name: str(value) for name, value in example("r20").items() if isinstance(value, (str, int))
    }
    lead = visitor.post("/assess/result", {**typed, "_stage": "lead"}).text
    assert "先问这" in lead
    assert "补充后再看" in lead
    assert 'name="_stage" value="lead"' in lead
    assert visitor.post("/assess/result", {**typed, "_stage": "leed"}).status_code == 422
    assert "试算按哪个环节" in visitor.post("/assess/confirm", typed).text
