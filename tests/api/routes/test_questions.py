"""A dossier judged at a stage through the API, and what to ask next."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from evaluator.dossier.dossier import make_profile
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import canonical_bytes, result
from tests.api.support import example, shipped

URL = "/api/v1/questions"


def ask(client: TestClient, dossier: dict[str, Any], stage: str = "lead") -> dict[str, Any]:
    answer = client.post(URL, json=dossier, params={"stage": stage})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def test_a_dossier_is_judged_at_the_stage_that_is_asked_for(stateless: TestClient) -> None:
    dossier = example("r20")
    evaluation = Evaluator(shipped(), "reference").evaluate(
        make_profile(shipped().registry, **dossier), stage="lead"
    )
    for word in ("lead", "线索初筛"):
        answer = stateless.post("/api/v1/evaluations", json=dossier, params={"stage": word})
        assert answer.content == canonical_bytes(result(evaluation))
    said = stateless.post("/api/v1/evaluations", json=dossier)
    assert said.json()["stage"] == "signing"


def test_a_stage_that_is_not_there_is_refused_with_those_there_are(stateless: TestClient) -> None:
    for path in (URL, "/api/v1/evaluations"):
        answer = stateless.post(path, json=example("r20"), params={"stage": "leed"})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["parameter"] == "stage"
        assert "lead" in error["hint"]


def test_answering_one_question_after_another_comes_to_an_end(stateless: TestClient) -> None:
    answers = example("d01")
    dossier = {k: answers[k] for k in ("project_id", "project_name", "submitted_on")}
    asked = []
    found = ask(stateless, dossier)
    while found["next"] is not None and found["next"]["needed"]:
        name = found["next"]["field"]
        asked.append(name)
        assert found["next"] == found["questions"][0]
        dossier[name] = answers.get(name, 0)
        found = ask(stateless, dossier)
    assert found["verdict"] == "pass"
    assert found["sentence"].startswith("可以跟进")
    assert len(asked) <= 13
    assert found["needed"] == 0


def test_after_a_reject_nothing_is_asked_and_that_is_said(stateless: TestClient) -> None:
    found = ask(stateless, example("r15"))
    assert (found["verdict"], found["next"], found["questions"]) == ("reject", None, [])
    assert "改变不了结论" in found["note"]
