"""POST /evaluations?include=: the parts that are asked for, each as it stands in the whole."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from evaluator.judgement.result import Part
from tests.api.support import example

URL = "/api/v1/evaluations"
HEAD = {"dossier", "verdict", "sentence", "cause", "as_of", "ruleset", "labels"}
HEAD |= {"stage", "routes", "routes_open"}
KEYS = {
    "reasons": "findings",
    "remedy": "counterfactual",
    "questions": "questions",
    "scores": "scores",
    "traces": "traces",
}


@pytest.mark.parametrize(
    "include", ["", "verdict", "reasons", "remedy,questions", "结论，理由、该问的", *Part]
)
def test_each_part_is_that_of_the_whole(stateless: TestClient, include: str) -> None:
    dossier = example("r09")
    whole = stateless.post(URL, json=dossier).json()
    part = stateless.post(URL, json=dossier, params={"include": include}).json()
    words = include.replace("，", ",").replace("、", ",").replace("理由", "reasons")
    asked = {KEYS[w] for w in words.replace("该问的", "questions").split(",") if w in KEYS}
    assert part.keys() == HEAD | asked
    assert {k: v for k, v in part.items() if k in whole} == {
        k: v for k, v in whole.items() if k in part
    }
    if "traces" in part:
        assert [t["finding"] for t in part["traces"]] == whole["findings"]


def test_the_parts_of_one_department(stateless: TestClient) -> None:
    params = {"include": "reasons,traces", "department": "natural_resources"}
    part = stateless.post(URL, json=example("r09"), params=params).json()
    assert part["findings"] == [t["finding"] for t in part["traces"]]
    assert part["findings"]
    assert all("natural_resources" in f["departments"] for f in part["findings"])


def test_a_part_that_there_is_not_is_refused(stateless: TestClient) -> None:
    answer = stateless.post(URL, json=example("d01"), params={"include": "verdict,reason"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["parameter"]) == (422, "A114", "include")
    assert "reasons" in error["hint"]
